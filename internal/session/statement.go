// SPDX-License-Identifier: Apache-2.0

package session

import "github.com/lsmlite/lsmlite-go/parser"

// start runs a statement as far as needed to know that it works: a statement that
// writes or controls is complete, a SELECT stands before its first row.
func (r *Rows) start(p *parser.Plan) error {
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
	return r.txn.control(r.ctx, p)
}

// begin forgets the result set before.
func (r *Rows) begin(p *parser.Plan) {
	r.plan, r.source, r.table, r.returned, r.row = p, sourceNone, nil, nil, 0
}

// open prepares the rows of a SELECT, EXPLAIN or PRAGMA.
func (r *Rows) open(p *parser.Plan) (err error) {
	r.begin(p)
	switch p.Op {
	case parser.OpPragma:
		r.table, err = r.runPragma(&p.Pragma)
	case parser.OpExplain:
		r.table, err = explain(r.ctx, p, r.values, r.txn.settings.keys())
	default:
		return r.openSelect(p)
	}
	if err == nil {
		r.source = sourceTable
	}
	return err
}

// openReturning runs a statement that writes, all of it, and keeps the rows of its
// RETURNING.
func (r *Rows) openReturning(p *parser.Plan) error {
	r.begin(p)
	w := r.writer
	w.collect = true
	defer func() { w.collect, w.returned = false, nil }()
	_, err := w.write(r.ctx, p, r.values)
	if err == nil && len(p.Columns) > 0 {
		r.source, r.returned = sourceReturned, w.returned
	}
	return err
}

// needsArguments reports whether the arguments are still to be used when Query has
// returned, and they may be the caller's bytes, which are the caller's again then.
func (r *Rows) needsArguments() bool {
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
