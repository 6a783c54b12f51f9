// SPDX-License-Identifier: Apache-2.0

package session

import (
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// aggregate works out the aggregates of the plan. min and max look for the
// first row from the one end and from the other; only count(*) visits all.
func (r *Rows) aggregate() (err error) {
	t := &r.totals
	t.count, t.any = 0, false
	if r.bounds.Len() == 0 || r.limit == 0 {
		return nil
	}
	var counted, minimum, maximum bool
	for i := range r.plan.Columns {
		switch r.plan.Columns[i].Kind {
		case parser.ColumnCount:
			counted = true
		case parser.ColumnMin:
			minimum = true
		case parser.ColumnMax:
			maximum = true
		}
	}
	from, err := r.txn.readFrom(r.ctx)
	if err != nil {
		return err
	}
	// One aggregate of one range needs no state that stays.
	lone := r.bounds.Len() == 1 && !r.computes
	switch counter, counts := from.(store.RangeCounter); {
	case lone && counts && counted && !minimum && !maximum:
		t.count, err = r.walk.countOver(r.ctx, counter, &r.bounds, r.plan.KeysOnly)
		return err
	case lone && !counted && minimum != maximum:
		err = r.walk.openOver(r.ctx, from, &r.bounds, way{desc: maximum, keysOnly: r.plan.KeysOnly, limit: 1})
	default:
		err = r.walk.open(r.ctx, from)
	}
	if err != nil {
		return err
	}
	if minimum {
		t.first, t.any, err = r.end(t.first[:0], false)
	}
	if maximum && err == nil {
		t.last, t.any, err = r.end(t.last[:0], true)
	}
	if counted && err == nil {
		err = r.countAll()
	}
	return joinErrors(err, r.walk.close())
}

// end appends to dst the key of the first row in the given direction.
func (r *Rows) end(dst []byte, desc bool) (key []byte, any bool, err error) {
	limit := int64(-1)
	if r.filter == nil {
		limit = 1
	}
	r.walk.begin(&r.bounds, way{desc: desc, keysOnly: r.plan.KeysOnly, limit: limit})
	any, err = r.advance()
	if any {
		dst = append(dst, r.walk.key()...)
	}
	return dst, any, err
}

// countAll counts the rows in the intervals that pass the filter.
func (r *Rows) countAll() (err error) {
	if !r.computes {
		r.totals.count, err = r.walk.count(&r.bounds, r.plan.KeysOnly)
		return err
	}
	r.walk.begin(&r.bounds, way{keysOnly: r.plan.KeysOnly, limit: -1})
	for {
		ok, err := r.advance()
		if err != nil || !ok {
			return err
		}
		r.totals.count++
	}
}
