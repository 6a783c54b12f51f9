// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// TestCGoesOnWithPartsOfOurs has the engine publish a merge in parts and stop in the middle of
// it, with newer levels on top. C lsm1 reads that, goes on with the merge, a little or to its
// end, and writes on top; then the engine goes on where C has stopped.
func TestCGoesOnWithPartsOfOurs(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { handOver(t, seed) })
	}
}

func handOver(t *testing.T, seed uint64) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "m.db")
	o := engine.Options{PageSize: []int{512, 1024, 4096}[seed%3], BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: 32 << 10}
	rows := make(map[string][]byte)
	key := func() []byte {
		k := fmt.Appendf(nil, "key%05d", rng.IntN(3000))
		if seed%2 == 1 && rng.IntN(10) == 0 {
			k = append(k, bytes.Repeat([]byte("k"), 1200)...)
		}
		return k
	}
	db, err := engine.Open(ctx, path, o)
	must(t, err)
	level := func(n int) {
		must(t, db.Update(ctx, func(tx *engine.Tx) error {
			for range n {
				k := key()
				if rng.IntN(8) == 0 {
					delete(rows, string(k))
					if err := tx.Delete(k); err != nil {
						return err
					}
					continue
				}
				v := bytes.Repeat([]byte{byte('a' + rng.IntN(26))}, rng.IntN(400))
				rows[string(k)] = v
				if err := tx.Put(k, v); err != nil {
					return err
				}
			}
			return nil
		}))
		must(t, db.Flush(ctx))
	}
	for range 3 {
		level(2500)
	}
	halfDone := func() bool {
		levels := db.Structure()
		return len(levels) > 0 && len(levels[len(levels)-1].Segments) > 1
	}
	for i := 0; !halfDone() || i < rng.IntN(30); i++ {
		n, err := db.Work(ctx, engine.WorkOptions{Pages: 8, Merge: 3})
		must(t, err)
		if n.Done {
			t.Fatal("the merge has ended before a part of it was published")
		}
	}
	for range rng.IntN(3) {
		level(100)
	}
	must(t, db.Close())

	expect := func(what string) {
		t.Helper()
		db, err = engine.Open(ctx, path, o)
		must(t, err)
		for p := range db.Check(ctx) {
			t.Errorf("%s: check: %v", what, p)
		}
		got, err := enginetest.Rows(db)
		must(t, err)
		if len(got) != len(rows) {
			t.Fatalf("%s: %d rows, want %d", what, len(got), len(rows))
		}
		for k, v := range got {
			if want, ok := rows[k]; !ok || v != string(want) {
				t.Fatalf("%s: row %q is wrong", what, k)
			}
		}
	}
	expect("left half done")
	if !halfDone() {
		t.Fatal("the merge is not half done any more")
	}
	must(t, db.Close())

	c := start(t)
	c.Timeout = hurry
	expectC := func(what string) {
		t.Helper()
		must(t, c.Integrity())
		for _, dump := range []func() ([]oracle.Row, error){c.Dump, c.DumpReverse} {
			got, err := dump()
			must(t, err)
			if len(got) != len(rows) {
				t.Fatalf("%s: C has %d rows, want %d", what, len(got), len(rows))
			}
			for _, r := range got {
				if v, ok := rows[string(r.Key)]; !ok || !bytes.Equal(v, r.Value) {
					t.Fatalf("%s: row %q of C is wrong", what, r.Key)
				}
			}
		}
		for range 200 {
			k := key()
			v, found, err := c.Get(k)
			must(t, err)
			if want, ok := rows[string(k)]; ok != found || !bytes.Equal(v, want) {
				t.Fatalf("%s: C finds %q: %t, want %t", what, k, found, ok)
			}
		}
	}
	must(t, c.Open(path, oracle.AutoWork(false)))
	expectC("as the engine has left it")
	if seed%4 < 3 {
		_, err = c.Work(2, []int{16, 100, 1 << 20}[seed%4])
		must(t, err)
	} else { // C does what it does by itself
		must(t, c.Configure(oracle.AutoWork(true), oracle.AutoFlushKB(8)))
	}
	for range 300 {
		k, v := key(), bytes.Repeat([]byte("c"), rng.IntN(300))
		rows[string(k)] = v
		must(t, c.Put(k, v))
	}
	must(t, c.Flush())
	must(t, c.Checkpoint())
	expectC("after C has worked")
	must(t, c.Close())

	expect("after C")
	level(200)
	if seed%2 == 0 {
		_, err := db.Work(ctx, engine.WorkOptions{Merge: 1})
		must(t, err)
	} else {
		must(t, db.Optimize(ctx))
	}
	must(t, db.Close())
	expect("at the end")
	must(t, db.Close())
}
