// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"errors"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func TestSavepointHelper(t *testing.T) {
	errStop := errors.New("stop")
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		put := func(key string) { exec(t, tx, "INSERT INTO kv VALUES (?, 1)", key) }
		err := lsmlite.Savepoint(ctx, tx, func() error {
			put("a")
			err := lsmlite.Savepoint(ctx, tx, func() error {
				put("b")
				return errStop
			})
			if err != errStop {
				t.Errorf("inner: %v, want %v itself", err, errStop)
			}
			put("c")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() != "p" {
					t.Error("the panic did not come through")
				}
			}()
			_ = lsmlite.Savepoint(ctx, tx, func() error {
				put("d")
				panic("p")
			})
		}()
		cancelled, cancel := context.WithCancel(ctx)
		err = lsmlite.Savepoint(cancelled, tx, func() error {
			put("e")
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a c", "SELECT key")

		conn := connect(t, db)
		if err := lsmlite.Savepoint(ctx, conn, func() error {
			exec(t, conn, "DELETE")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "", "SELECT key")
	})
}
