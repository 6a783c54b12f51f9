// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

var (
	latencyRows      = flag.Int("latency.rows", 20_000, "rows that TestLatency writes in each mode")
	latencyBatches   = flag.String("latency.batches", "1,1000", "rows to a transaction, for TestLatency")
	latencySafeties  = flag.String("latency.safeties", "off,normal", "safety levels for TestLatency")
	latencyModes     = flag.String("latency.modes", "none,merger,checkpointer,both", "background modes for TestLatency")
	latencyAutoFlush = flag.Int("latency.autoflush", 0, "autoflush in bytes for TestLatency; 0 is the default, scaled down for few rows")
	latencyDir       = flag.String("latency.dir", "", "where TestLatency keeps its databases; a temporary folder if empty")
)

// latencies counts durations in buckets of a quarter of a power of two, so that a run of
// any length takes no memory and quantiles are right to about 10 %.
type latencies struct {
	buckets [256]int
	n       int
	max     time.Duration
	at      int // number of the slowest
}

func bucketOf(d time.Duration) int {
	x := uint64(max(d, 1))
	top := bits.Len64(x) - 1
	if top < 2 {
		return int(x)
	}
	return top*4 + int(x>>(top-2)&3)
}

// bucketEnd is the upper end of a bucket.
func bucketEnd(b int) time.Duration {
	if b < 8 {
		return time.Duration(b)
	}
	return time.Duration(uint64(b%4+5) << (b/4 - 2))
}

func (l *latencies) add(d time.Duration) {
	l.buckets[bucketOf(d)]++
	if d > l.max {
		l.max, l.at = d, l.n
	}
	l.n++
}

func (l *latencies) quantile(q float64) time.Duration {
	rest := int(q * float64(l.n-1))
	for b, n := range l.buckets {
		if rest -= n; rest < 0 {
			return min(bucketEnd(b), l.max)
		}
	}
	return l.max
}

// histogram draws the counts, a line for each power of two.
func (l *latencies) histogram() string {
	var b strings.Builder
	for top := range len(l.buckets) / 4 {
		n := 0
		for _, k := range l.buckets[top*4 : top*4+4] {
			n += k
		}
		if n > 0 {
			fmt.Fprintf(&b, "\n    up to %-12v %9d %s", time.Duration(1)<<(top+1), n, strings.Repeat("#", bits.Len(uint(n))))
		}
	}
	return b.String()
}

// TestLatency writes rows of 16+100 bytes in random order in each mode and reports how
// long transactions take from Begin to the return of Commit. It fails if the two trees
// together grow beyond what is promised: three times autoflush, and what one transaction
// writes.
//
//	go test ./engine -run TestLatency -latency.rows=2000000 -v -timeout 1h
func TestLatency(t *testing.T) {
	autoFlush := *latencyAutoFlush
	if autoFlush == 0 && *latencyRows < 500_000 {
		autoFlush = max(64<<10, *latencyRows*10) // a few flushes and merges all the same
	}
	t.Run("control", measureControl)
	for _, name := range strings.Split(*latencyModes, ",") {
		for _, safety := range strings.Split(*latencySafeties, ",") {
			for _, size := range strings.Split(*latencyBatches, ",") {
				t.Run(fmt.Sprintf("%s/safety=%s/batch=%s", name, safety, size), func(t *testing.T) {
					o := engine.Options{AutoFlush: autoFlush, AutoCheckpoint: 2 * autoFlush, BlockSize: 256 << 10}
					if autoFlush == 0 || *latencyRows >= 500_000 {
						o.BlockSize, o.AutoCheckpoint = 0, 0
					}
					for _, m := range backgrounds {
						if m.String() == name {
							o.Background = m
						}
					}
					for s := engine.SafetyOff; s <= engine.SafetyFull; s++ {
						if s.String() == safety {
							o.Safety = s
						}
					}
					var batch int
					if _, err := fmt.Sscan(size, &batch); err != nil {
						t.Fatal(err)
					}
					measureLatency(t, o, *latencyRows, batch)
				})
			}
		}
	}
}

// measureControl writes as much as single commits do, to a plain file: what it reports is
// what machine and file system take away from any engine at the moment.
func measureControl(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/control")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var l latencies
	record := make([]byte, 116+3+9)
	for i := range *latencyRows {
		begin := time.Now()
		if _, err := f.WriteAt(record, int64(i*len(record))); err != nil {
			t.Fatal(err)
		}
		l.add(time.Since(begin))
	}
	t.Logf("writes of %d bytes to a plain file: p50 %v, p99 %v, p99.9 %v, p99.99 %v, max %v", len(record),
		l.quantile(.5), l.quantile(.99), l.quantile(.999), l.quantile(.9999), l.max)
}

func measureLatency(t *testing.T, o engine.Options, rows, batch int) {
	ctx := context.Background()
	dir := *latencyDir
	if dir == "" {
		dir = t.TempDir()
	}
	path := fmt.Sprintf("%s/latency-%d.lsm", dir, time.Now().UnixNano())
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	var l latencies
	var key [16]byte
	value := make([]byte, 100)
	rng := rand.New(rand.NewPCG(1, 2))
	peak := int64(0)
	started := time.Now()
	for i := 0; i < rows; {
		begin := time.Now()
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for end := min(i+batch, rows); i < end; i++ {
			binary.LittleEndian.PutUint64(value, rng.Uint64())
			if err := tx.Put(loadKey(key[:], uint64(i)), value); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		l.add(time.Since(begin))
		if batch > 1 || i%64 == 0 {
			old, live := db.TreeSize()
			peak = max(peak, old+live)
		}
	}
	took := time.Since(started)
	stats := db.Stats()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("p50 %v, p99 %v, p99.9 %v, p99.99 %v, max %v (transaction %d of %d); %.0f rows/s; trees at most %.2f times autoflush; wrote %.1f times the data; %d segments%s",
		l.quantile(.5), l.quantile(.99), l.quantile(.999), l.quantile(.9999), l.max, l.at, l.n, float64(rows)/took.Seconds(),
		float64(peak)/float64(db.Options().AutoFlush), float64(stats.PagesWritten)*4096/float64(rows*116), stats.Segments, l.histogram())
	if limit := int64(3*db.Options().AutoFlush + batch*400); peak > limit {
		t.Errorf("the trees have grown to %d bytes, more than %d", peak, limit)
	}
}
