// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"log"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

// open returns a pool of the database that dsn names. The test closes it.
func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("lsmlite", dsn)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// newFile returns the name of a database file that does not exist.
func newFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "test.lsm")
}

// soon is a context for what has to happen at once.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// execer is a pool, a connection or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// put runs a statement that has to work.
func put(t *testing.T, db execer, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// get returns the one result of a query as text.
func get(t *testing.T, db querier, text string, args ...any) string {
	t.Helper()
	var s string
	if err := db.QueryRowContext(t.Context(), text, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// check ends an example that fails.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
