// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

var (
	loadRows   = flag.Int("load.rows", 300_000, "rows that TestLoad writes")
	loadPreset = flag.String("load.preset", "default", "preset that TestLoad opens its database with")
	loadDir    = flag.String("load.dir", "", "where TestLoad keeps its database; a temporary folder if empty")
)

// loadKey is the key of row i of n: 16 bytes in an order that looks random and visits
// every row once.
func loadKey(key []byte, i uint64) []byte {
	x := i * 0x9E3779B97F4A7C15 // odd, so this permutes 64-bit numbers
	x ^= x >> 29
	binary.BigEndian.PutUint64(key, x)
	binary.BigEndian.PutUint64(key[8:], i)
	return key[:16]
}

// TestLoad writes rows of 16+100 bytes in random order, 1,000 to a transaction, with the
// settings of a preset, and holds the engine to its promises: bounded memory, a file of at
// most three times the live data, every row there. The figures of docs/tuning.md come from
// here.
//
//	go test ./engine -run TestLoad -load.rows=10000000 -load.preset=default -v
func TestLoad(t *testing.T) {
	ctx := context.Background()
	dir := *loadDir
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, "load.lsm")
	o, ok := engine.Preset(*loadPreset)
	if !ok {
		t.Fatalf("no preset %s", *loadPreset)
	}
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	var key [16]byte
	value := make([]byte, 100)
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Now()
	var worst time.Duration
	var peak uint64
	for i := 0; i < *loadRows; {
		begin := time.Now()
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for end := min(i+1000, *loadRows); i < end; i++ {
			binary.LittleEndian.PutUint64(value, rng.Uint64())
			if err := tx.Put(loadKey(key[:], uint64(i)), value); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(begin))
		if i%(*loadRows/100+1) < 1000 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse+m.StackInuse)
		}
	}
	loaded := time.Since(start)
	stats := db.Stats()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	closed := time.Since(start)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	live := int64(*loadRows) * 116
	t.Logf("%d rows: loaded in %v (%.0f rows/s), closed after %v; worst transaction %v", *loadRows,
		loaded.Round(time.Millisecond), float64(*loadRows)/loaded.Seconds(), closed.Round(time.Millisecond), worst.Round(time.Microsecond))
	t.Logf("heap at most %d MiB in use; resident at most %s; file %d MiB for %d MiB of data; %d segments; write amplification %.1f",
		peak>>20, peakResident(), info.Size()>>20, live>>20, stats.Segments, float64(stats.PagesWritten)*4096/float64(live))
	if limit := max(3*live, int64(4*o.BlockSize)); info.Size() > limit {
		t.Errorf("the file has %d bytes, more than %d", info.Size(), limit)
	}
	// The collector lets the heap grow to twice what is in use.
	if limit := 2*uint64(3*o.AutoFlush+int(o.CacheSize)) + 32<<20; peak > limit {
		t.Errorf("the heap has grown to %d bytes, more than %d", peak, limit)
	}

	o.ReadOnly = true
	db, err = engine.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	start = time.Now()
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n, last := 0, ""
	for ok := c.First(); ok; ok = c.Next() {
		if k := string(c.Key()); k <= last {
			t.Fatalf("row %d: key %x does not follow %x", n, k, last)
		} else {
			last = k
		}
		v, err := c.Value()
		if err != nil || len(v) != 100 {
			t.Fatalf("row %d: value of %d bytes, error %v", n, len(v), err)
		}
		n++
	}
	if c.Err() != nil || n != *loadRows {
		t.Fatalf("scan found %d of %d rows; error %v", n, *loadRows, c.Err())
	}
	t.Logf("scanned in %v (%.0f ns/row)", time.Since(start).Round(time.Millisecond), float64(time.Since(start).Nanoseconds())/float64(n))
	runtime.GC()
	gets := min(*loadRows, 100_000)
	start = time.Now()
	buf := make([]byte, 0, 200)
	for i := range gets {
		j := uint64(i) * uint64(*loadRows) / uint64(gets)
		if _, found, err := s.Get(buf[:0], loadKey(key[:], j)); err != nil || !found {
			t.Fatalf("row %d is missing; error %v", j, err)
		}
	}
	t.Logf("%d random reads: %.1f µs each; resident at most %s", gets, float64(time.Since(start).Microseconds())/float64(gets), peakResident())
}

// peakResident returns the process's peak resident memory where the system tells it.
func peakResident() string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	var kib int
	for _, line := range strings.Split(string(data), "\n") {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return fmt.Sprintf("%d MiB", kib>>10)
		}
	}
	return "unknown"
}
