// SPDX-License-Identifier: Apache-2.0

// Queue keeps jobs in the order in which they came, and lets several workers take them:
// each job is done by one worker, and a job whose worker died is taken again by another.
//
//	go run -C examples/recipes ./queue
//
// A job that waits lies under "ready/" and a number, and a job that was taken under
// "taken/", the time at which it may be taken away again, and the number:
//
//	ready/000000000017                      send mail to Ada
//	taken/2026-01-02T15:04:05.000Z/000000000003  send mail to Grace
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

const (
	// lease is how long a worker has for a job before others may take it.
	lease = time.Minute
	// stamp writes a time in UTC so that texts are in the order of the times.
	stamp = "2006-01-02T15:04:05.000Z"
)

// job is one job that was taken.
type job struct {
	number string // twelve digits
	taken  string // the key that it has while it is taken
	text   string
}

// add appends jobs to the queue, all or none.
func add(ctx context.Context, db *sql.DB, texts ...string) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		var last int
		err := tx.QueryRowContext(ctx, `INSERT INTO kv VALUES ('last', ?)
			ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value`, len(texts)).Scan(&last)
		if err != nil {
			return err
		}
		for i, text := range texts {
			key := fmt.Sprintf("ready/%012d", last-len(texts)+1+i)
			if _, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", key, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// take takes the job at the head of the queue. It returns sql.ErrNoRows if there is none.
func take(ctx context.Context, db *sql.DB, now time.Time) (j job, err error) {
	err = inTx(ctx, db, func(tx *sql.Tx) error {
		var key string
		err := tx.QueryRowContext(ctx, "SELECT key, value FROM kv WHERE key GLOB 'ready/*' ORDER BY key LIMIT 1").
			Scan(&key, &j.text)
		if err != nil {
			return err
		}
		j.number = key[len("ready/"):]
		j.taken = "taken/" + now.Add(lease).UTC().Format(stamp) + "/" + j.number
		_, err = tx.ExecContext(ctx, "DELETE FROM kv WHERE key = ?; INSERT INTO kv VALUES (?, ?)", key, j.taken, j.text)
		return err
	})
	return j, err
}

// done removes a job that was taken. It reports whether the job was still the worker's:
// if not, the worker was too slow, and another one does it again.
func done(ctx context.Context, db *sql.DB, j job) (bool, error) {
	res, err := db.ExecContext(ctx, "DELETE FROM kv WHERE key = ?", j.taken)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// requeue puts back every job whose lease has ended, where it was, and returns how many
// there were.
func requeue(ctx context.Context, db *sql.DB, now time.Time) (n int, err error) {
	err = inTx(ctx, db, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "DELETE FROM kv WHERE key >= 'taken/' AND key < ? RETURNING key, value",
			"taken/"+now.UTC().Format(stamp))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key, text string
			if err := rows.Scan(&key, &text); err != nil {
				return err
			}
			ready := "ready/" + path.Base(key)
			if _, err := tx.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", ready, text); err != nil {
				return err
			}
			n++
		}
		return rows.Err()
	})
	return n, err
}

// inTx runs f in a transaction. By default it has the writer's turn from its beginning, so
// nobody else writes between what f reads and what it writes.
func inTx(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// work takes jobs until there are none, and returns which it did.
func work(ctx context.Context, db *sql.DB) (jobs []string, err error) {
	for {
		j, err := take(ctx, db, time.Now())
		if errors.Is(err, sql.ErrNoRows) {
			return jobs, nil
		} else if err != nil {
			return jobs, err
		}
		// The job itself is done here, outside of any transaction.
		if mine, err := done(ctx, db, j); err != nil {
			return jobs, err
		} else if mine {
			jobs = append(jobs, j.text)
		}
	}
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "queue.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()
	const jobs, workers = 1000, 4
	texts := make([]string, jobs)
	for i := range texts {
		texts[i] = fmt.Sprintf("job %d", i+1)
	}
	if err := add(ctx, db, texts...); err != nil {
		return err
	}

	// One worker takes a job and dies. When its lease has ended, the job is back at the head.
	lost, err := take(ctx, db, time.Now().Add(-2*lease))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "a worker took %q and died\n", lost.text)
	back, err := requeue(ctx, db, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "jobs put back:", back)

	var mu sync.Mutex
	times := make(map[string]int)
	var errs []error
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			did, err := work(ctx, db)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			for _, text := range did {
				times[text]++
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	once := 0
	for _, n := range times {
		if n == 1 {
			once++
		}
	}
	fmt.Fprintf(out, "%d workers did %d jobs, %d of them once\n", workers, len(times), once)
	return nil
}

func main() {
	dir, err := os.MkdirTemp("", "queue")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
