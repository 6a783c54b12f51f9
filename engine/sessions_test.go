// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// sessions is a database that is closed and opened again after so many transactions of 50 changes;
// 0 is never.
type sessions struct {
	length  int
	written atomic.Int64 // bytes, to the file
	halves  int          // how often a merge of newer levels was found half done
}

func (s *sessions) run(t *testing.T, rng *rand.Rand, transactions int) {
	t.Helper()
	ctx := context.Background()
	files := faultfs.Wrap(memfs.New())
	files.OnOp(func(op faultfs.Op) {
		if op.Kind == faultfs.Write && op.Name == "/x.lsm" {
			s.written.Add(op.Len)
		}
	})
	o := engine.Options{FS: files, AutoFlush: 256 << 10, BlockSize: 64 << 10, AutoCheckpoint: 512 << 10}
	rows := make(map[string][]byte)
	db := mustOpen(t, "/x.lsm", o)
	for i := range transactions {
		if s.length > 0 && i%s.length == s.length-1 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = mustOpen(t, "/x.lsm", o)
			levels := db.Structure()
			for n := range len(levels) - 1 {
				if len(levels[n].Segments) > 1 {
					s.halves++
				}
			}
			if i%(10*s.length) == s.length-1 {
				expectSession(t, db, rows)
			}
		}
		if err := db.Update(ctx, func(tx *engine.Tx) error { return change(tx, rng, rows) }); err != nil {
			t.Fatal(err)
		}
	}
	expectSession(t, db, rows)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// change makes the changes of a transaction: mostly new rows, sometimes deletes of one or of some.
func change(tx *engine.Tx, rng *rand.Rand, rows map[string][]byte) error {
	for range 50 {
		n := rng.IntN(100_000)
		key := fmt.Appendf(nil, "%08d", n)
		switch rng.IntN(200) {
		case 0:
			if err := tx.DeleteRange(key, fmt.Appendf(nil, "%08d", n+10)); err != nil {
				return err
			}
			for k := n + 1; k < n+10; k++ {
				delete(rows, fmt.Sprintf("%08d", k))
			}
		case 1:
			if err := tx.Delete(key); err != nil {
				return err
			}
			delete(rows, string(key))
		default:
			value := bytes.Repeat([]byte{byte(n)}, 1+rng.IntN(200))
			if err := tx.Put(key, value); err != nil {
				return err
			}
			rows[string(key)] = value
		}
	}
	return nil
}

func expectSession(t *testing.T, db *engine.DB, rows map[string][]byte) {
	t.Helper()
	for p := range db.Check(context.Background()) {
		t.Fatal(p)
	}
	got, err := enginetest.Rows(db)
	if err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows, want %d; %v", len(got), len(rows), err)
	}
	for k, v := range got {
		if v != string(rows[k]) {
			t.Fatalf("row %q is wrong", k)
		}
	}
	for k := range rows {
		v, found, err := db.Get(nil, []byte(k))
		if !found || err != nil || !bytes.Equal(v, rows[k]) {
			t.Fatalf("row %q: found %t, %v", k, found, err)
		}
	}
}

// TestShortSessions: a database that is closed and opened after each tenth of a tree writes hardly
// more than one that stays open, because merges go on where they were, those of newer levels, too.
func TestShortSessions(t *testing.T) {
	t.Parallel()
	const transactions = 2000
	whole, short := sessions{}, sessions{length: 6}
	whole.run(t, rand.New(rand.NewPCG(1, 1)), transactions)
	short.run(t, rand.New(rand.NewPCG(1, 1)), transactions)
	t.Logf("written: %d bytes in one session, %d in %d; %d half-done merges above other levels", whole.written.Load(), short.written.Load(),
		transactions/short.length, short.halves)
	if short.halves < 10 {
		t.Errorf("%d half-done merges above other levels: the test sees too little", short.halves)
	}
	if short.written.Load() > whole.written.Load()*2 {
		t.Errorf("%d bytes were written in short sessions, and %d in one", short.written.Load(), whole.written.Load())
	}
}
