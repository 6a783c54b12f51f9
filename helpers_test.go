// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// opener opens an empty database with settings in the form of a DSN's query.
type opener func(t *testing.T, settings string) *sql.DB

// eachStore runs f against the model, the engine in memory, and the engine on files, without and with a key.
func eachStore(t *testing.T, f func(t *testing.T, open opener)) {
	t.Helper()
	for name, open := range map[string]opener{"model": openModel, "memory": openMemory, "file": openFile, "encrypted": openEncrypted} {
		t.Run(name, func(t *testing.T) { f(t, open) })
	}
}

func openModel(t *testing.T, settings string) *sql.DB {
	t.Helper()
	cfg, err := lsmlite.ParseDSN(":memory:?" + settings)
	if err != nil {
		t.Fatal(err)
	}
	return closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(cfg, nil)))
}

func openMemory(t *testing.T, settings string) *sql.DB {
	t.Helper()
	return openDSN(t, ":memory:?"+settings)
}

func openFile(t *testing.T, settings string) *sql.DB {
	t.Helper()
	return openDSN(t, filepath.Join(t.TempDir(), "test.lsm")+"?"+settings)
}

// openEncrypted is openFile with a key.
func openEncrypted(t *testing.T, settings string) *sql.DB {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, bytes.Repeat([]byte("test"), 8), 0o600); err != nil {
		t.Fatal(err)
	}
	return openFile(t, "key_file="+url.QueryEscape(key)+"&"+settings)
}

func openDSN(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(lsmlite.DriverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return closeLater(t, db)
}

// closeLater closes db when the test ends. The store refuses to close while anything is
// open, so every test that ends well has given everything back. Package sql gives a connection back in a goroutine of
// its own, a moment after the transaction has ended, if that ends with its context.
func closeLater(t *testing.T, db *sql.DB) *sql.DB {
	t.Cleanup(func() {
		for until := time.Now().Add(10 * time.Second); db.Stats().InUse > 0 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// session is a *sql.DB, *sql.Conn or *sql.Tx.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ask returns all rows of all result sets as text: columns joined by "|", rows by a
// blank, result sets by " ; ".
func ask(s session, query string, args ...any) (string, error) {
	rows, err := s.QueryContext(context.Background(), query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var sets []string
	for more := true; more; more = rows.NextResultSet() {
		names, err := rows.Columns()
		if err != nil {
			return "", err
		}
		var set []string
		for rows.Next() {
			row := make([]any, len(names))
			for i := range row {
				row[i] = new(any)
			}
			if err := rows.Scan(row...); err != nil {
				return "", err
			}
			text := make([]string, len(row))
			for i := range row {
				switch v := (*row[i].(*any)).(type) {
				case []byte:
					text[i] = string(v)
				case nil:
					text[i] = "NULL"
				default:
					text[i] = fmt.Sprint(v)
				}
			}
			set = append(set, strings.Join(text, "|"))
		}
		sets = append(sets, strings.Join(set, " "))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	return strings.Join(sets, " ; "), rows.Close()
}

// wantRows asserts what a query returns, in the form of ask.
func wantRows(t *testing.T, s session, want, query string, args ...any) {
	t.Helper()
	got, err := ask(s, query, args...)
	if err != nil {
		t.Errorf("%s: %v", query, err)
	} else if got != want {
		t.Errorf("%s\n got %q\nwant %q", query, got, want)
	}
}

// exec runs statements that must succeed and returns the number of rows affected.
func exec(t *testing.T, s session, query string, args ...any) int64 {
	t.Helper()
	res, err := s.ExecContext(context.Background(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// step is one statement of a script and what must come of it.
type step struct {
	query string // run with Query; rows is what ask makes of the result
	exec  string // run with Exec; n is the number of rows affected
	args  []any
	rows  string
	n     int64
	err   string // in the message; then rows and n do not matter
	is    error  // what the error matches
}

func args(a ...any) []any { return a }

func runScript(t *testing.T, s session, steps []step) {
	t.Helper()
	for _, st := range steps {
		var err error
		if st.query != "" {
			var got string
			if got, err = ask(s, st.query, st.args...); err == nil && got != st.rows {
				t.Errorf("%s %v\n got %q\nwant %q", st.query, st.args, got, st.rows)
			}
		} else {
			var res sql.Result
			if res, err = s.ExecContext(context.Background(), st.exec, st.args...); err == nil {
				if n, nErr := res.RowsAffected(); nErr != nil || n != st.n {
					t.Errorf("%s %v: %d rows affected (%v), want %d", st.exec, st.args, n, nErr, st.n)
				}
			}
		}
		checkError(t, st.query+st.exec, err, st.err, st.is)
	}
}

func checkError(t *testing.T, what string, err error, text string, is error) {
	t.Helper()
	switch {
	case err == nil && (text != "" || is != nil):
		t.Errorf("%s: no error, want one with %q", what, text)
	case err != nil && text == "" && is == nil:
		t.Errorf("%s: %v", what, err)
	case err != nil && !strings.Contains(err.Error(), text):
		t.Errorf("%s\n got error %q\nwant one with %q", what, err, text)
	case err != nil && is != nil && !errors.Is(err, is):
		t.Errorf("%s: error %v (%T) does not match %v", what, err, err, is)
	}
}

func begin(t *testing.T, db *sql.DB, opts *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func connect(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("close connection: %v", err)
		}
	})
	return conn
}
