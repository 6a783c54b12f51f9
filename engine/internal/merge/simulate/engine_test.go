// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge/simulate"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// configOf returns the simulation of a database with the given options and rows of 16 and 100 bytes.
func configOf(o engine.Options, keys simulate.Keys) simulate.Config {
	maxLog := int64(o.MaxLog)
	if maxLog == 0 {
		maxLog = max(engine.DefaultMaxLogFactor*int64(o.AutoFlush), engine.MinDefaultMaxLog)
	}
	return simulate.Config{
		Settings: tuning.Values{
			AutoFlush: int64(o.AutoFlush), AutoCheckpoint: int64(o.AutoCheckpoint), MaxLog: maxLog, AutoMerge: o.AutoMerge, MaxGarbage: o.MaxGarbage,
		},
		Background: o.Background != engine.BackgroundNone,
		PageSize:   o.PageSize, BlockSize: o.BlockSize, KeyBytes: 16, ValueBytes: 100, Keys: keys,
		RowSeconds: 1.2e-6, PageSeconds: 20e-6,
	}
}

// load is what TestAgainstTheEngine writes.
type load struct {
	name         string
	keys         simulate.Keys
	rows, loaded int // all operations, and how many of them insert each another row
	flush        int // bytes of a tree
	batch        int // rows of a commit
}

// TestAgainstTheEngine holds the model to what the engine does with the same rows: what it
// writes, into how many segments, and how long the file is. The last one has as many trees
// as a database of thirty gigabytes has with the default settings.
func TestAgainstTheEngine(t *testing.T) {
	for _, test := range []load{
		{name: "random", rows: 300_000, loaded: 300_000, flush: 1 << 20, batch: 100},
		{name: "sorted", keys: simulate.Keys{Sorted: true}, rows: 300_000, flush: 1 << 20, batch: 100},
		{name: "overwrites", keys: simulate.Keys{Fixed: 50_000}, rows: 300_000, flush: 1 << 20, batch: 100},
		{name: "a queue", keys: simulate.Keys{Sorted: true, Depth: 1000}, rows: 300_000, flush: 1 << 20, batch: 100},
		{name: "overwrites of many trees", keys: simulate.Keys{Fixed: 100_000}, rows: 400_000, loaded: 100_000, flush: 16 << 10, batch: 5},
	} {
		t.Run(test.name, func(t *testing.T) { againstTheEngine(t, &test) })
	}
}

func againstTheEngine(t *testing.T, test *load) {
	o := engine.PresetDefault()
	o.FS = memfs.New()
	o.AutoFlush, o.AutoCheckpoint, o.BlockSize, o.MaxGarbage = test.flush, 2*test.flush, 64<<10, 100
	db, err := engine.Open(context.Background(), "/sim.db", o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	most := 0
	for i := 0; i < test.rows; i += test.batch {
		err := db.Update(context.Background(), func(tx *engine.Tx) error {
			for n := i; n < i+test.batch; n++ {
				if err := test.put(tx, rng, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, db.Stats().Segments)
	}
	s := db.Stats()
	c := configOf(o, test.keys)
	c.Load, c.Sizes = float64(test.loaded), []float64{float64(test.rows)}
	p := simulate.Run(c)[0]
	near := func(what string, got, want, part float64) {
		t.Helper()
		if math.Abs(got-want) > part*want {
			t.Errorf("%s: simulated %.1f, the engine has %.1f", what, got, want)
		}
	}
	near("flushes", float64(p.Flushes), float64(s.Flushes), 0.08)
	near("pages written", p.WriteAmp*p.Ops*116/4096, float64(s.PagesWritten), 0.15)
	near("bytes of the file", p.FileBytes, float64(s.Blocks)*float64(o.BlockSize), 0.2)
	if most > p.SegmentsWorst+3 || most < p.SegmentsWorst-3 {
		t.Errorf("at most %d segments: simulated %d", most, p.SegmentsWorst)
	}
}

// put does the n-th operation.
func (l *load) put(tx *engine.Tx, rng *rand.Rand, n int) error {
	at := uint64(n)
	switch {
	case l.keys.Sorted:
	case n < l.loaded:
		at = uint64(n) * 7919 % uint64(l.loaded) // each once: 7919 divides no number of rows
	default:
		at = rng.Uint64N(uint64(l.keys.Fixed))
	}
	if err := tx.Put(row(at)); err != nil || l.keys.Depth == 0 || n < int(l.keys.Depth) {
		return err
	}
	return tx.Delete(key(at - uint64(l.keys.Depth)))
}

func key(n uint64) []byte {
	k := make([]byte, 16)
	binary.BigEndian.PutUint64(k, n)
	binary.BigEndian.PutUint64(k[8:], n)
	return k
}

func row(n uint64) (k, v []byte) {
	k = key(n)
	v = make([]byte, 100)
	copy(v, k)
	return k, v
}
