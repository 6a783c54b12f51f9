// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// emptyRanges are pairs of keys between which there is nothing.
var emptyRanges = [][2]string{{"d", "b"}, {"d", "a"}, {"b", "b"}, {"", ""}, {"a", ""}, {"z", "c"}}

func openFour(t *testing.T, fs *memfs.FS) *DB {
	t.Helper()
	db, err := Open(context.Background(), "/four.lsm", Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func putFour(t *testing.T, db *DB) {
	t.Helper()
	err := db.Update(context.Background(), func(tx *Tx) error {
		var err error
		for _, k := range []string{"a", "b", "c", "d"} {
			err = errors.Join(err, tx.Put([]byte(k), []byte("value of "+k)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func expectFour(t *testing.T, db *DB, when string) {
	t.Helper()
	got := ""
	err := db.View(context.Background(), func(s *Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			got += string(c.Key())
		}
		return c.Err()
	})
	if err != nil || got != "abcd" {
		t.Errorf("%s: rows %q, want abcd; %v", when, got, err)
	}
	for p := range db.Check(context.Background()) {
		t.Errorf("%s: %v", when, p)
	}
}

func logSize(t *testing.T, fs *memfs.FS) int64 {
	t.Helper()
	f, err := fs.Open("/four.lsm-log", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEmptyRangeDeleteDoesNothing: where the first key is not below the second nothing is
// logged and nothing changes, in any level of a transaction.
func TestEmptyRangeDeleteDoesNothing(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db := openFour(t, fs)
	putFour(t, db)
	before, records := logSize(t, fs), db.ledger.Newest().Tree.Freeze().Len()
	for _, r := range emptyRanges {
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.DeleteRange([]byte(r[0]), []byte(r[1])); err != nil {
			t.Errorf("%q to %q: %v", r[0], r[1], err)
		}
		level, err := tx.Begin()
		if err == nil {
			err = tx.DeleteRange([]byte(r[0]), []byte(r[1]))
		}
		if err == nil {
			err = tx.CommitTo(level - 1)
		}
		if err == nil {
			err = tx.Commit(ctx)
		}
		if err != nil {
			t.Errorf("%q to %q: %v", r[0], r[1], err)
		}
		if err := tx.DeleteRange([]byte(r[0]), []byte(r[1])); !errors.Is(err, ErrMisuse) {
			t.Errorf("%q to %q after the end of the transaction: %v", r[0], r[1], err)
		}
	}
	if after := logSize(t, fs); after != before || db.ledger.Newest().Tree.Freeze().Len() != records {
		t.Errorf("the log has %d bytes, before %d; the tree %d records, before %d", after, before, db.ledger.Newest().Tree.Freeze().Len(), records)
	}
	expectFour(t, db, "after the deletes")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRecoveryIgnoresEmptyRangeDeletes: an earlier version has logged such records.
// Recovery passes over them, and so does what is flushed and backed up then.
func TestRecoveryIgnoresEmptyRangeDeletes(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db := openFour(t, fs)
	putFour(t, db)
	before := logSize(t, fs)
	err := db.Update(ctx, func(tx *Tx) error {
		for _, r := range emptyRanges {
			rec := format.LogRecord{Op: format.LogDeleteRange, Key: []byte(r[0]), Value: []byte(r[1])}
			if err := db.writer.Log().Append(rec); err != nil {
				return err
			}
		}
		return tx.Put([]byte("a"), []byte("value of a")) // a transaction that writes nothing is not committed
	})
	if err != nil {
		t.Fatal(err)
	}
	if logSize(t, fs) == before {
		t.Fatal("nothing was logged")
	}
	crashed := fs.Clone()
	db = openFour(t, crashed)
	expectFour(t, db, "after recovery")
	reader, err := Open(ctx, "/four.lsm", Options{FS: fs.Clone(), ReadOnly: true}) // it flushes nothing
	if err != nil {
		t.Fatal(err)
	}
	if n := reader.ledger.Newest().Tree.Freeze().Len(); n != 4 {
		t.Errorf("the tree has %d records after recovery, want 4", n)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	expectFour(t, db, "after a flush")
	if err := db.Backup(ctx, "/copy.lsm", BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openFour(t, crashed)
	expectFour(t, db, "opened again")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
