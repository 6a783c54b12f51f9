// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// quiet are surroundings that show nothing.
func quiet() *env.Env {
	return &env.Env{Globals: env.Globals{Quiet: true}, Stdout: io.Discard, Stderr: io.Discard}
}

// small are options with which few rows have a structure, and survive a loss of power.
func small(fsys vfs.FS) engine.Options {
	return engine.Options{FS: fsys, PageSize: 512, BlockSize: 1 << 16, AutoFlush: 4 << 10, Safety: engine.SafetyFull}
}

// write puts rows from up to to, not included, whose values say which version they are.
func write(t *testing.T, db *engine.DB, from, to int, version string) {
	t.Helper()
	ok(t, db.Update(t.Context(), func(tx *engine.Tx) error {
		for i := from; i < to; i++ {
			if err := tx.Put(fmt.Appendf(nil, "key/%05d", i), fmt.Appendf(nil, "%s of %d", version, i)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// made returns a database that was closed, and its rows.
func made(t *testing.T, rows int, version string) (*memfs.FS, string) {
	t.Helper()
	fsys := memfs.New()
	db, err := engine.Open(t.Context(), "/db.lsm", small(fsys))
	ok(t, err)
	write(t, db, 0, rows, version)
	all, err := rowsOf(t.Context(), db)
	ok(t, err)
	ok(t, db.Close())
	return fsys, all
}

// rowsOf returns all rows as one text.
func rowsOf(ctx context.Context, db *engine.DB) (string, error) {
	c, err := db.Cursor(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close()
	var all []byte
	for more := c.First(); more; more = c.Next() {
		v, err := c.Value()
		if err != nil {
			return "", err
		}
		all = fmt.Appendf(all, "%q=%q\n", c.Key(), v)
	}
	return string(all), c.Err()
}

// content opens a database, checks it and returns its rows.
func content(ctx context.Context, fsys vfs.FS, path string) (string, error) {
	db, err := engine.Open(ctx, path, engine.Options{FS: fsys, MustExist: true, ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer db.Close()
	for p := range db.Check(ctx) {
		return "", fmt.Errorf("not sound: %v", p)
	}
	return rowsOf(ctx, db)
}
