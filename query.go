package lsmlite

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// query binds the arguments of a text and runs its first statement.
func (c *conn) query(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (_ driver.Rows, err error) {
	r := c.newRows(ctx)
	started := false
	defer func() {
		if !started { // an error, or a panic
			r.failed = true
			err = joinErrors(err, r.Close())
		}
	}()
	if r.values, err = bindArguments(r.values, &r.scratch, plans, args); err == nil && len(plans) > 0 {
		r.rest = plans[1:]
		if err = r.start(plans[0]); err == nil && r.needsArguments() {
			r.own()
		}
	}
	if err != nil {
		return nil, err
	}
	started = true
	return r, nil
}

// needsArguments reports whether the arguments are still to be used when Query has
// returned, and they may be the caller's bytes, which are the caller's again then.
func (r *rows) needsArguments() bool {
	if len(r.rest) > 0 {
		return true
	}
	for i := range r.plan.Columns {
		if r.plan.Columns[i].Kind == parser.ColumnOperand {
			return true
		}
	}
	return false
}

// newRows returns rows that have nothing yet, used ones if there are.
func (c *conn) newRows(ctx context.Context) *rows {
	r := c.spare
	if r == nil {
		r = &rows{}
	}
	c.spare = nil
	r.conn, r.ctx = c, ctx
	return r
}

// start runs a statement as far as needed to know that it works: a statement that
// writes or controls is complete, a SELECT stands before its first row.
func (r *rows) start(p *parser.Plan) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	switch p.Op {
	case parser.OpSelect, parser.OpPragma:
		return r.open(p)
	}
	r.plan, r.source, r.table = p, sourceNone, nil
	_, err := r.conn.execPlan(r.ctx, p, r.values)
	return err
}

// open prepares the rows of a SELECT or PRAGMA.
func (r *rows) open(p *parser.Plan) error {
	r.plan, r.source, r.table = p, sourceNone, nil
	if p.Op == parser.OpPragma {
		table, err := r.conn.pragma(r.ctx, &p.Pragma)
		r.source, r.table, r.row = sourceTable, table, 0
		return err
	}
	var err error
	if r.limit, r.offset, err = p.LimitOffset(r.values); err != nil {
		return bindError(err)
	}
	if !p.Table {
		r.source = sourceOperands
		return nil
	}
	if err := p.Keys.Bind(&r.bounds, r.values, r.conn.keyFunc()); err != nil {
		return bindError(err)
	}
	switch {
	case p.Aggregate:
		r.source = sourceCount
		return r.countAll()
	case r.bounds.Len() == 0 || r.limit == 0:
		return nil
	case r.bounds.Len() == 1 && r.bounds.At(0).IsPoint():
		return r.openPoint()
	}
	return r.openScan()
}

// openPoint looks up the one key there is, without a cursor.
func (r *rows) openPoint() error {
	// The key may be the caller's bytes, which are the caller's again when Query
	// returns.
	r.keyBytes = append(r.keyBytes[:0], r.bounds.At(0).Lo...)
	var found bool
	var err error
	if r.conn.txn.state == txnNone {
		r.valueBytes, found, err = r.conn.store.Get(r.valueBytes[:0], r.keyBytes)
	} else {
		var state storeReader
		if state, _, err = r.conn.reader(r.ctx); err == nil {
			r.valueBytes, found, err = state.Get(r.valueBytes[:0], r.keyBytes)
		}
	}
	if err == nil && found && r.offset == 0 {
		r.source = sourcePoint
	}
	return err
}

// openCursor opens r.cursor on the state that the statement reads.
func (r *rows) openCursor() error {
	state, own, err := r.conn.reader(r.ctx)
	if err != nil {
		return err
	}
	r.snap = own
	r.cursor, err = state.Cursor()
	return err
}

// openScan prepares to visit the intervals. What they refer to is copied, because the
// arguments are the caller's again when Query returns.
func (r *rows) openScan() error {
	if err := r.openCursor(); err != nil {
		return err
	}
	r.own()
	if err := r.plan.Keys.Bind(&r.bounds, r.values, r.conn.keyFunc()); err != nil {
		return bindError(err)
	}
	r.source, r.inside = sourceScan, false
	if r.interval = 0; r.plan.Desc {
		r.interval = r.bounds.Len() - 1
	}
	for ; r.offset > 0; r.offset-- {
		if ok, err := r.advance(); err != nil || !ok {
			r.source = sourceNone
			return err
		}
	}
	return nil
}

// countAll counts the keys in the intervals.
func (r *rows) countAll() error {
	r.count = 0
	if r.bounds.Len() == 0 {
		return nil
	}
	if err := r.openCursor(); err != nil {
		return err
	}
	cur := r.cursor
	for i := range r.bounds.Len() {
		iv := r.bounds.At(i)
		for ok := seekFirst(cur, iv); ok && beforeEnd(iv, cur.Key()); ok = cur.Next() {
			r.count++
			if err := done(r.ctx, &r.steps); err != nil {
				return err
			}
		}
		if err := cur.Err(); err != nil {
			return err
		}
	}
	return r.closeState()
}

// advance moves the cursor to the next row of the scan and reports whether there is one.
func (r *rows) advance() (bool, error) {
	if err := done(r.ctx, &r.steps); err != nil {
		return false, err
	}
	for r.interval >= 0 && r.interval < r.bounds.Len() {
		iv := r.bounds.At(r.interval)
		if r.step(iv) {
			return true, nil
		}
		if err := r.cursor.Err(); err != nil {
			return false, err
		}
		r.inside = false
		if r.plan.Desc {
			r.interval--
		} else {
			r.interval++
		}
	}
	return false, nil
}

// step moves within one interval: to its first key in the scan's direction, or to the
// next one if the cursor is inside.
func (r *rows) step(iv *parser.Interval) bool {
	cur := r.cursor
	if r.plan.Desc {
		if r.inside {
			return cur.Prev() && afterStart(iv, cur.Key())
		}
		r.inside = true
		return seekLast(cur, iv) && afterStart(iv, cur.Key())
	}
	if r.inside {
		return cur.Next() && beforeEnd(iv, cur.Key())
	}
	r.inside = true
	if iv.IsPoint() {
		return cur.Seek(iv.Lo, engine.SeekEQ)
	}
	return seekFirst(cur, iv) && beforeEnd(iv, cur.Key())
}
