// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// TestCGoesOnWithPartsOfOurs has the engine stop in the middle of a merge, with newer levels on top, and
// in every second case with older ones below. C lsm1 reads that, goes on with the merge, a little or to
// its end, and writes on top; then the engine goes on where C has stopped.
func TestCGoesOnWithPartsOfOurs(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	for seed := range uint64(24) {
		t.Run(fmt.Sprintf("oldest/%d", seed), func(t *testing.T) { handOver(t, seed, 0) })
		t.Run(fmt.Sprintf("above/%d", seed), func(t *testing.T) { handOver(t, seed, 1+int(seed%2)) })
	}
}

// handOver leaves that many levels below those that are merged.
func handOver(t *testing.T, seed uint64, below int) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "m.db")
	o := engine.Options{PageSize: []int{512, 1024, 4096}[seed%3], BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: 32 << 10}
	if below > 0 {
		o.MaxGarbage = 100_000
	}
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
				if rng.IntN(40) == 0 {
					end := fmt.Appendf(nil, "%s~", k[:7])
					if err := tx.DeleteRange(k, end); err != nil {
						return err
					}
					maps.DeleteFunc(rows, func(row string, _ []byte) bool { return row > string(k) && row < string(end) })
					continue
				}
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
	for range below { // levels of another age, which the merge leaves alone
		for range 3 {
			level(1500)
		}
		_, err := db.Work(ctx, engine.WorkOptions{Merge: 3})
		must(t, err)
	}
	merged := 3
	if below > 0 {
		merged = 4
	}
	for range merged {
		level(2500)
	}
	halfDone := func() bool {
		for _, l := range db.Structure() {
			if len(l.Segments) > 1 {
				return true
			}
		}
		return false
	}
	for i := 0; below == 0 && !halfDone() || i < 3+rng.IntN(30); i++ {
		n, err := db.Work(ctx, engine.WorkOptions{Pages: 8, Merge: merged})
		must(t, err)
		if n.Done {
			t.Fatal("the merge has ended too early")
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
	if !halfDone() || below > 0 && len(db.Structure()[len(db.Structure())-1].Segments) > 1 {
		t.Fatalf("there is no half-done merge above %d levels: %+v", below, db.Structure())
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
	expectScansOfC(t, c, rng, rows)
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

// expectScansOfC has C seek keys that are there and keys that are not, and read some rows in both directions.
func expectScansOfC(t *testing.T, c *oracle.Client, rng *rand.Rand, rows map[string][]byte) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(rows))
	for range 150 {
		key := fmt.Sprintf("key%05d", rng.IntN(3000))
		if rng.IntN(2) == 0 {
			key += "."
		}
		from, _ := slices.BinarySearch(keys, key)
		want := keys[from:min(from+10, len(keys))]
		got, err := c.Scan([]byte(key), oracle.SeekGE, 10)
		must(t, err)
		expectKeys(t, key+" and greater", rows, got, want)
		if from < len(keys) && keys[from] == key {
			from++
		}
		want = slices.Clone(keys[max(from-10, 0):from])
		slices.Reverse(want)
		got, err = c.Scan([]byte(key), oracle.SeekLE, 10)
		must(t, err)
		expectKeys(t, key+" and less", rows, got, want)
	}
}

func expectKeys(t *testing.T, what string, rows map[string][]byte, got []oracle.Row, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: C has %d rows, want %d", what, len(got), len(want))
	}
	for i, r := range got {
		if string(r.Key) != want[i] || !bytes.Equal(r.Value, rows[want[i]]) {
			t.Fatalf("%s: row %d of C is %q, want %q", what, i, r.Key, want[i])
		}
	}
}
