// SPDX-License-Identifier: Apache-2.0

package ncruces

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/sqlkv"
)

type reader struct {
	conn                              *sqlite3.Conn
	get                               *sqlite3.Stmt
	all, allReverse, from, fromBefore *sqlite3.Stmt
}

func (s *store) Reader() (kv.Reader, error) {
	conn, err := sqlite3.Open(s.dsn)
	if err != nil {
		return nil, err
	}
	r := &reader{conn: conn}
	err = prepare(conn, map[**sqlite3.Stmt]string{
		&r.get:        sqlkv.Get,
		&r.all:        sqlkv.All,
		&r.allReverse: sqlkv.AllReverse,
		&r.from:       sqlkv.From,
		&r.fromBefore: sqlkv.FromBefore,
	})
	if err != nil {
		closeConn(conn)
		return nil, err
	}
	return r, nil
}

func (r *reader) Get(dst, key []byte) (out []byte, found bool, err error) {
	if err := r.get.BindBlob(1, key); err != nil {
		return dst, false, err
	}
	if r.get.Step() {
		found = true
		dst = append(dst, r.get.ColumnRawBlob(0)...)
	}
	return dst, found, r.get.Reset()
}

func (r *reader) Scan(want kv.Range, visit func(key, value []byte) error) (err error) {
	stmt, err := r.bind(want)
	if err != nil {
		return err
	}
	for stmt.Step() {
		if err := visit(stmt.ColumnRawBlob(0), stmt.ColumnRawBlob(1)); err != nil {
			stmt.Reset()
			return err
		}
	}
	return stmt.Reset()
}

func (r *reader) bind(want kv.Range) (*sqlite3.Stmt, error) {
	limit := int64(want.Limit)
	if limit == 0 {
		limit = sqlkv.NoLimit
	}
	if want.From == nil {
		stmt := r.all
		if want.Reverse {
			stmt = r.allReverse
		}
		return stmt, stmt.BindInt64(1, limit)
	}
	stmt := r.from
	if want.Reverse {
		stmt = r.fromBefore
	}
	if err := stmt.BindBlob(1, want.From); err != nil {
		return nil, err
	}
	return stmt, stmt.BindInt64(2, limit)
}

func (r *reader) Close() error { return closeConn(r.conn) }
