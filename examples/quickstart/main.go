// Quickstart loads a real file tree into an lsmlite database and reads it back: the
// source tree of the Go toolchain that runs it, one row a file, the path as key and the
// content as value. It goes through database/sql alone.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -dir /usr/share -db /tmp/share.lsm
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

func main() {
	dir := flag.String("dir", "", "file tree to load; the source of the Go toolchain if empty")
	path := flag.String("db", "", "database file to create and keep; a temporary one if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *path); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, path string) error {
	if dir == "" {
		out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return fmt.Errorf("go env GOROOT: %w", err)
		}
		dir = strings.TrimSpace(string(out))
	}
	if path == "" {
		tmp, err := os.MkdirTemp("", "lsmlite-quickstart-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		path = filepath.Join(tmp, "tree.lsm")
	} else if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists already", path)
	}

	db, err := sql.Open("lsmlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Printf("Loading %s into %s\n", dir, path)
	loaded, err := load(ctx, db, dir)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if err := query(ctx, db); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	removed, err := removeTests(ctx, db)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}

	// Everything must be there after the database has been closed and opened again.
	start := time.Now()
	if err := db.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	closed := time.Since(start)
	if db, err = sql.Open("lsmlite", path+"?mode=ro"); err != nil {
		return err
	}
	defer db.Close()
	start = time.Now()
	compared, err := compare(ctx, db, dir)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if compared.rows != loaded.rows-removed {
		return fmt.Errorf("%d rows are left; %d were loaded and %d deleted", compared.rows, loaded.rows, removed)
	}
	return report(ctx, db, path, loaded, removed, closed, compared, time.Since(start))
}

// total counts rows and the bytes of their keys and values.
type total struct {
	rows    int
	bytes   int64
	elapsed time.Duration
}

// batch is how many files are loaded in one transaction.
const batch = 500

// load puts every regular file below dir into the database.
func load(ctx context.Context, db *sql.DB, dir string) (t total, err error) {
	start := time.Now()
	progress := newProgress("loaded")
	var tx *sql.Tx
	var put *sql.Stmt
	defer func() {
		if tx != nil {
			_ = tx.Rollback()
		}
	}()
	commit := func() error {
		if tx == nil {
			return nil
		}
		err := tx.Commit()
		tx = nil
		return err
	}
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if tx == nil {
			if tx, err = db.BeginTx(ctx, nil); err != nil {
				return err
			}
			if put, err = tx.PrepareContext(ctx, "INSERT INTO kv (key, value) VALUES (?, ?)"); err != nil {
				return err
			}
		}
		if _, err := put.ExecContext(ctx, filepath.ToSlash(key), content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.rows++
		t.bytes += int64(len(key) + len(content))
		progress.show(t.rows, t.bytes)
		if t.rows == batch {
			if err := changeOfMind(ctx, tx); err != nil {
				return err
			}
		}
		if t.rows%batch == 0 {
			return commit()
		}
		return nil
	})
	if err == nil {
		err = commit()
	}
	progress.done()
	t.elapsed = time.Since(start)
	return t, err
}

// changeOfMind deletes everything under a savepoint and rolls back to it: the
// transaction goes on as if nothing had been.
func changeOfMind(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{"SAVEPOINT careful", "DELETE", "INSERT VALUES ('oops', 'gone soon')"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*)").Scan(&n); err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%d rows in the savepoint, want 1", n)
	}
	for _, statement := range []string{"ROLLBACK TO careful", "RELEASE careful"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	err := tx.QueryRowContext(ctx, "SELECT count(*)").Scan(&n)
	if err == nil && n != batch {
		err = fmt.Errorf("%d rows after rolling back, want %d", n, batch)
	}
	return err
}

// query shows the forms of SELECT.
func query(ctx context.Context, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*)").Scan(&n); err != nil {
		return err
	}
	fmt.Printf("\nSELECT count(*)\n  %d\n", n)
	for _, q := range []struct {
		text string
		args []any
	}{
		{"SELECT key WHERE key BETWEEN ? AND ? LIMIT 3", []any{"src/a", "src/b"}},
		// All keys that begin with src/sort/: '0' is the byte after '/'.
		{"SELECT key WHERE key >= ? AND key < ? LIMIT 5", []any{"src/sort/", "src/sort0"}},
		{"SELECT key FROM kv ORDER BY key DESC LIMIT 3", nil},
	} {
		fmt.Printf("%s  %q\n", q.text, q.args)
		rows, err := db.QueryContext(ctx, q.text, q.args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				rows.Close()
				return err
			}
			fmt.Println("  " + key)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

// removeTests deletes one range of keys, and with it as many rows as there are in it.
func removeTests(ctx context.Context, db *sql.DB) (int, error) {
	const statement = "DELETE FROM kv WHERE key >= 'test/' AND key < 'test0'"
	res, err := db.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	fmt.Printf("%s\n  %d rows\n\n", statement, n)
	return int(n), err
}

// compare reads every row and compares it with the file that it came from.
func compare(ctx context.Context, db *sql.DB, dir string) (t total, err error) {
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
		progress.show(t.rows, t.bytes)
	}
	return t, errors.Join(rows.Err(), ctx.Err())
}

func report(ctx context.Context, db *sql.DB, path string, loaded total, removed int, closed time.Duration, compared total, reading time.Duration) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	levels, err := countLevels(ctx, db)
	if err != nil {
		return err
	}
	const mib = 1 << 20
	fmt.Printf("Loaded    %7d rows  %7.1f MiB in %.2f s (%.0f MiB/s, reading the files included)\n",
		loaded.rows, float64(loaded.bytes)/mib, loaded.elapsed.Seconds(), float64(loaded.bytes)/mib/loaded.elapsed.Seconds())
	fmt.Printf("Deleted   %7d rows\n", removed)
	fmt.Printf("Closed                             in %.2f s\n", closed.Seconds())
	fmt.Printf("Compared  %7d rows  %7.1f MiB in %.2f s: every value equals its file\n",
		compared.rows, float64(compared.bytes)/mib, reading.Seconds())
	fmt.Printf("On disk                %7.1f MiB in %d levels\n", float64(info.Size())/mib, levels)
	return nil
}

// countLevels queries the structure of the database, which has a row for each segment,
// the number of its level first.
func countLevels(ctx context.Context, db *sql.DB) (int, error) {
	rows, err := db.QueryContext(ctx, "PRAGMA structure")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(any)
	}
	levels := make(map[any]bool)
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			return 0, err
		}
		levels[*row[0].(*any)] = true
	}
	return len(levels), rows.Err()
}

// progress shows on a terminal how far the work is; elsewhere it is silent.
type progress struct {
	verb string
	on   bool
	next time.Time
}

func newProgress(verb string) *progress {
	info, err := os.Stderr.Stat()
	return &progress{verb: verb, on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) show(rows int, bytes int64) {
	if p.on && time.Now().After(p.next) {
		p.next = time.Now().Add(100 * time.Millisecond)
		fmt.Fprintf(os.Stderr, "\r%s %d rows, %d MiB ", p.verb, rows, bytes>>20)
	}
}

func (p *progress) done() {
	if p.on {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}
