package lsmlite

import (
	"context"
	"database/sql/driver"

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
	if r.values, err = bindArguments(r.values, &r.scratch, plans, args); err == nil {
		err = c.checkAll(plans, r.values)
	}
	if err == nil && len(plans) > 0 {
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
		switch r.plan.Columns[i].Kind {
		case parser.ColumnOperand, parser.ColumnFormula:
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
	case parser.OpSelect, parser.OpPragma, parser.OpExplain:
		return r.open(p)
	case parser.OpInsert, parser.OpUpdate, parser.OpDelete:
		return r.openReturning(p)
	}
	r.begin(p)
	return r.conn.control(r.ctx, p)
}

// begin forgets the result set before.
func (r *rows) begin(p *parser.Plan) {
	r.plan, r.source, r.table, r.returned = p, sourceNone, nil, nil
}

// open prepares the rows of a SELECT, EXPLAIN or PRAGMA.
func (r *rows) open(p *parser.Plan) error {
	r.begin(p)
	switch p.Op {
	case parser.OpPragma:
		table, err := r.conn.pragma(r.ctx, &p.Pragma)
		r.source, r.table, r.row = sourceTable, table, 0
		return err
	case parser.OpExplain:
		table, err := explain(r.ctx, p, r.values, r.conn.keys())
		r.source, r.table, r.row = sourceTable, table, 0
		return err
	}
	if key, ok := p.Point(r.values, r.conn.keys()); ok {
		r.limit, r.offset, r.filter, r.computes = -1, 0, nil, false
		return r.openPoint(key)
	}
	if err := r.bind(); err != nil {
		return bindError(err)
	}
	if p.Table {
		if err := r.conn.pin(r.ctx); err != nil {
			return err
		}
	}
	switch {
	case p.Aggregate:
		r.source = sourceAggregate
		return r.aggregate()
	case r.bounds.Len() == 0 || r.limit == 0:
		return nil
	case !p.Table:
		r.source = sourceOperands
		return nil
	case r.bounds.Len() == 1 && r.bounds.At(0).IsPoint() && !loadsLate(p, r.filter):
		return r.openPoint(r.bounds.At(0).Lo)
	}
	return r.openScan()
}

// bind works out what the arguments decide: the intervals, the limit, whether there is
// anything to filter or compute.
func (r *rows) bind() (err error) {
	p := r.plan
	keys := r.conn.keys()
	if err := p.Check(r.values, keys); err != nil {
		return err
	}
	if r.limit, r.offset, err = p.LimitOffset(r.values); err != nil {
		return err
	}
	r.filter = p.Filter
	if r.filter != nil && !r.filter.Needed(r.values) {
		r.filter = nil
	}
	r.computes = r.filter != nil
	for i := range p.Columns {
		r.computes = r.computes || p.Columns[i].Kind == parser.ColumnFormula
	}
	if r.computes {
		r.env.Args, r.env.Keys, r.env.Ctx = r.values, keys, r.ctx
		r.env.SetPair(nil, nil)
	}
	return bindKeys(r.ctx, p, &r.bounds, r.values, keys)
}

// bindKeys works out the intervals of p. Expressions in them obey ctx.
func bindKeys(ctx context.Context, p *parser.Plan, b *parser.Bounds, args []parser.Value, keys *parser.KeyType) error {
	b.Ctx = ctx
	err := p.Keys.Bind(b, args, keys)
	b.Ctx = nil
	return err
}

// matches reports whether the row that r.env stands on passes the filter.
func (r *rows) matches() (bool, error) {
	if r.filter == nil {
		return true, nil
	}
	ok, err := r.filter.Match(&r.env)
	return ok, evalError(err)
}

// loadsLate reports whether a row has to pass a filter that does not need its value before
// the value is needed: a cursor loads it then, if at all.
func loadsLate(p *parser.Plan, f *parser.Filter) bool {
	return f != nil && !p.KeysOnly && !f.NeedsValue()
}

// openPoint looks up the one key there is, without a cursor.
func (r *rows) openPoint(key []byte) error {
	// The key may be the caller's bytes, which are the caller's again when Query
	// returns.
	r.keyBytes = append(r.keyBytes[:0], key...)
	var from pointReader = r.conn.store
	if r.conn.txn.state != txnNone {
		state, _, err := r.conn.reader(r.ctx)
		if err != nil {
			return err
		}
		from = state
	}
	found, err := r.lookUp(from)
	if err != nil || !found || r.offset > 0 {
		return err
	}
	if found, err = r.matches(); found {
		r.source = sourcePoint
	}
	return err
}

// pointReader is what a store and a state of it have in common.
type pointReader interface {
	Get(dst, key []byte) (value []byte, found bool, err error)
	ValueLen(key []byte) (n int, found bool, err error)
}

// lookUp looks r.keyBytes up. It loads the value only if the statement needs it.
func (r *rows) lookUp(from pointReader) (found bool, err error) {
	if r.plan.KeysOnly {
		n, found, err := from.ValueLen(r.keyBytes)
		if r.computes {
			r.env.SetKey(r.keyBytes, n)
		}
		return found, err
	}
	r.valueBytes, found, err = from.Get(r.valueBytes[:0], r.keyBytes)
	if r.computes {
		r.env.SetPair(r.keyBytes, r.valueBytes)
	}
	return found, err
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
	if err := bindKeys(r.ctx, r.plan, &r.bounds, r.values, r.conn.keys()); err != nil {
		return bindError(err)
	}
	r.source = sourceScan
	r.rewind(r.plan.Desc)
	for ; r.offset > 0; r.offset-- {
		if ok, err := r.advance(); err != nil || !ok {
			r.source = sourceNone
			return err
		}
	}
	return nil
}

// rewind puts the scan before its first row in the given direction.
func (r *rows) rewind(desc bool) {
	r.inside, r.desc = false, desc
	if r.interval = 0; desc {
		r.interval = r.bounds.Len() - 1
	}
}

// advance moves the cursor to the next row of the scan that passes the filter, and
// reports whether there is one.
func (r *rows) advance() (bool, error) {
	for {
		ok, err := r.advanceKey()
		if err != nil || !ok || !r.computes {
			return ok, err
		}
		r.env.SetRow(r.cursor.Key(), r.cursor)
		if ok, err = r.matches(); err != nil || ok {
			return ok, err
		}
	}
}

// advanceKey moves the cursor to the next key in the intervals and reports whether there
// is one.
func (r *rows) advanceKey() (bool, error) {
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
		if r.desc {
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
	move, next := firstIn, nextIn
	if r.desc {
		move, next = lastIn, prevIn
	}
	if r.inside {
		move = next
	}
	r.inside = true
	return move(r.cursor, iv)
}
