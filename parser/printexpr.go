// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plain reports whether s is a name without quotes.
func plain(s string) bool {
	for i := range len(s) {
		c := classes[s[i]]
		if s[i] >= 0x80 || c&idPart == 0 || i == 0 && c&idStart == 0 {
			return false
		}
	}
	upper := upperASCII(s)
	return s != "" && !reserved[upper] && upper != "CAST" // cast(…) is no call
}

func (p *printer) name(n *Name) {
	if plain(n.Text) {
		p.word(n.Text)
		return
	}
	p.word(`"` + strings.ReplaceAll(n.Text, `"`, `""`) + `"`)
}

func (p *printer) text(s string) {
	p.word("'" + strings.ReplaceAll(s, "'", "''") + "'")
}

// operand prints e, in parentheses if it binds less tight than least.
func (p *printer) operand(e Expr, least int) {
	if precedence(e) >= least {
		e.append(p)
		return
	}
	p.list([]Expr{e})
}

func (p *printer) list(list []Expr) {
	p.word("(")
	for i, e := range list {
		if i > 0 {
			p.word(", ")
		}
		e.append(p)
	}
	p.word(")")
}

func (e *Literal) append(p *printer) {
	switch v := e.Value; v.Kind {
	case Int:
		p.buf = strconv.AppendInt(p.buf, v.Int, 10)
	case Uint:
		p.buf = strconv.AppendUint(p.buf, uint64(v.Int), 10)
	case Real:
		switch {
		case math.IsInf(v.Real, 1):
			p.word("9e999")
		case math.IsInf(v.Real, -1):
			p.word("-9e999")
		default:
			p.buf = strconv.AppendFloat(p.buf, v.Real, 'e', -1, 64) // with an e it stays a real
		}
	default:
		if utf8.Valid(v.Bytes) && !strings.Contains(string(v.Bytes), "\x00") {
			p.text(string(v.Bytes))
			return
		}
		p.word("x'" + hex.EncodeToString(v.Bytes) + "'")
	}
}

func (e *Param) append(p *printer) {
	if e.Name != "" {
		p.word(e.Name)
		return
	}
	p.word("?")
	p.buf = strconv.AppendInt(p.buf, int64(e.Number), 10)
}

func (e *ColumnRef) append(p *printer) {
	if e.Table != nil {
		p.name(e.Table)
		p.word(".")
	}
	p.name(e.Name)
}

func (e *Unary) append(p *printer) {
	p.word(e.Op)
	if e.Op == "NOT" {
		p.word(" ")
		p.operand(e.X, precNot)
		return
	}
	// A sign right before a number would become part of it, and -- begins a comment.
	if l, ok := e.X.(*Literal); ok && l.Value.Kind != Bytes {
		p.list([]Expr{l})
		return
	}
	p.operand(e.X, precPrimary)
}

func (p *printer) not(not bool) {
	if not {
		p.word(" NOT")
	}
}

func (e *Binary) append(p *printer) {
	prec := precedences[e.Op]
	p.operand(e.X, prec)
	p.not(e.Not)
	p.word(" " + e.Op + " ")
	p.operand(e.Y, prec+1)
	if e.Escape != nil {
		p.word(" ESCAPE ")
		p.operand(e.Escape, precCompare)
	}
}

func (e *Logic) append(p *printer) {
	prec, op := precAnd, " AND "
	if e.Or {
		prec, op = precOr, " OR "
	}
	for i, arg := range e.Args {
		if i > 0 {
			p.word(op)
		}
		p.operand(arg, prec+1)
	}
}

func (e *Between) append(p *printer) {
	p.operand(e.X, precEqual)
	p.not(e.Not)
	p.word(" BETWEEN ")
	p.operand(e.Lo, precCompare)
	p.word(" AND ")
	p.operand(e.Hi, precCompare)
}

func (e *In) append(p *printer) {
	p.operand(e.X, precEqual)
	p.not(e.Not)
	p.word(" IN ")
	p.list(e.List)
}

func (e *Call) append(p *printer) {
	p.name(e.Name)
	if e.Star {
		p.word("(*)")
		return
	}
	p.list(e.Args)
}

func (e *Cast) append(p *printer) {
	p.word("CAST(")
	e.X.append(p)
	p.word(" AS " + e.Type + ")")
}
