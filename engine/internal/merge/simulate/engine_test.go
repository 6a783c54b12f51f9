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
			AutoFlush: int64(o.AutoFlush), AutoCheckpoint: int64(o.AutoCheckpoint), MaxLog: maxLog, AutoMerge: o.AutoMerge,
		},
		Background: o.Background != engine.BackgroundNone,
		PageSize:   o.PageSize, KeyBytes: 16, ValueBytes: 100, Keys: keys,
		RowSeconds: 1.2e-6, PageSeconds: 20e-6,
	}
}

// TestAgainstTheEngine holds the model to what the engine does with the same rows: what it
// writes, into how many segments, and how long the file is.
func TestAgainstTheEngine(t *testing.T) {
	const rows = 300_000
	random := func(rng *rand.Rand, _ int) uint64 { return rng.Uint64() }
	for _, test := range []struct {
		keys simulate.Keys
		key  func(rng *rand.Rand, i int) uint64
	}{
		{simulate.Keys{Name: "random"}, random},
		{simulate.Keys{Name: "sorted", Sorted: true}, func(_ *rand.Rand, i int) uint64 { return uint64(i) }},
		{simulate.Keys{Name: "overwrites", Fixed: 50_000}, func(rng *rand.Rand, _ int) uint64 { return rng.Uint64N(50_000) }},
		{simulate.Keys{Name: "a queue", Sorted: true, Depth: 1000}, func(_ *rand.Rand, i int) uint64 { return uint64(i) }},
	} {
		t.Run(test.keys.Name, func(t *testing.T) {
			o := engine.PresetDefault()
			o.FS = memfs.New()
			o.AutoFlush, o.AutoCheckpoint, o.BlockSize = 1<<20, 2<<20, 64<<10
			db, err := engine.Open(context.Background(), "/sim.db", o)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			rng := rand.New(rand.NewPCG(1, 2))
			for i := 0; i < rows; i += 100 {
				err := db.Update(context.Background(), func(tx *engine.Tx) error {
					for n := i; n < i+100; n++ {
						if err := tx.Put(row(test.key(rng, n))); err != nil {
							return err
						}
						if d := n - int(test.keys.Depth); test.keys.Depth > 0 && d >= 0 {
							if err := tx.Delete(key(uint64(d))); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			s := db.Stats()
			c := configOf(o, test.keys)
			c.Sizes = []float64{rows}
			p := simulate.Run(c)[0]
			near := func(what string, got, want, part float64) {
				t.Helper()
				if math.Abs(got-want) > part*want {
					t.Errorf("%s: simulated %.1f, the engine has %.1f", what, got, want)
				}
			}
			near("flushes", float64(p.Flushes), float64(s.Flushes), 0.08)
			near("pages written", p.WriteAmp*rows*116/4096, float64(s.PagesWritten), 0.15)
			near("bytes of the file", p.FileBytes, float64(s.FileBytes), 0.2)
		})
	}
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
