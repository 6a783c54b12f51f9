// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestUpdateThatFails: nothing of a transaction stays whose function fails, panics or ends it itself with a rollback,
// and the next one can begin.
func TestUpdateThatFails(t *testing.T) {
	failed := errors.New("it fails")
	for name, tt := range map[string]struct {
		end  func(*engine.Tx) error
		want error
		rows int
	}{
		"fails":              {func(*engine.Tx) error { return failed }, failed, 0},
		"panics":             {func(*engine.Tx) error { panic(failed) }, failed, 0},
		"rolls back":         {(*engine.Tx).Rollback, engine.ErrMisuse, 0},
		"commits":            {func(tx *engine.Tx) error { return tx.Commit(t.Context()) }, engine.ErrMisuse, 1},
		"has nothing to say": {func(*engine.Tx) error { return nil }, nil, 1},
	} {
		db := mustOpen(t, "/x.lsm", engine.Options{FS: memfs.New()})
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = p.(error)
				}
			}()
			return db.Update(t.Context(), func(tx *engine.Tx) error {
				ok(t, tx.Put([]byte("key"), []byte("value")))
				return tt.end(tx)
			})
		}()
		if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if n := len(readAll(t, db)); n != tt.rows {
			t.Errorf("%s: %d rows, want %d", name, n, tt.rows)
		}
		ok(t, putRow(db, "another", "value"))
		ok(t, db.Close())
	}
}
