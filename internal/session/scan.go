// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"io"
	"math"

	"github.com/lsmlite/lsmlite-go/parser"
)

// openScan prepares to visit the intervals. What they refer to is copied, because the
// arguments are the caller's again when Query returns.
func (r *Rows) openScan() error {
	from, err := r.txn.readFrom(r.ctx)
	if err != nil {
		return err
	}
	r.own()
	if err := bindKeys(r.ctx, r.plan, &r.bounds, r.values, r.txn.settings.keys()); err != nil {
		return bindError(err)
	}
	by := way{desc: r.plan.Desc, keysOnly: r.plan.KeysOnly, limit: r.mostKeys()}
	if err := r.walk.openOver(r.ctx, from, &r.bounds, by); err != nil {
		return err
	}
	r.source = sourceScan
	if r.asStored() {
		r.source = sourceStored
		c := r.plan.Columns
		r.pair = len(c) == 2 && c[0].Kind == parser.ColumnKey && c[1].Kind == parser.ColumnValue
	}
	for ; r.offset > 0; r.offset-- {
		if ok, err := r.advance(); err != nil || !ok {
			r.source = sourceNone
			return err
		}
	}
	return nil
}

// asStored reports whether each row is some of the bytes that are stored, as they are.
func (r *Rows) asStored() bool {
	if r.computes {
		return false
	}
	for i := range r.plan.Columns {
		switch r.plan.Columns[i].Kind {
		case parser.ColumnKey:
			if r.txn.settings.KeyType != Blob {
				return false
			}
		case parser.ColumnValue:
			if r.txn.settings.ValueType != Blob {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// nextStored is nextScan for rows of which asStored is true. The walk counts the limit, because
// there is no filter.
func (r *Rows) nextStored(dest []driver.Value) error {
	ok, err := r.walk.nextRow(&r.bounds, &r.stored)
	if err != nil {
		return err
	} else if !ok {
		return r.endScan()
	}
	if r.pair {
		dest[0], dest[1] = box(&r.stored.Key), box(&r.stored.Value)
		return nil
	}
	columns := r.plan.Columns
	for i := range columns {
		if columns[i].Kind == parser.ColumnKey {
			dest[i] = box(&r.stored.Key)
		} else {
			dest[i] = box(&r.stored.Value)
		}
	}
	return nil
}

// mostKeys returns how many keys LIMIT and OFFSET let a scan visit, negative for all.
func (r *Rows) mostKeys() int64 {
	if r.filter != nil || r.limit < 0 || r.offset > math.MaxInt64-r.limit {
		return -1
	}
	return r.limit + r.offset
}

// advance moves to the next row of the scan that passes the filter, and reports whether
// there is one.
func (r *Rows) advance() (bool, error) {
	for {
		ok, err := r.walk.next(&r.bounds)
		if err != nil || !ok || !r.computes {
			return ok, err
		}
		r.env.SetRow(r.walk.key(), &r.walk)
		if ok, err = r.matches(); err != nil || ok {
			return ok, err
		}
	}
}

// nextScan fills dest with the next row of a scan.
func (r *Rows) nextScan(dest []driver.Value) error {
	if r.limit == 0 {
		return r.endScan()
	}
	ok, err := r.advance()
	switch {
	case err != nil:
		return err
	case !ok:
		return r.endScan()
	}
	if r.limit > 0 {
		r.limit--
	}
	return r.fill(dest, r.walk.key())
}

// endScan gives the cursor back as soon as the last row was read, not only when the caller
// closes.
func (r *Rows) endScan() error {
	r.source = sourceNone
	if err := r.walk.close(); err != nil {
		return err
	}
	return io.EOF
}
