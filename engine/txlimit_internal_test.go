// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestTransactionIsBoundedInMemoryAndLog lowers the bound of one transaction. It holds for what
// the tree keeps, and for deletes of one key, of which the tree keeps one and the log all; the
// transaction can be rolled back to a savepoint and go on.
func TestTransactionIsBoundedInMemoryAndLog(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := Open(ctx, "/x.lsm", Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	if db.writer.MaxTx != writer.MaxTx {
		t.Errorf("a transaction may take %d bytes, not %d", db.writer.MaxTx, int64(writer.MaxTx))
	}
	db.writer.MaxTx = 1 << 20
	for name, write := range map[string]func(*Tx) error{
		"put":    func(tx *Tx) error { return tx.Put([]byte("key"), make([]byte, 1000)) },
		"delete": func(tx *Tx) error { return tx.Delete(make([]byte, 100)) },
	} {
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Put([]byte(name), nil); err != nil {
			t.Fatal(err)
		}
		level, err := tx.Begin()
		for i := 0; err == nil && i < 1<<20; i++ {
			err = write(tx)
		}
		if !errors.Is(err, ErrTooBig) {
			t.Fatalf("%s: %v", name, err)
		}
		if info, err := mem.Stat("/x.lsm-log"); err != nil || info.Size() > 4<<20 {
			t.Errorf("%s: the log has %d bytes, %v", name, info.Size(), err)
		}
		if err := errors.Join(tx.RollbackTo(level), write(tx), tx.Commit(ctx)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, found, err := db.Get(nil, []byte(name)); !found || err != nil {
			t.Errorf("%s: what was written before the savepoint: %v, %v", name, found, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
