// SPDX-License-Identifier: Apache-2.0

package parser

// String returns SQL that parses to the same tree, in one canonical form: keywords in
// upper case, no parentheses that precedence makes needless, ?NNN for a parameter
// without a name.
func (s *Statement) String() string {
	var p printer
	switch {
	case s.Explain:
		p.word("EXPLAIN ")
	case s.QueryPlan:
		p.word("EXPLAIN QUERY PLAN ")
	}
	s.Body.append(&p)
	return string(p.buf)
}

// clause prints a keyword and a name, or nothing without the name.
func (p *printer) clause(keyword string, n *Name) {
	if n != nil {
		p.word(keyword)
		p.name(n)
	}
}

// condition prints a keyword and an expression, or nothing without the expression.
func (p *printer) condition(keyword string, e Expr) {
	if e != nil {
		p.word(keyword)
		e.append(p)
	}
}

func (p *printer) results(keyword string, list []Result) {
	for i, r := range list {
		if i > 0 {
			keyword = ", "
		}
		p.word(keyword)
		if r.Expr == nil {
			p.word("*")
		} else {
			r.Expr.append(p)
		}
		p.clause(" AS ", r.Alias)
	}
}

func (s *Select) append(p *printer) {
	p.results("SELECT ", s.Results)
	p.clause(" FROM ", s.From)
	p.condition(" WHERE ", s.Where)
	if s.OrderBy != nil {
		p.word(" ORDER BY ")
		s.OrderBy.append(p)
		if s.Desc {
			p.word(" DESC")
		}
	}
	p.condition(" LIMIT ", s.Limit)
	p.condition(" OFFSET ", s.Offset)
}

func (s *Insert) append(p *printer) {
	p.word("INSERT")
	if s.Or {
		p.word([...]string{Replace: " OR REPLACE", Ignore: " OR IGNORE", Abort: " OR ABORT"}[s.OnConflict])
	}
	p.clause(" INTO ", s.Into)
	if s.Columns != nil {
		p.word(" (")
		p.name(s.Columns[0])
		p.word(", ")
		p.name(s.Columns[1])
		p.word(")")
	}
	p.word(" VALUES ")
	for i, row := range s.Rows {
		if i > 0 {
			p.word(", ")
		}
		p.list(row[:])
	}
	if u := s.Upsert; u != nil {
		p.word(" ON CONFLICT")
		if u.Target != nil {
			p.word(" (")
			p.name(u.Target)
			p.word(")")
		}
		if u.Set == nil {
			p.word(" DO NOTHING")
		} else {
			p.assignment(" DO UPDATE SET ", u.Set)
		}
	}
	p.results(" RETURNING ", s.Returning)
}

func (p *printer) assignment(keyword string, a *Assignment) {
	p.clause(keyword, a.Column)
	p.condition(" = ", a.Value)
}

func (s *Update) append(p *printer) {
	p.word("UPDATE")
	p.clause(" ", s.Table)
	p.assignment(" SET ", s.Set)
	p.condition(" WHERE ", s.Where)
	p.results(" RETURNING ", s.Returning)
}

func (s *Delete) append(p *printer) {
	p.word("DELETE")
	p.clause(" FROM ", s.From)
	p.condition(" WHERE ", s.Where)
	p.results(" RETURNING ", s.Returning)
}

func (s *PragmaCommand) append(p *printer) {
	p.clause("PRAGMA ", s.Name)
	if s.Form == PragmaAssign {
		p.word(" = ")
	}
	if s.Form == PragmaCall {
		p.word("(")
	}
	for i, a := range s.Args {
		if i > 0 {
			p.word(", ")
		}
		if a.Number {
			p.word(a.Text)
		} else {
			p.text(a.Text)
		}
	}
	if s.Form == PragmaCall {
		p.word(")")
	}
}

func (s *CreateTable) append(p *printer) {
	p.clause("CREATE TABLE IF NOT EXISTS ", s.Table)
	p.clause(" (", s.Key)
	p.clause(" BLOB NOT NULL, ", s.Value)
	p.clause(" BLOB NOT NULL, PRIMARY KEY (", s.Target)
	p.word(") ON CONFLICT REPLACE) WITHOUT ROWID")
}

func (s *Transaction) append(p *printer) {
	switch s.Op {
	case OpBegin:
		p.word("BEGIN")
		p.word([...]string{"", " DEFERRED", " IMMEDIATE", " EXCLUSIVE"}[s.Mode])
	case OpCommit:
		p.word("COMMIT")
	case OpRollback:
		p.word("ROLLBACK")
	case OpRollbackTo:
		p.clause("ROLLBACK TO SAVEPOINT ", s.Name)
	case OpSavepoint:
		p.clause("SAVEPOINT ", s.Name)
	case OpRelease:
		p.clause("RELEASE SAVEPOINT ", s.Name)
	}
}
