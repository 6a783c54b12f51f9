// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

// returning adds the row that e stands on to what RETURNING returns.
func (w *writer) returning(p *parser.Plan, e *parser.Env) error {
	row := make([]driver.Value, len(p.Columns))
	for i := range p.Columns {
		col := &p.Columns[i]
		switch col.Kind {
		case parser.ColumnKey:
			var err error
			if row[i], err = w.settings.KeyType.copied(e.Key()); err != nil {
				return err
			}
		case parser.ColumnValue:
			value, err := e.Value()
			if err != nil {
				return err
			}
			if row[i], err = w.settings.ValueType.copied(value); err != nil {
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
				row[i], _ = w.settings.ValueType.copied(v.Bytes)
			} else {
				row[i] = numberResult(v)
			}
		}
	}
	w.returned = append(w.returned, row)
	return nil
}
