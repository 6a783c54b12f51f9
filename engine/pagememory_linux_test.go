// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// pageMemory is set to a preset and a path in the processes that TestMemoryKeepsToTheBudgets
// measures.
const pageMemory = "LSMLITE_TEST_PAGE_MEMORY"

// TestMemoryKeepsToTheBudgets writes and reads more than the cache holds, with each preset in a
// process of its own. At no time does that have more anonymous memory than 1.2 times what the
// indexes have, the bound of the cache, and that of the trees, which is three times AutoFlush, and 10 MB. On a machine
// that is busy, garbage grows before the collector gets to run, so the best of three processes counts.
func TestMemoryKeepsToTheBudgets(t *testing.T) {
	notUnderRace(t)
	if job := os.Getenv(pageMemory); job != "" {
		preset, path, _ := strings.Cut(job, " ")
		useMemory(t, preset, path)
		return
	}
	for _, preset := range engine.PresetNames() {
		o, _ := engine.Preset(preset)
		for try := 1; ; try++ {
			peak, index := memoryOf(t, preset)
			most := (o.CacheSize+index+3*int64(o.AutoFlush))*12/10 + 10e6
			t.Logf("%s: %d MB of anonymous memory, %d at most", preset, peak/1e6, most/1e6)
			if peak <= most {
				break
			}
			if try == 3 {
				t.Errorf("%s: %d bytes of anonymous memory, more than %d", preset, peak, most)
				break
			}
		}
	}
}

// memoryOf returns the most anonymous memory that a process with a preset had, and what of it the indexes had.
func memoryOf(t *testing.T, preset string) (peak, index int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryKeepsToTheBudgets$", "-test.v")
	cmd.Env = append(os.Environ(), pageMemory+"="+preset+" "+filepath.Join(t.TempDir(), "a.lsm"), "GOGC=100")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, text, _ := strings.Cut(string(out), "peak ")
	if _, err := fmt.Sscan(text, &peak, &index); err != nil {
		t.Fatalf("no figures in\n%s", out)
	}
	return peak, index
}

func useMemory(t *testing.T, preset, path string) {
	peak := watchAnonymous()
	ctx := context.Background()
	o, _ := engine.Preset(preset)
	db := mustOpen(t, path, o)
	value := longValue(1000)
	rows := int(max(o.CacheSize*5/4, 16<<20)) / len(value)
	key := func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)*0x9E3779B97F4A7C15) }
	put := func(from, to int) {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := from; i < to; i++ {
				if err := tx.Put(key(i), value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < rows; i += 500 {
		put(i, i+500)
	}
	var dst []byte
	for i := range rows {
		var err error
		if dst, _, err = db.Get(dst[:0], key(rand.IntN(rows))); err != nil || len(dst) != len(value) {
			t.Fatal(len(dst), err)
		}
		if i%200 == 0 { // reads with the cache full, and writes beside them
			put(i%rows, i%rows+100)
		}
	}
	index := db.Stats().FenceBytes + db.Stats().FilterBytes
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("peak", peak(), index)
}

// anonymous returns how much anonymous memory the process has, in bytes.
func anonymous() int64 {
	b, err := os.ReadFile("/proc/self/status")
	_, rest, ok := strings.Cut(string(b), "RssAnon:")
	if err != nil || !ok {
		return 0
	}
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}

// watchAnonymous begins to watch the anonymous memory of the process, and returns a function that
// says how much that was at most.
func watchAnonymous() func() int64 {
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, anonymous())
			case <-done:
				peak <- most
				return
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-peak
	}
}
