// SPDX-License-Identifier: Apache-2.0

// Counters counts, and hands out numbers, from many goroutines at once.
//
//	go run -C examples/recipes ./counters
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"

	_ "github.com/lsmlite/lsmlite-go"
)

// count adds to a counter, which begins at 0, and returns what it is then. It is one
// statement, and so nobody else comes between what it reads and what it writes.
func count(ctx context.Context, db *sql.DB, name string, by int64) (now int64, err error) {
	err = db.QueryRowContext(ctx, `INSERT INTO kv VALUES ('count/' || ?, ?)
		ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value`, name, by).Scan(&now)
	return now, err
}

// sequence hands out numbers, each of them once. It takes a block of them from the database
// at a time, so that most numbers cost no write. What is left of a block when the program
// ends is never handed out.
type sequence struct {
	db    *sql.DB
	name  string
	block int64

	mu        sync.Mutex
	next, end int64
}

func (s *sequence) Next(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == s.end {
		end, err := count(ctx, s.db, s.name, s.block)
		if err != nil {
			return 0, err
		}
		s.next, s.end = end-s.block, end
	}
	s.next++
	return s.next, nil
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "counters.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()

	if err := together(8, func(int) error {
		for range 100 {
			if _, err := count(ctx, db, "visits", 1); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	visits, err := count(ctx, db, "visits", 0)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "visits:", visits)

	ids := &sequence{db: db, name: "id", block: 100}
	var mu sync.Mutex
	seen := make(map[int64]bool)
	if err := together(8, func(int) error {
		for range 125 {
			id, err := ids.Next(ctx)
			if err != nil {
				return err
			}
			mu.Lock()
			seen[id] = true
			mu.Unlock()
		}
		return nil
	}); err != nil {
		return err
	}
	var stored int64
	if err := db.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'count/id'").Scan(&stored); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d numbers, all different; %d are taken from the database\n", len(seen), stored)
	return nil
}

// together runs f in n goroutines and waits for all of them.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func main() {
	dir, err := os.MkdirTemp("", "counters")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
