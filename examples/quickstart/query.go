// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// query shows the forms of SELECT.
func query(ctx context.Context, out io.Writer, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*)").Scan(&n); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nSELECT count(*)\n  %d\n", n)
	for _, q := range []struct {
		text string
		args []any
	}{
		{"SELECT key WHERE key BETWEEN ? AND ? LIMIT 3", []any{"src/a", "src/b"}},
		// All keys that begin with src/sort/: '0' is the byte after '/'.
		{"SELECT key WHERE key >= ? AND key < ? LIMIT 5", []any{"src/sort/", "src/sort0"}},
		{"SELECT key FROM kv ORDER BY key DESC LIMIT 3", nil},
	} {
		fmt.Fprintf(out, "%s  %q\n", q.text, q.args)
		if err := printKeys(ctx, out, db, q.text, q.args); err != nil {
			return err
		}
	}
	return nil
}

func printKeys(ctx context.Context, out io.Writer, db *sql.DB, text string, args []any) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return err
		}
		fmt.Fprintln(out, "  "+key)
	}
	return rows.Err()
}

// removeTests deletes one range of keys, and with it as many rows as there are in it.
func removeTests(ctx context.Context, out io.Writer, db *sql.DB) (int, error) {
	const statement = "DELETE FROM kv WHERE key >= 'test/' AND key < 'test0'"
	res, err := db.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	fmt.Fprintf(out, "%s\n  %d rows\n\n", statement, n)
	return int(n), err
}

// compare reads every row and compares it with the file that it came from.
func compare(ctx context.Context, db *sql.DB, dir string) (t total, err error) {
	start := time.Now()
	rows, err := db.QueryContext(ctx, "SELECT key, value")
	if err != nil {
		return t, err
	}
	defer rows.Close()
	progress := newProgress("compared")
	defer progress.done()
	var key string
	var value sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&key, &value); err != nil {
			return t, err
		}
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(key)))
		if err != nil {
			return t, err
		}
		if !bytes.Equal(content, value) {
			return t, fmt.Errorf("%s: the database holds %d bytes that differ from the file's %d", key, len(value), len(content))
		}
		t.rows++
		t.bytes += int64(len(key) + len(value))
		progress.show(t)
	}
	t.elapsed = time.Since(start)
	return t, errors.Join(rows.Err(), ctx.Err())
}
