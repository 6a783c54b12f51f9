package lsmlite

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/lsmlite/lsmlite-go/parser"
)

// change is UPDATE, and DELETE row by row. The rows are those of c.bounds that pass
// c.filter, in the order of their keys; it returns how many there are. What it writes
// does not change what its cursor sees.
func (c *conn) change(ctx context.Context, tx storeTx, p *parser.Plan) (n int64, err error) {
	if c.bounds.Len() == 1 && c.bounds.At(0).IsPoint() && !loadsLate(p, c.filter) {
		found, err := c.setRow(tx, c.bounds.At(0).Lo, p.KeysOnly)
		if err != nil || !found {
			return 0, err
		}
		return c.changeRow(tx, p)
	}
	cur, err := tx.Cursor()
	if err != nil {
		return 0, err
	}
	defer func() { err = joinErrors(err, cur.Close()) }()
	var steps uint
	base := len(c.scratch)
	for i := range c.bounds.Len() {
		iv := c.bounds.At(i)
		for ok := firstIn(cur, iv); ok; ok = nextIn(cur, iv) {
			if err := done(ctx, &steps); err != nil {
				return 0, err
			}
			c.scratch = c.scratch[:base]
			c.env.SetRow(cur.Key(), cur)
			changed, err := c.changeRow(tx, p)
			if err != nil {
				return 0, err
			}
			n += changed
		}
		if err := cur.Err(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// setRow makes the row of key the one that c.env stands on, if there is one. Its value is
// loaded unless its length is enough.
func (c *conn) setRow(tx storeTx, key []byte, keysOnly bool) (found bool, err error) {
	if keysOnly {
		n, found, err := tx.ValueLen(key)
		c.env.SetKey(key, n)
		return found, err
	}
	value, found, err := c.get(tx, key)
	c.env.SetPair(key, value)
	return found, err
}

// changeRow changes the row that c.env stands on, if it passes the filter, and returns
// 1 then.
func (c *conn) changeRow(tx storeTx, p *parser.Plan) (int64, error) {
	if c.filter != nil {
		if ok, err := c.filter.Match(&c.env); err != nil || !ok {
			return 0, evalError(err)
		}
	}
	if p.Op == parser.OpUpdate {
		return 1, c.putSet(tx, p, "update", c.env.Key())
	}
	if c.collect && len(p.Columns) > 0 { // while the row is there
		if err := c.returning(p, &c.env); err != nil {
			return 0, err
		}
	}
	return 1, tx.Delete(c.env.Key())
}

// openReturning runs a statement that writes, all of it, and keeps the rows of its
// RETURNING.
func (r *rows) openReturning(p *parser.Plan) error {
	r.begin(p)
	c := r.conn
	c.collect = true
	defer func() { c.collect, c.returned = false, nil }()
	_, err := c.write(r.ctx, p, r.values)
	if err == nil && len(p.Columns) > 0 {
		r.source, r.returned, r.row = sourceReturned, c.returned, 0
	}
	return err
}

// returning adds the row that e stands on to what RETURNING returns.
func (c *conn) returning(p *parser.Plan, e *parser.Env) error {
	row := make([]driver.Value, len(p.Columns))
	for i := range p.Columns {
		col := &p.Columns[i]
		switch col.Kind {
		case parser.ColumnKey:
			var err error
			if row[i], err = c.cfg.KeyType.copied(e.Key()); err != nil {
				return err
			}
		case parser.ColumnValue:
			value, err := e.Value()
			if err != nil {
				return err
			}
			if row[i], err = c.cfg.ValueType.copied(value); err != nil {
				return err
			}
		default:
			v := parser.Value{}
			if col.Kind == parser.ColumnFormula {
				var err error
				if v, err = col.Formula.Eval(e); err != nil {
					return evalError(err)
				}
			} else {
				v = col.Operand.Value(e.Args)
			}
			if v.Kind == parser.Bytes {
				row[i], _ = c.cfg.ValueType.copied(v.Bytes)
			} else {
				row[i] = numberResult(v)
			}
		}
	}
	c.returned = append(c.returned, row)
	return nil
}

// copied returns bytes as results of type t are returned, in memory of their own.
func (t DataType) copied(b []byte) (driver.Value, error) {
	switch {
	case t == TypeText:
		return string(b), nil
	case t == TypeTime:
		return timeOrText(b), nil
	case t.numeric():
		v, err := keyTypes[t].Decode(b)
		if err != nil {
			return nil, err
		}
		if t.unsigned() {
			return uint64(v.Int), nil
		}
		return v.Int, nil
	}
	return append([]byte{}, b...), nil
}

// explain returns the rows of EXPLAIN.
func explain(ctx context.Context, p *parser.Plan, args []parser.Value, keys *parser.KeyType) (*table, error) {
	steps, err := p.Explain(ctx, args, keys)
	if err != nil {
		return nil, bindError(err)
	}
	t := &table{columns: slices.Clone(parser.ExplainColumns[:])}
	for _, s := range steps {
		t.rows = append(t.rows, []driver.Value{s.Number, s.Action, s.Detail, s.Hex})
	}
	return t, nil
}
