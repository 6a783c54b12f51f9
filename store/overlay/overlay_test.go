// SPDX-License-Identifier: Apache-2.0

package overlay_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var seed = flag.Uint64("seed", 0, "run random tests with this seed only")

const numSeeds = 30

// remote is a model whose transactions are overlays.
type remote struct {
	*storetest.Model
	caps *store.Caps
}

func (r remote) Caps() store.Caps {
	if r.caps != nil {
		return *r.caps
	}
	return r.Model.Caps()
}

func (r remote) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	tx, err := r.Model.Begin(ctx, from)
	if err != nil {
		return nil, err
	}
	return overlay.New(overlay.Options{
		Snapshot: tx, Caps: r.Caps(), Rollback: tx.Rollback,
		Apply: func(ctx context.Context, w *overlay.Writes) error {
			if err := apply(ctx, tx, w); err != nil {
				return errors.Join(err, tx.Rollback(ctx))
			}
			return tx.Commit(ctx)
		},
	}), nil
}

// apply writes the net result, and checks that it is one.
func apply(ctx context.Context, tx store.Tx, w *overlay.Writes) error {
	var last []byte
	for after, before := range w.Ranges() {
		if string(after) >= string(before) || last != nil && string(after) < string(last) {
			return errors.New("the ranges do not ascend")
		}
		last = before
		if err := tx.DeleteRange(ctx, after, before); err != nil {
			return err
		}
	}
	var keys [][]byte
	for key := range w.Deletes() {
		if len(keys) > 0 && string(keys[len(keys)-1]) >= string(key) {
			return errors.New("the deletes do not ascend")
		}
		keys = append(keys, key)
		if err := tx.Delete(ctx, key); err != nil {
			return err
		}
	}
	last = nil
	for key, value := range w.Puts() {
		if last != nil && string(last) >= string(key) {
			return errors.New("the puts do not ascend")
		}
		last = key
		if err := tx.Put(ctx, key, value); err != nil {
			return err
		}
		if len(keys) > 0 && string(keys[0]) == string(key) {
			return errors.New("a key is deleted and put")
		}
	}
	return nil
}

func open(*testing.T) func() (store.Store, error) {
	m := storetest.NewModel(nil)
	return func() (store.Store, error) { m.Open(); return remote{Model: m}, nil }
}

func TestOverlay(t *testing.T) { storetest.Test(t, open) }

// TestRandom compares overlays with a map, over keys of which many are the same.
func TestRandom(t *testing.T) {
	from, to := uint64(1), uint64(numSeeds)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for s := from; s <= to; s++ {
		rng := rand.New(rand.NewPCG(s, 1))
		st, err := open(t)()
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.Random(st, rng, enginetest.NewGen(rng, 256, 8<<10), 4000); err != nil {
			t.Fatalf("%v\nreproduce: go test ./store/overlay -run TestRandom -seed=%d", err, s)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
