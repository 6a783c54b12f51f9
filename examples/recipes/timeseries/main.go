// SPDX-License-Identifier: Apache-2.0

// Timeseries stores measurements by series and time, reads the newest one and a stretch
// of time, and removes what is older than its retention by one range delete for
// each series.
//
//	go run -C examples/recipes ./timeseries
//
// A key is the name of the series, a slash, and the time in UTC with all its digits, so
// that the order of the keys is the order of the times:
//
//	temp/kitchen/2026-01-02T15:04:05.000Z  21.5
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
	"time"

	_ "github.com/lsmlite/lsmlite-go"
)

// stamp writes a time in UTC so that texts are in the order of the times.
const stamp = "2006-01-02T15:04:05.000Z"

func key(series string, at time.Time) string { return series + "/" + at.UTC().Format(stamp) }

// newest returns the last measurement of a series: the last key below "series0", because
// '0' is the byte after '/'.
func newest(ctx context.Context, db *sql.DB, series string) (k string, value float64, err error) {
	err = db.QueryRowContext(ctx, "SELECT key, value FROM kv WHERE key > ? AND key < ? ORDER BY key DESC LIMIT 1",
		series+"/", series+"0").Scan(&k, &value)
	return k, value, err
}

// mean returns the mean of a series from one time to before another, and of how many
// measurements it is.
func mean(ctx context.Context, db *sql.DB, series string, from, to time.Time) (sum float64, n int, err error) {
	rows, err := db.QueryContext(ctx, "SELECT value FROM kv WHERE key >= ? AND key < ?",
		key(series, from), key(series, to))
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var v float64
		if err := rows.Scan(&v); err != nil {
			return 0, 0, err
		}
		sum += v
		n++
	}
	return sum / float64(max(n, 1)), n, rows.Err()
}

// allSeries returns the names of all series. It reads one key of each: after a key of one
// series it seeks the first key after all keys of that series.
func allSeries(ctx context.Context, db *sql.DB) (names []string, err error) {
	after := ""
	for {
		var k string
		err := db.QueryRowContext(ctx, "SELECT key FROM kv WHERE key >= ? ORDER BY key LIMIT 1", after).Scan(&k)
		if errors.Is(err, sql.ErrNoRows) {
			return names, nil
		} else if err != nil {
			return nil, err
		}
		name := k[:len(k)-len("/"+stamp)]
		names = append(names, name)
		after = name + "0"
	}
}

// expire removes every measurement before a time. Each statement writes two records or
// fewer, however many rows go.
func expire(ctx context.Context, db *sql.DB, before time.Time) (removed int64, err error) {
	names, err := allSeries(ctx, db)
	if err != nil {
		return 0, err
	}
	for _, series := range names {
		res, err := db.ExecContext(ctx, "DELETE FROM kv WHERE key >= ? AND key < ?", series+"/", key(series, before))
		if err != nil {
			return removed, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "series.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := fill(ctx, db, start, 10*24*time.Hour); err != nil {
		return err
	}

	names, err := allSeries(ctx, db)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "series:", names)
	k, value, err := newest(ctx, db, "temp/kitchen")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "newest:", k, value)
	m, n, err := mean(ctx, db, "temp/kitchen", start.Add(24*time.Hour), start.Add(48*time.Hour))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "second day: %d measurements, mean %.2f\n", n, m)

	removed, err := expire(ctx, db, start.Add(7*24*time.Hour))
	if err != nil {
		return err
	}
	var left int
	var first string
	if err := db.QueryRowContext(ctx, "SELECT count(*), min(key) FROM kv").Scan(&left, &first); err != nil {
		return err
	}
	fmt.Fprintf(out, "removed %d measurements, left %d, first %s\n", removed, left, first)
	return nil
}

// fill stores a measurement of each series each minute.
func fill(ctx context.Context, db *sql.DB, start time.Time, d time.Duration) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	put, err := tx.PrepareContext(ctx, "INSERT INTO kv VALUES (?, ?)")
	if err != nil {
		return err
	}
	for at := start; at.Before(start.Add(d)); at = at.Add(time.Minute) {
		for i, series := range []string{"humidity/cellar", "temp/cellar", "temp/kitchen"} {
			if _, err := put.ExecContext(ctx, key(series, at), float64(10*i)+float64(at.Hour())/4); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func main() {
	dir, err := os.MkdirTemp("", "timeseries")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
