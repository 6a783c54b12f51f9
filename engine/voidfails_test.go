// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestFailedVoidPoisonsAtOnce lets a commit fail on a disk that then fails in all it is asked for, so that what the
// commit has left in the log cannot be made void durably. Writing has ended when the commit returns, and Close says so,
// not only whatever comes next.
func TestFailedVoidPoisonsAtOnce(t *testing.T) {
	ctx := context.Background()
	for _, value := range [][]byte{{1}, make([]byte, 100<<10)} {
		ffs := faultfs.Wrap(memfs.New())
		told := 0
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs, Safety: engine.SafetyFull,
			Observer: &engine.Observer{Poisoned: func(engine.PoisonEvent) { told++ }}})
		if err != nil {
			t.Fatal(err)
		}
		put := func(key string, v []byte) error {
			return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), v) })
		}
		if err := put("a", []byte("1")); err != nil {
			t.Fatal(err)
		}
		ffs.Add(faultfs.Rule{Suffix: "-log", Nth: 1, Forever: true, Err: syscall.EIO})
		if err := put("b", value); !errors.Is(err, syscall.EIO) {
			t.Fatalf("the commit returns %v; want %v", err, syscall.EIO)
		}
		if db.Poisoned() == nil || told != 1 {
			t.Errorf("%d bytes: the sync of what is void has failed, but Poisoned is %v, and %d observers were told",
				len(value), db.Poisoned(), told)
		}
		ffs.Clear()
		if err := db.Close(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%d bytes: Close returns %v; want the failure of the sync", len(value), err)
		}
	}
}
