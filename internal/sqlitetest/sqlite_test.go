package sqlitetest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	seed     = flag.Uint64("seed", 0, "run this seed only")
	duration = flag.Duration("duration", 5*time.Second, "how long to generate statements")
)

// statementsPerSeed is how many statements one database sees.
const statementsPerSeed = 300

// TestGenerated runs random statements on both, for every fourth seed on a file.
func TestGenerated(t *testing.T) {
	if *seed != 0 {
		runSeed(t, *seed)
		return
	}
	var total, failed, effective int
	for s, start := uint64(1), time.Now(); time.Since(start) < *duration; s++ {
		if !t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			p := runSeed(t, s)
			total, failed, effective = total+statementsPerSeed, failed+p.failed, effective+p.effective
		}) {
			t.Fatalf("reproduce: go test -run TestGenerated -seed=%d", s)
		}
	}
	t.Logf("%d statements: %d failed on both, %d had rows or changed some", total, failed, effective)
	if failed*2 > total || effective*3 < total {
		t.Error("the statements try too little")
	}
}

func runSeed(t *testing.T, seed uint64) *pair {
	g := generator{rng: rand.New(rand.NewPCG(seed, 0))}
	dsn := ":memory:"
	if seed%4 == 0 {
		dsn = tinyFile(t)
	}
	p := openPair(t, dsn)
	for range statementsPerSeed {
		query, args := g.statement()
		if !p.run(query, args...) {
			break
		}
		failed, effective := p.failed, p.effective
		if !p.run("SELECT *") {
			break
		}
		p.failed, p.effective = failed, effective
	}
	return p
}
