// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// insert writes the rows of p in their order and returns how many it wrote.
func (w *writer) insert(ctx context.Context, tx store.Tx, p *parser.Plan, args []parser.Value) (int64, error) {
	var n int64
	var steps uint
	base := len(w.scratch) // below it are arguments
	for i := range p.Rows {
		if err := done(ctx, &steps); err != nil {
			return 0, err
		}
		w.scratch = w.scratch[:base]
		wrote, err := w.insertRow(ctx, tx, p, &p.Rows[i], args)
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
func (w *writer) insertRow(
	ctx context.Context, tx store.Tx, p *parser.Plan, row *[2]parser.Operand, args []parser.Value,
) (wrote bool, err error) {
	w.inEnv.SetPair(nil, nil)
	key, null, err := w.insertedKey(&row[0], args)
	if err != nil {
		return false, err
	}
	var value []byte
	if !null {
		if value, null, err = w.insertedValue(&row[1], args); err != nil {
			return false, err
		}
	}
	if null {
		if p.SkipNull {
			return false, nil
		}
		return false, w.nullError("insert", key)
	}
	if p.OnConflict != parser.Replace {
		// The old value is looked at only where it may be needed.
		exists, err := w.setRow(ctx, tx, key, p.OnConflict != parser.DoUpdate || p.KeysOnly)
		switch {
		case err != nil:
			return false, err
		case !exists:
		case p.OnConflict == parser.Ignore:
			return false, nil
		case p.OnConflict == parser.DoUpdate:
			w.env.SetExcluded(key, value)
			return true, w.putSet(ctx, tx, p, "insert", key)
		default:
			return false, &errs.Error{Code: errs.CodeConstraint, Op: "insert",
				Detail: fmt.Sprintf("the key %s exists", w.settings.KeyType.quote(key))}
		}
	}
	return true, w.put(ctx, tx, p, key, value)
}

// insertedKey returns a key, which is valid until the next row.
func (w *writer) insertedKey(o *parser.Operand, args []parser.Value) (key []byte, null bool, err error) {
	keys := w.settings.keys()
	f := o.Formula()
	if f == nil {
		key, err = o.Key(args, keys, &w.scratch)
		return key, false, bindError(err)
	}
	v, err := f.Eval(&w.inEnv)
	if err != nil || v.Kind == parser.Null {
		return nil, true, evalError(err)
	}
	if keys == nil { // Check has refused numbers
		return v.Bytes, false, nil
	}
	start := len(w.scratch)
	b, err := keys.Key(w.scratch, v)
	if err != nil {
		return nil, false, bindError(err)
	}
	w.scratch = b
	return b[start:len(b):len(b)], false, nil
}

// insertedValue returns what is to be stored, which is valid until the next row.
func (w *writer) insertedValue(o *parser.Operand, args []parser.Value) (value []byte, null bool, err error) {
	v := parser.Value{}
	if f := o.Formula(); f == nil {
		v = o.Value(args)
	} else if v, err = f.Eval(&w.inEnv); err != nil || v.Kind == parser.Null {
		return nil, true, evalError(err)
	}
	return storedBytes(v, &w.scratch), false, nil
}

// put writes a row and shows it to RETURNING.
func (w *writer) put(ctx context.Context, tx store.Tx, p *parser.Plan, key, value []byte) error {
	if err := tx.Put(ctx, key, value); err != nil || !w.collect || len(p.Columns) == 0 {
		return err
	}
	w.outEnv.SetPair(key, value)
	return w.returning(p, &w.outEnv)
}

// putSet computes p.Set for the row that w.env stands on and writes it.
func (w *writer) putSet(ctx context.Context, tx store.Tx, p *parser.Plan, op string, key []byte) error {
	v, err := p.Set.Eval(&w.env)
	switch {
	case err != nil:
		return evalError(err)
	case v.Kind == parser.Null:
		return w.nullError(op, key)
	}
	return w.put(ctx, tx, p, key, storedBytes(v, &w.scratch))
}

// get returns the value of key, which is valid until the next call.
func (w *writer) get(ctx context.Context, r store.Reader, key []byte) (value []byte, found bool, err error) {
	value, found, err = r.Get(ctx, w.value[:0], key)
	w.value = keep(value)
	return value, found, err
}

func (w *writer) nullError(op string, key []byte) error {
	if key == nil {
		return &errs.Error{Code: errs.CodeConstraint, Op: op, Detail: "the key is NULL, which cannot be stored"}
	}
	return &errs.Error{Code: errs.CodeConstraint, Op: op,
		Detail: fmt.Sprintf("the value for the key %s is NULL, which cannot be stored", w.settings.KeyType.quote(key))}
}
