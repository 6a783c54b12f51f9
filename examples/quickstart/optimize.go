// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"time"
)

// optimize merges everything into one densely packed segment and cuts the file, and
// prints how large the file was before and is then.
func optimize(ctx context.Context, out io.Writer, db *sql.DB, path string) error {
	before, err := look(ctx, db, path)
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := db.ExecContext(ctx, "PRAGMA optimize"); err != nil {
		return err
	}
	elapsed := time.Since(start)
	after, err := look(ctx, db, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "On disk                  %7.1f MiB, in %d levels\n", before.mib, before.levels)
	fmt.Fprintf(out, "Optimized                %7.1f MiB, in %d level, in %.2f s\n",
		after.mib, after.levels, elapsed.Seconds())
	return nil
}

// shape is how large the file is, and in how many levels its segments lie.
type shape struct {
	mib    float64
	levels int
}

func look(ctx context.Context, db *sql.DB, path string) (s shape, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	s.mib = float64(info.Size()) / (1 << 20)
	s.levels, err = countLevels(ctx, db)
	return s, err
}

// countLevels reads the structure of the database, which has a row for each segment,
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
