// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var seed = flag.Uint64("seed", 0, "run random tests with this seed only")

const numSeeds = 20

// opener returns a function that opens an empty store, and the same again after Close.
type opener = func(*testing.T) (open func() (store.Store, error))

func openModel(*testing.T) func() (store.Store, error) {
	m := storetest.NewModel(nil)
	return func() (store.Store, error) { m.Open(); return m, nil }
}

func openEngine(o engine.Options) opener {
	return func(*testing.T) func() (store.Store, error) {
		o := o
		o.FS = memfs.New()
		return func() (store.Store, error) {
			db, err := engine.Open(context.Background(), "/db", o)
			if err != nil {
				return nil, err
			}
			return store.Engine{DB: db}, nil
		}
	}
}

// tiny makes the engine flush and merge all the time.
var tiny = engine.Options{
	PageSize: 256, BlockSize: 64 << 10, AutoFlush: 1, AutoCheckpoint: 1, AutoMerge: 2, MaxFreelist: 2, CacheSize: 1,
}

var encrypted = engine.Options{Key: keys.Raw(bytes.Repeat([]byte("key!"), 8)), AutoFlush: 1}

func TestModel(t *testing.T) { storetest.Test(t, openModel) }

func TestEngine(t *testing.T) {
	for name, o := range map[string]engine.Options{"default": {}, "tiny": tiny, "encrypted": encrypted} {
		t.Run(name, func(t *testing.T) { storetest.Test(t, openEngine(o)) })
	}
}

// TestRandom runs random operations on the model and on engines of all kinds.
func TestRandom(t *testing.T) {
	from, to := uint64(1), uint64(numSeeds)
	if *seed != 0 {
		from, to = *seed, *seed
	}
	for s := from; s <= to; s++ {
		o := enginetest.RandomOptions(rand.New(rand.NewPCG(s, 0)))
		for name, open := range map[string]opener{"model": openModel, "engine": openEngine(o)} {
			rng := rand.New(rand.NewPCG(s, 1))
			st, err := open(t)()
			if err != nil {
				t.Fatal(err)
			}
			err = storetest.Random(st, rng, enginetest.NewGen(rng, o.PageSize, 64<<10), 4000)
			if err != nil {
				t.Fatalf("%s: %v\nreproduce: go test ./store/storetest -run TestRandom -seed=%d", name, err, s)
			}
			if err := st.Close(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
