// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// restBytes is how much of an answer that nobody wants is received. A longer one is ended with its connection.
	restBytes = 2 * pageBytes
	// restTime is how long it is received, at most.
	restTime = 100 * time.Millisecond
)

// flow is a statement whose rows are received one by one. Each is in memory until the next one is.
type flow struct {
	conn     *pgxpool.Conn
	sizes    *sizes
	restTime time.Duration // the constant, except in tests

	ctx   context.Context // of the statement; stop ends it
	stop  context.CancelFunc
	rows  pgx.Rows
	n     int    // how many rows there are at most
	got   int    // how many were received
	bytes int    // of what was received of their keys and values
	last  []byte // the key of the row n

	has        bool // there is a current row
	keysOnly   bool
	binary     bool
	key, value []byte
	valueLen   int
	text       [2][]byte // key and value, where they are received as text
	failed     error     // why a row cannot be read
}

// begin sends a statement that returns at most n rows: key and value, or key and length of the value. It receives the
// first row.
func (f *flow) begin(ctx context.Context, text string, args []any, n int, keysOnly bool) (err error) {
	if f.stop != nil {
		f.stop()
	}
	f.n, f.got, f.bytes, f.keysOnly, f.has = n, 0, 0, keysOnly, false
	f.ctx, f.stop = context.WithCancel(ctx)
	if f.rows, err = f.conn.Conn().Query(f.ctx, text, args...); err != nil {
		return err
	}
	for i, field := range f.rows.FieldDescriptions() {
		f.binary = field.Format == pgx.BinaryFormatCode && (i == 0 || f.binary)
	}
	f.next()
	return f.err()
}

// err is why there is no current row, nil after the last one.
func (f *flow) err() error {
	if f.failed != nil {
		return f.failed
	}
	return f.rows.Err()
}

// next receives a row and reports whether there is one.
func (f *flow) next() bool {
	f.has = f.failed == nil && f.rows.Next()
	if !f.has {
		return false
	}
	raw := f.rows.RawValues()
	if f.binary && !f.keysOnly {
		f.key, f.value = raw[0], raw[1]
		f.valueLen = len(f.value)
	} else if f.failed = f.decode(raw); f.failed != nil {
		f.has = false
		return false
	}
	if f.valueLen > longValue && !f.keysOnly {
		f.sizes.long()
	}
	f.bytes += len(f.key) + sent(f.valueLen, f.keysOnly)
	if f.got++; f.got == f.n {
		f.last = append([]byte(nil), f.key...)
	}
	return true
}

// decode reads a row that is not what is stored as it is.
func (f *flow) decode(raw [][]byte) (err error) {
	fields := f.rows.FieldDescriptions()
	if f.text[0], err = appendField(f.text[0][:0], fields[0].Format, raw[0]); err != nil {
		return err
	}
	f.key = f.text[0]
	if f.keysOnly {
		f.valueLen, err = number(fields[1].Format, raw[1])
		return err
	}
	if f.text[1], err = appendField(f.text[1][:0], fields[1].Format, raw[1]); err != nil {
		return err
	}
	f.value, f.valueLen = f.text[1], len(f.text[1])
	return nil
}

// end receives what is left of the answer and reports whether the connection is as before. It closes it if the rest is
// long, or takes long. The connection is the caller's then.
func (f *flow) end() (whole bool) {
	f.has = false
	if f.stop == nil {
		return true
	}
	defer f.stop()
	late := time.AfterFunc(f.restTime, socketOf(f.conn).end) // also in the middle of a row
	for rest := 0; f.rows.Next(); {
		for _, raw := range f.rows.RawValues() {
			rest += len(raw)
		}
		if rest > restBytes {
			closeNow(f.conn)
		}
	}
	f.rows.Close()
	// A request to stop may arrive late, and hit the next statement.
	if !late.Stop() || f.ctx.Err() != nil {
		closeNow(f.conn)
	}
	return !f.conn.Conn().IsClosed()
}
