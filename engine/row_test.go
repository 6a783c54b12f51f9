// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestNextRow walks by rows through a file and a tree, with values that pages hold and values that they do not, by
// cursors of all kinds. At the end, and on a cursor that stands nowhere or is closed, the row stays as it is.
func TestNextRow(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/r.db", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const n = 300
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*i%9000) }
	put := func(tx *engine.Tx, part int) error {
		for i := part; i < n; i += 3 {
			if err := tx.Put(key(i), value(i)); err != nil {
				return err
			}
		}
		return nil
	}
	for part := range 2 {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return put(tx, part) }); err != nil {
			t.Fatal(err)
		}
		if part == 0 {
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := put(tx, 2); err != nil {
		t.Fatal(err)
	}
	for _, of := range []struct {
		name  string
		parts int
		open  func() (*engine.Cursor, error)
	}{
		{"database", 2, func() (*engine.Cursor, error) { return db.Cursor(ctx) }},
		{"transaction", 3, tx.Cursor},
	} {
		c, err := of.open()
		if err != nil {
			t.Fatal(err)
		}
		none := func(when string) {
			t.Helper()
			row := engine.Row{Key: []byte("k"), Value: []byte("v")}
			if c.NextRow(&row) || string(row.Key) != "k" || string(row.Value) != "v" || c.Err() != nil || c.Valid() {
				t.Errorf("%s, %s: row %q, %q; %v", of.name, when, row.Key, row.Value, c.Err())
			}
		}
		none("not moved yet")
		var row engine.Row
		i := 0
		for ok := c.First(); ok; ok = c.NextRow(&row) {
			if i > 0 && (!bytes.Equal(row.Key, key(i)) || !bytes.Equal(row.Value, value(i)) || !bytes.Equal(c.Key(), row.Key)) {
				t.Fatalf("%s, row %d: %q, %d bytes", of.name, i, row.Key, len(row.Value))
			}
			if i++; i%3 == of.parts {
				i++
			}
		}
		if i < n || c.Err() != nil {
			t.Errorf("%s: the end is at row %d, %v", of.name, i, c.Err())
		}
		none("at the end")
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		none("closed")
	}
}
