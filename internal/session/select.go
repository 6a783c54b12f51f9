// SPDX-License-Identifier: Apache-2.0

package session

import (
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// openSelect prepares the rows of a SELECT: it stands before the first one then.
func (r *Rows) openSelect(p *parser.Plan) error {
	if key, ok := p.Point(r.values, r.txn.settings.keys()); ok {
		r.limit, r.offset, r.filter, r.computes = -1, 0, nil, false
		return r.openPoint(key)
	}
	if err := r.bind(); err != nil {
		return bindError(err)
	}
	if p.Table {
		if err := r.txn.pin(r.ctx); err != nil {
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
	case r.bounds.Len() == 1 && r.bounds.At(0).IsPoint() && loadsLate(p, r.filter):
		return r.openLate(r.bounds.At(0).Lo)
	case r.bounds.Len() == 1 && r.bounds.At(0).IsPoint():
		return r.openPoint(r.bounds.At(0).Lo)
	}
	return r.openScan()
}

// bind works out what the arguments decide: the intervals, the limit, whether there is
// anything to filter or compute.
func (r *Rows) bind() (err error) {
	p := r.plan
	keys := r.txn.settings.keys()
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

// matches reports whether the row that r.env stands on passes the filter.
func (r *Rows) matches() (bool, error) {
	if r.filter == nil {
		return true, nil
	}
	ok, err := r.filter.Match(&r.env)
	return ok, evalError(err)
}

// openPoint looks up the one key there is, without a cursor.
func (r *Rows) openPoint(key []byte) error {
	// The key may be the caller's bytes, which are the caller's again when Query
	// returns.
	r.keyBytes = append(r.keyBytes[:0], key...)
	from, err := r.txn.readFrom(r.ctx)
	if err != nil {
		return err
	}
	found, err := r.lookUp(from)
	if err != nil || !found {
		return err
	}
	return r.showPoint()
}

// openLate looks up the one key there is, and visits it by a cursor if its value is long.
func (r *Rows) openLate(key []byte) error {
	r.keyBytes = append(r.keyBytes[:0], key...)
	from, err := r.txn.readFrom(r.ctx)
	if err != nil {
		return err
	}
	value, n, found, err := store.GetShort(r.ctx, from, r.valueBytes[:0], r.keyBytes, parser.LongValue-1)
	r.valueBytes = value
	switch {
	case err != nil || !found:
		return err
	case n >= parser.LongValue:
		return r.openScan()
	}
	if r.computes {
		r.env.SetPair(r.keyBytes, r.valueBytes)
	}
	return r.showPoint()
}

// showPoint makes the row that was looked up the result, unless OFFSET or the filter leaves it out.
func (r *Rows) showPoint() error {
	if r.offset > 0 {
		return nil
	}
	found, err := r.matches()
	if found {
		r.source = sourcePoint
	}
	return err
}

// lookUp looks r.keyBytes up. It loads the value only if the statement needs it.
func (r *Rows) lookUp(from store.Reader) (found bool, err error) {
	if r.plan.KeysOnly {
		n, found, err := from.ValueLen(r.ctx, r.keyBytes)
		if r.computes {
			r.env.SetKey(r.keyBytes, n)
		}
		return found, err
	}
	r.valueBytes, found, err = from.Get(r.ctx, r.valueBytes[:0], r.keyBytes)
	if r.computes {
		r.env.SetPair(r.keyBytes, r.valueBytes)
	}
	return found, err
}
