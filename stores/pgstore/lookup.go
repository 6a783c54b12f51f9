// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/store"
)

// lookups read one row each, or a number, on any connection.

func (s *conns) lookup(ctx context.Context, c *pgx.Conn, key []byte) (value []byte, found bool, err error) {
	err = c.QueryRow(ctx, s.sql.get, full(key)).Scan(&value)
	return value, err == nil, ignoreNoRows(err)
}

func (s *conns) lookupLen(ctx context.Context, c *pgx.Conn, key []byte) (n int, found bool, err error) {
	err = c.QueryRow(ctx, s.sql.length, full(key)).Scan(&n)
	return n, err == nil, ignoreNoRows(err)
}

func (s *conns) lookupShort(ctx context.Context, c *pgx.Conn, key []byte, most int) (value []byte, n int, found bool, err error) {
	err = c.QueryRow(ctx, s.sql.short, full(key), min(most, MaxValue)).Scan(&n, &value)
	return value, n, err == nil, ignoreNoRows(err)
}

// lookupPart reads n bytes from byte from on, which counts from 0.
func (s *conns) lookupPart(ctx context.Context, c *pgx.Conn, key []byte, from, n int) (part []byte, err error) {
	err = c.QueryRow(ctx, s.sql.part, full(key), from+1, n).Scan(&part)
	return part, err
}

// countRows is how many rows a range has.
func (s *conns) countRows(ctx context.Context, c *pgx.Conn, r *store.Range) (n int64, err error) {
	err = c.QueryRow(ctx, s.sql.counts[kindOf(r).index()], ends(r)...).Scan(&n)
	if r.Limit > 0 {
		n = min(n, int64(r.Limit))
	}
	return n, err
}

func ignoreNoRows(err error) error {
	if err == pgx.ErrNoRows {
		return nil
	}
	return err
}
