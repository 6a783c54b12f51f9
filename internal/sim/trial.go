// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Trial is a database whose options and transactions follow from its number. It belongs to one goroutine.
type Trial struct {
	Number uint64
	Preset string // what the options are made from; "small" is none of the engine's
	opts   engine.Options
	states []enginetest.Map // states[n] is what transactions 1 to n lead to
}

// counter is the key that holds the number of the last transaction.
const counter = "~counter"

// trialKey is the key of every encrypted trial.
var trialKey = bytes.Repeat([]byte("key!"), 8)

// trialPresets are what the options of every seventh trial are made from, "" for small ones.
var trialPresets = [7]string{"", "default", "", "low-memory", "", "high-performance", "lsmlite-rs"}

// TrialNeeds are what a trial has whatever its number is.
type TrialNeeds struct {
	Encrypted bool
	// Everything gives it what makes calls of its own: readers in other processes, a mapping, small trees, hardly any
	// cache. It has no goroutines then, so that it makes the same calls each time.
	Everything bool
}

// NewTrial makes a trial. Among 420 numbers that follow each other each safety level meets each codec, each kind of
// background work and each preset.
func NewTrial(n uint64, needs TrialNeeds) *Trial {
	rng := rand.New(rand.NewPCG(n, 23))
	t := &Trial{Number: n, Preset: "small", states: []enginetest.Map{{}}}
	// In a small one everything happens within a few transactions.
	o := engine.Options{PageSize: 512 << rng.IntN(4), BlockSize: 64 << 10, AutoFlush: 8192 << rng.IntN(3),
		AutoCheckpoint: 16384 << rng.IntN(3), AutoMerge: 2 + rng.IntN(4), MaxFreelist: 2 + rng.IntN(23)}
	if preset := trialPresets[n%7]; preset != "" && !needs.Everything {
		t.Preset = preset
		o, _ = engine.Preset(preset)
	}
	if t.Preset != "high-performance" { // which has a kind of its own
		o.Background = engine.Background(n % 4)
	}
	o.Safety = engine.SafetyOff + engine.Safety(n%3)
	o.Compression = []string{"none", "lz4", "zlib", "zstd", "snappy"}[n%5]
	o.Readers, o.ReadersHold = rng.IntN(2) == 0, patient
	if rng.IntN(2) == 0 {
		o.Mmap = engine.MmapAll
	}
	if rng.IntN(3) == 0 || needs.Encrypted {
		o.Key = keys.Raw(trialKey)
		o.Cipher = []string{"aes-256-gcm", "chacha20-poly1305"}[rng.IntN(2)]
	}
	if rng.IntN(4) == 0 {
		o.CacheSize = 1
	}
	if needs.Everything {
		o.Readers, o.Mmap, o.CacheSize, o.Background = true, engine.MmapAll, 1, engine.BackgroundNone
		o.Safety = max(o.Safety, engine.SafetyNormal)
	}
	t.opts = o
	return t
}

// Options are those of the database.
func (t *Trial) Options(fs vfs.FS) engine.Options {
	o := t.opts
	o.FS = fs
	return o
}

// String describes the trial in one line.
func (t *Trial) String() string {
	o := t.opts
	return fmt.Sprintf("trial %d: preset %s, safety %v, background %v, codec %s, encrypted %v, mmap %v, readers %v, pages %d, autoflush %d",
		t.Number, t.Preset, o.Safety, o.Background, o.Compression, o.Key != nil, o.Mmap != 0, o.Readers, o.PageSize, o.AutoFlush)
}

// State returns what transactions 1 to n lead to.
func (t *Trial) State(n uint64) enginetest.Map {
	for uint64(len(t.states)) <= n {
		m := t.states[len(t.states)-1]
		for _, o := range t.transaction(uint64(len(t.states))) {
			m = o.apply(m)
		}
		t.states = append(t.states, m)
	}
	return t.states[n]
}

// Commit makes transaction n, and rolls something back on the way.
func (t *Trial) Commit(ctx context.Context, db *engine.DB, n uint64) error {
	return db.Update(ctx, func(tx *engine.Tx) error {
		for i, o := range t.transaction(n) {
			if err := o.do(tx); err != nil {
				return err
			}
			if i != 2 {
				continue
			}
			level, err := tx.Begin()
			if err != nil {
				return err
			}
			if err := tx.Put([]byte("rolled back"), make([]byte, 500)); err != nil {
				return err
			}
			if err := tx.RollbackTo(level); err != nil {
				return err
			}
		}
		return nil
	})
}

// Last returns the number of the last transaction that a database holds.
func Last(db *engine.DB) (uint64, error) {
	v, found, err := db.Get(nil, []byte(counter))
	if err != nil || !found {
		return 0, err
	}
	return strconv.ParseUint(string(v), 10, 64)
}

// transaction says what transaction n does, in any process.
func (t *Trial) transaction(n uint64) []operation {
	rng := rand.New(rand.NewPCG(t.Number, n))
	g := enginetest.Gen{Shape: enginetest.Mixed, Keys: 300, Page: 1024, Block: 16 << 10}
	ops := []operation{{kind: put, key: counter, value: strconv.FormatUint(n, 10)}}
	for range 1 + rng.IntN(12) {
		switch r := rng.IntN(20); {
		case r < 14:
			ops = append(ops, operation{kind: put, key: g.Key(rng), value: g.Value(rng)})
		case r < 17:
			ops = append(ops, operation{kind: remove, key: g.Key(rng)})
		default:
			ops = append(ops, operation{kind: removeRange, key: g.Key(rng), value: g.Key(rng)})
		}
	}
	// A range delete may have taken the counter with it.
	return append(ops, ops[0])
}

type operation struct {
	kind       uint8
	key, value string
}

const (
	put uint8 = iota
	remove
	removeRange // between key and value
)

func (o operation) do(tx *engine.Tx) error {
	switch o.kind {
	case put:
		return tx.Put([]byte(o.key), []byte(o.value))
	case remove:
		return tx.Delete([]byte(o.key))
	}
	return tx.DeleteRange([]byte(o.key), []byte(o.value))
}

func (o operation) apply(m enginetest.Map) enginetest.Map {
	switch o.kind {
	case put:
		return m.Put(o.key, o.value)
	case remove:
		return m.Delete(o.key)
	}
	return m.DeleteRange(o.key, o.value)
}
