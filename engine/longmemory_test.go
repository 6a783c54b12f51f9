// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestLongValuesLeaveMemory: once a long value is flushed nothing holds it in memory.
func TestLongValuesLeaveMemory(t *testing.T) {
	notUnderRace(t)
	const size = 64 << 20
	ctx := context.Background()
	value := longValue(size)
	for _, preset := range engine.PresetNames() {
		for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
			o, _ := engine.Preset(preset)
			o.Safety = safety
			db := mustOpen(t, filepath.Join(t.TempDir(), "a.lsm"), o)
			before := heldHeap()
			if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), value) }); err != nil {
				t.Fatal(err)
			}
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
			if grown := heldHeap() - before; grown > size/4 {
				t.Errorf("%s, %v: %d bytes are held after the flush of a value of %d", preset, safety, grown, size)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.KeepAlive(value)
}

// heldHeap returns how many bytes are in use.
func heldHeap() int {
	var m runtime.MemStats
	for range 3 { // a sync.Pool lets go of what it holds in two rounds
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// longMemory is set to the path of a database in the process that TestLowMemoryOfLongValues
// measures.
const longMemory = "LSMLITE_TEST_LONG_MEMORY"

// TestLowMemoryOfLongValues writes, reads and merges values of 16 MiB with the low-memory
// preset in a process of its own, which must get by with 128 MiB if the Go collector is told
// to keep below 96.
func TestLowMemoryOfLongValues(t *testing.T) {
	notUnderRace(t)
	if path := os.Getenv(longMemory); path != "" {
		workInLowMemory(t, path)
		return
	}
	const most = 128 << 20
	cmd := exec.Command(os.Args[0], "-test.run=^TestLowMemoryOfLongValues$", "-test.v")
	cmd.Env = append(os.Environ(), longMemory+"="+filepath.Join(t.TempDir(), "a.lsm"), "GOGC=100", "GOMEMLIMIT=96MiB")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, text, found := strings.Cut(string(out), "peak ")
	peak, err := strconv.Atoi(strings.Fields(text + " ")[0])
	if !found || err != nil {
		t.Fatalf("no figure in\n%s", out)
	}
	if t.Logf("%d MiB at most", peak>>20); peak > most {
		t.Errorf("%d bytes were resident, more than %d", peak, most)
	}
}

func workInLowMemory(t *testing.T, path string) {
	ctx := context.Background()
	peak := watchPeak()
	o := engine.PresetLowMemory()
	value := longValue(16 << 20)
	db := mustOpen(t, path, o)
	const rows = 12
	for i := range 2 * rows {
		value[0] = byte(i)
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "k%02d", i%rows), value) }); err != nil {
			t.Fatal(err)
		}
	}
	var dst []byte
	for i := range rows {
		var err error
		if dst, _, err = db.Get(dst[:0], fmt.Appendf(nil, "k%02d", i)); err != nil || len(dst) != len(value) || dst[0] != byte(rows+i) {
			t.Fatal(len(dst), err)
		}
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("peak", peak())
}

// watchPeak begins to watch how much memory the process uses, and returns a function that
// says how much that was at most.
func watchPeak() func() int {
	done, peak := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-done:
				peak <- most
				return
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, int(m.Sys-m.HeapReleased))
		}
	}()
	return func() int {
		close(done)
		sampled := <-peak
		if b, err := os.ReadFile("/proc/self/status"); err == nil { // the kernel knows better
			if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
				if kb, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
					return kb << 10
				}
			}
		}
		return sampled
	}
}
