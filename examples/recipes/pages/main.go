// SPDX-License-Identifier: Apache-2.0

// Pages shows a long list page by page, forward and backward, at the same cost for every
// page.
//
//	go run -C examples/recipes ./pages
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"

	_ "github.com/lsmlite/lsmlite-go"
)

// perPage is how many rows a page has.
const perPage = 4

// next returns the page after a key: an empty key for the first page, and then the last key
// of the page that is shown. It seeks to that key; OFFSET would walk over all pages before.
func next(ctx context.Context, q querier, after string) ([]string, error) {
	return keys(ctx, q, "SELECT key FROM kv WHERE key > ? AND key < 'user0' ORDER BY key LIMIT ?",
		max(after, "user/"), perPage)
}

// previous returns the page before a key, the first one of the page that is shown.
func previous(ctx context.Context, q querier, before string) ([]string, error) {
	page, err := keys(ctx, q, "SELECT key FROM kv WHERE key > 'user/' AND key < ? ORDER BY key DESC LIMIT ?",
		before, perPage)
	slices.Reverse(page)
	return page, err
}

// querier is a *sql.DB, or a *sql.Tx if all pages are to show one state.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func keys(ctx context.Context, q querier, query string, args ...any) (keys []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "pages.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range 10 {
		if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("user/%02d", i), i); err != nil {
			return err
		}
	}

	// Within a read-only transaction the pages fit each other, whatever is written meanwhile.
	snapshot, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer snapshot.Rollback()
	if _, err := db.ExecContext(ctx, "DELETE FROM kv WHERE key = 'user/05'"); err != nil {
		return err
	}

	var page []string
	after := ""
	for n := 1; ; n++ {
		rows, err := next(ctx, snapshot, after)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		page, after = rows, rows[len(rows)-1]
		fmt.Fprintln(out, "page", n, page)
	}
	page, err = previous(ctx, snapshot, page[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "back", page)
	page, err = next(ctx, db, page[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "now ", page)
	return nil
}

func main() {
	dir, err := os.MkdirTemp("", "pages")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
