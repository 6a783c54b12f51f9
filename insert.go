package lsmlite

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/parser"
)

// insert writes the rows of p in their order and returns how many it wrote.
func (c *conn) insert(ctx context.Context, tx storeTx, p *parser.Plan, args []parser.Value) (int64, error) {
	var n int64
	var steps uint
	base := len(c.scratch) // below it are arguments
	for i := range p.Rows {
		if err := done(ctx, &steps); err != nil {
			return 0, err
		}
		c.scratch = c.scratch[:base]
		wrote, err := c.insertRow(tx, p, &p.Rows[i], args)
		if err != nil {
			return 0, err
		}
		if wrote {
			n++
		}
	}
	return n, nil
}

// insertRow writes one row, unless the statement says that it is to be left out.
func (c *conn) insertRow(tx storeTx, p *parser.Plan, row *[2]parser.Operand, args []parser.Value) (wrote bool, err error) {
	c.inEnv.SetPair(nil, nil)
	key, null, err := c.insertedKey(&row[0], args)
	if err != nil {
		return false, err
	}
	var value []byte
	if !null {
		if value, null, err = c.insertedValue(&row[1], args); err != nil {
			return false, err
		}
	}
	if null {
		if p.SkipNull {
			return false, nil
		}
		return false, c.nullError("insert", key)
	}
	if p.OnConflict != parser.Replace {
		// The old value is looked at only where it may be needed.
		exists, err := c.setRow(tx, key, p.OnConflict != parser.DoUpdate || p.KeysOnly)
		switch {
		case err != nil:
			return false, err
		case !exists:
		case p.OnConflict == parser.Ignore:
			return false, nil
		case p.OnConflict == parser.DoUpdate:
			c.env.SetExcluded(key, value)
			return true, c.putSet(tx, p, "insert", key)
		default:
			return false, &Error{Code: CodeConstraint, Op: "insert",
				Detail: fmt.Sprintf("the key %s exists", c.quoteKey(key))}
		}
	}
	return true, c.put(tx, p, key, value)
}

// insertedKey returns a key, which is valid until the next row.
func (c *conn) insertedKey(o *parser.Operand, args []parser.Value) (key []byte, null bool, err error) {
	keys := c.keys()
	f := o.Formula()
	if f == nil {
		key, err = o.Key(args, keys, &c.scratch)
		return key, false, bindError(err)
	}
	v, err := f.Eval(&c.inEnv)
	if err != nil || v.Kind == parser.Null {
		return nil, true, evalError(err)
	}
	if keys == nil { // Check has refused numbers
		return v.Bytes, false, nil
	}
	start := len(c.scratch)
	b, err := keys.Key(c.scratch, v)
	if err != nil {
		return nil, false, bindError(err)
	}
	c.scratch = b
	return b[start:len(b):len(b)], false, nil
}

// insertedValue returns what is to be stored, which is valid until the next row.
func (c *conn) insertedValue(o *parser.Operand, args []parser.Value) (value []byte, null bool, err error) {
	v := parser.Value{}
	if f := o.Formula(); f == nil {
		v = o.Value(args)
	} else if v, err = f.Eval(&c.inEnv); err != nil || v.Kind == parser.Null {
		return nil, true, evalError(err)
	}
	return storedBytes(v, &c.scratch), false, nil
}

// put writes a row and shows it to RETURNING.
func (c *conn) put(tx storeTx, p *parser.Plan, key, value []byte) error {
	if err := tx.Put(key, value); err != nil || !c.collect || len(p.Columns) == 0 {
		return err
	}
	c.outEnv.SetPair(key, value)
	return c.returning(p, &c.outEnv)
}

// putSet computes p.Set for the row that c.env stands on and writes it.
func (c *conn) putSet(tx storeTx, p *parser.Plan, op string, key []byte) error {
	v, err := p.Set.Eval(&c.env)
	switch {
	case err != nil:
		return evalError(err)
	case v.Kind == parser.Null:
		return c.nullError(op, key)
	}
	return c.put(tx, p, key, storedBytes(v, &c.scratch))
}

// get returns the value of key, which is valid until the next call.
func (c *conn) get(r storeReader, key []byte) (value []byte, found bool, err error) {
	value, found, err = r.Get(c.value[:0], key)
	c.value = keep(value)
	return value, found, err
}

func (c *conn) nullError(op string, key []byte) error {
	if key == nil {
		return &Error{Code: CodeConstraint, Op: op, Detail: "the key is NULL, which cannot be stored"}
	}
	return &Error{Code: CodeConstraint, Op: op,
		Detail: fmt.Sprintf("the value for the key %s is NULL, which cannot be stored", c.quoteKey(key))}
}
