// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// total counts rows and the bytes of their keys and values.
type total struct {
	rows    int
	bytes   int64
	elapsed time.Duration
}

func (t total) mib() float64 { return float64(t.bytes) / (1 << 20) }

// batch is how many files are loaded in one transaction.
const batch = 500

// loader puts files into the database, a batch in each transaction.
type loader struct {
	db  *sql.DB
	dir string
	tx  *sql.Tx
	put *sql.Stmt
	total
}

// load puts every regular file below dir into the database.
func load(ctx context.Context, db *sql.DB, dir string) (total, error) {
	start := time.Now()
	progress := newProgress("loaded")
	defer progress.done()
	l := &loader{db: db, dir: dir}
	defer l.rollback()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if err := l.add(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		progress.show(l.total)
		return nil
	})
	if err == nil {
		err = l.commit()
	}
	l.elapsed = time.Since(start)
	return l.total, err
}

// add puts one file into the database.
func (l *loader) add(ctx context.Context, name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	key, err := filepath.Rel(l.dir, name)
	if err != nil {
		return err
	}
	if err := l.begin(ctx); err != nil {
		return err
	}
	if _, err := l.put.ExecContext(ctx, filepath.ToSlash(key), content); err != nil {
		return err
	}
	l.rows++
	l.bytes += int64(len(key) + len(content))
	if l.rows == batch {
		if err := changeOfMind(ctx, l.tx); err != nil {
			return err
		}
	}
	if l.rows%batch == 0 {
		return l.commit()
	}
	return nil
}

func (l *loader) begin(ctx context.Context) (err error) {
	if l.tx != nil {
		return nil
	}
	if l.tx, err = l.db.BeginTx(ctx, nil); err != nil {
		return err
	}
	l.put, err = l.tx.PrepareContext(ctx, "INSERT INTO kv (key, value) VALUES (?, ?)")
	return err
}

func (l *loader) commit() error {
	if l.tx == nil {
		return nil
	}
	err := l.tx.Commit()
	l.tx = nil
	return err
}

func (l *loader) rollback() {
	if l.tx != nil {
		_ = l.tx.Rollback()
	}
}

// changeOfMind deletes everything under a savepoint and rolls back to it: the
// transaction goes on as if nothing had been.
func changeOfMind(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{"SAVEPOINT careful", "DELETE", "INSERT VALUES ('oops', 'gone soon')"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := expectRows(ctx, tx, 1); err != nil {
		return fmt.Errorf("in the savepoint: %w", err)
	}
	for _, statement := range []string{"ROLLBACK TO careful", "RELEASE careful"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := expectRows(ctx, tx, batch); err != nil {
		return fmt.Errorf("after rolling back: %w", err)
	}
	return nil
}

func expectRows(ctx context.Context, tx *sql.Tx, want int) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*)").Scan(&n); err != nil {
		return err
	}
	if n != want {
		return fmt.Errorf("%d rows, want %d", n, want)
	}
	return nil
}
