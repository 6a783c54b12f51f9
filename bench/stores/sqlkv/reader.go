// SPDX-License-Identifier: Apache-2.0

package sqlkv

import (
	"database/sql"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// reader is a connection with the statements that read.
type reader struct {
	conn                              *sql.Conn
	get                               *sql.Stmt
	all, allReverse, from, fromBefore *sql.Stmt
}

func (s *store) Reader() (kv.Reader, error) {
	conn, err := s.db.Conn(background)
	if err != nil {
		return nil, err
	}
	r := &reader{conn: conn}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&r.get, Get},
		{&r.all, All},
		{&r.allReverse, AllReverse},
		{&r.from, From},
		{&r.fromBefore, FromBefore},
	} {
		if *p.stmt, err = conn.PrepareContext(background, p.text); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *reader) Get(dst, key []byte) (out []byte, found bool, err error) {
	rows, err := r.get.Query(key)
	if err != nil {
		return dst, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return dst, false, rows.Err()
	}
	var value sql.RawBytes
	if err := rows.Scan(&value); err != nil {
		return dst, false, err
	}
	return append(dst, value...), true, nil
}

func (r *reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	rows, err := r.query(want)
	if err != nil {
		return err
	}
	defer rows.Close()
	var key, value sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *reader) query(want kv.Range) (*sql.Rows, error) {
	limit := int64(want.Limit)
	if limit == 0 {
		limit = NoLimit
	}
	switch {
	case want.From == nil && want.Reverse:
		return r.allReverse.Query(limit)
	case want.From == nil:
		return r.all.Query(limit)
	case want.Reverse:
		return r.fromBefore.Query(want.From, limit)
	default:
		return r.from.Query(want.From, limit)
	}
}

func (r *reader) Close() error { return r.conn.Close() }
