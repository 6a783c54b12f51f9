package lsmlite

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

// exec binds the arguments of a text and runs all its statements.
func (c *conn) exec(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (driver.Result, error) {
	c.scratch = keep(c.scratch)
	values, err := bindArguments(c.args[:0], &c.scratch, plans, args)
	defer c.forgetArguments()
	c.args = values
	if err == nil {
		err = c.checkAll(plans, values)
	}
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for i, p := range plans {
		if i > 0 { // the caller has looked already
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if n, err = c.execPlan(ctx, p, values); err != nil {
			return nil, err
		}
	}
	return result(n), nil
}

// checkAll refuses arguments that one of several statements cannot take, before the first
// of them runs. A single statement does that itself.
func (c *conn) checkAll(plans []*parser.Plan, args []parser.Value) error {
	if len(plans) < 2 {
		return nil
	}
	for _, p := range plans {
		if err := p.Check(args, c.keys()); err != nil {
			return bindError(err)
		}
	}
	return nil
}

// forgetArguments lets go of the caller's bytes.
func (c *conn) forgetArguments() {
	clear(c.args)
	c.args = c.args[:0]
}

// execPlan runs one statement whose rows, if it has any, nobody wants. It returns the
// number of rows written.
func (c *conn) execPlan(ctx context.Context, p *parser.Plan, args []parser.Value) (int64, error) {
	switch p.Op {
	case parser.OpInsert, parser.OpUpdate, parser.OpDelete:
		return c.write(ctx, p, args)
	case parser.OpSelect, parser.OpPragma, parser.OpExplain:
		return 0, c.discard(ctx, p, args)
	}
	return 0, c.control(ctx, p)
}

// discard runs a query for its errors.
func (c *conn) discard(ctx context.Context, p *parser.Plan, args []parser.Value) (err error) {
	r := c.newRows(ctx)
	buffer := r.values
	defer func() {
		r.values = buffer
		err = joinErrors(err, r.Close())
	}()
	// The arguments stay what they are until the rows are closed. They are those of all
	// statements of the text, so that a copy for each would be too much.
	r.values, r.owned = args, true
	return r.open(p)
}

// control runs a statement that has neither rows nor counts.
func (c *conn) control(ctx context.Context, p *parser.Plan) error {
	switch p.Op {
	case parser.OpCreate:
		return c.pin(ctx) // it looks whether the table is there
	case parser.OpBegin:
		state := txnWriting
		switch p.TxMode {
		case parser.TxDefault:
			state = c.defaultState()
		case parser.TxDeferred:
			state = txnDeferred
		}
		return c.beginTxn(ctx, state, 2)
	case parser.OpCommit:
		return c.commitTxn(ctx)
	case parser.OpRollback:
		return c.rollbackTxn()
	case parser.OpSavepoint:
		return c.savepoint(ctx, p.Savepoint)
	case parser.OpRelease:
		return c.releaseSavepoint(ctx, p.Savepoint)
	case parser.OpRollbackTo:
		return c.rollbackToSavepoint(p.Savepoint)
	}
	return misusef("exec", "this version cannot run: %s", p.Text)
}

// result is the number of rows that a statement wrote.
type result int64

// uncounted is the result of a DELETE that did not count.
const uncounted result = -1

// LastInsertId always fails: rows have no number, they have a key.
func (r result) LastInsertId() (int64, error) {
	return 0, misusef("LastInsertId", "there is none: a row is named by its key")
}

// RowsAffected returns the number of rows written.
func (r result) RowsAffected() (int64, error) {
	if r == uncounted {
		return 0, misusef("RowsAffected", "the rows were not counted, because count_deletes is off")
	}
	return int64(r), nil
}
