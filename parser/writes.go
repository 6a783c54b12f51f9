// SPDX-License-Identifier: Apache-2.0

package parser

func (c *compiler) insert(s *Insert) error {
	p := c.plan
	p.Op, p.ReadOnly, p.OnConflict = OpInsert, false, s.OnConflict
	p.SkipNull = s.OnConflict == Ignore
	if err := c.table(s.Into); err != nil {
		return err
	}
	key, value := 0, 1
	if s.Columns != nil {
		first, err := c.column(s.Columns[0])
		if err != nil {
			return err
		}
		second, err := c.column(s.Columns[1])
		if err != nil {
			return err
		}
		if first == second {
			return c.failName(s.Columns[1], "the column is named twice")
		}
		if first == ColumnValue {
			key, value = 1, 0
		}
	}
	c.scope = scopeNone
	p.Rows = make([][2]Operand, len(s.Rows))
	for i, row := range s.Rows {
		for j, at := range [2]int{key, value} {
			o, ok := operand(row[at]) // the usual case, without a node
			if !ok {
				n, err := c.value(row[at])
				if err != nil {
					return err
				}
				o, _ = keyOperand(n)
			}
			p.Rows[i][j] = o
		}
	}
	if u := s.Upsert; u != nil {
		if err := c.upsert(u); err != nil {
			return err
		}
	}
	c.scope = scopeRow
	return c.results(s.Returning, false)
}

// upsert compiles ON CONFLICT, which overrides OR.
func (c *compiler) upsert(u *Upsert) error {
	if u.Target != nil {
		kind, err := c.column(u.Target)
		if err != nil {
			return err
		}
		if kind != ColumnKey {
			return c.failName(u.Target, "", "key")
		}
	}
	if u.Set == nil {
		c.plan.OnConflict = Ignore
		return nil
	}
	c.plan.OnConflict = DoUpdate
	c.scope = scopeUpsert
	return c.set(u.Set)
}

// set compiles SET value = expression.
func (c *compiler) set(a *Assignment) error {
	kind, err := c.column(a.Column)
	if err != nil {
		return err
	}
	if kind != ColumnValue {
		return c.failName(a.Column, "a key cannot be changed; delete the row and insert another", "value")
	}
	n, err := c.value(a.Value)
	if err != nil {
		return err
	}
	c.plan.Set = &Formula{n}
	c.plan.KeysOnly = n.uses&usesValue == 0
	return nil
}

func (c *compiler) update(s *Update) error {
	p := c.plan
	p.Op, p.ReadOnly = OpUpdate, false
	if err := c.table(s.Table); err != nil {
		return err
	}
	if err := c.set(s.Set); err != nil {
		return err
	}
	if err := c.where(s.Where); err != nil {
		return err
	}
	// RETURNING shows the new value, which is known.
	p.KeysOnly = p.KeysOnly && c.used&usesValue == 0
	return c.results(s.Returning, false)
}

func (c *compiler) delete(s *Delete) error {
	p := c.plan
	p.Op, p.ReadOnly = OpDelete, false
	if err := c.table(s.From); err != nil {
		return err
	}
	if err := c.where(s.Where); err != nil {
		return err
	}
	if err := c.results(s.Returning, false); err != nil {
		return err
	}
	p.KeysOnly = c.used&usesValue == 0
	return nil
}
