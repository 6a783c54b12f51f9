// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"strconv"
	"strings"
)

// String returns the condition as SQL with numbered parameters, or "" for every key.
func (e *KeyExpr) String() string {
	var p printer
	if e.root != nil {
		p.node(e.root, precOr)
	}
	for i, t := range e.terms {
		if i > 0 {
			p.word(" AND ")
		}
		p.comparison(t.op, t.operand)
	}
	return string(p.buf)
}

var keyOpNames = [...]string{keyEq: " = ", keyNe: " != ", keyLt: " < ", keyLe: " <= ", keyGt: " > ", keyGe: " >= ",
	keyGlob: " GLOB ", keyNotGlob: " NOT GLOB "}

func (p *printer) comparison(op keyOp, o Operand) {
	p.word("key" + keyOpNames[op])
	p.constant(o)
}

func (p *printer) constant(o Operand) {
	if o.formula != nil {
		p.operand(o.formula.root.source, precConcat)
		return
	}
	if o.Param > 0 {
		(&Param{Number: o.Param}).append(p)
		return
	}
	(&Literal{Value: o.Const}).append(p)
}

// node prints n, in parentheses if it is OR and least binds tighter.
func (p *printer) node(n *keyNode, least int) {
	switch n.op {
	case keyAnd, keyOr:
		prec, word := precAnd, " AND "
		if n.op == keyOr {
			prec, word = precOr, " OR "
		}
		if prec < least {
			p.word("(")
			defer p.word(")")
		}
		for i, kid := range n.kids {
			if i > 0 {
				p.word(word)
			}
			p.node(kid, prec+1)
		}
	case keyIn, keyNotIn:
		p.word("key")
		p.not(n.op == keyNotIn)
		p.word(" IN (")
		for i, o := range n.list {
			if i > 0 {
				p.word(", ")
			}
			p.constant(o)
		}
		p.word(")")
	case keyCond:
		if n.not {
			p.word("NOT ")
		}
		p.operand(n.cond.source, precPrimary)
	default:
		p.comparison(n.op, n.list[0])
	}
}

// String shows the interval in the usual notation, with bounds as SQL literals: a key
// alone in braces, else a bracket for an end that belongs to it and a parenthesis for one
// that does not. An end without a bound is a dash.
func (i *Interval) String() string { return i.format(sqlBytes) }

func (i *Interval) format(show func([]byte) string) string {
	if i.IsPoint() {
		return "{" + show(i.Lo) + "}"
	}
	var b strings.Builder
	b.WriteByte("[("[btoi(!i.HasLo || i.LoOpen)])
	b.WriteString(end(i.Lo, i.HasLo, show) + ", " + end(i.Hi, i.HasHi, show))
	b.WriteByte("])"[btoi(!i.HasHi || i.HiOpen)])
	return b.String()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func end(key []byte, has bool, show func([]byte) string) string {
	if !has {
		return "-"
	}
	return show(key)
}

func sqlBytes(b []byte) string {
	var p printer
	(&Literal{Value: Value{Kind: Bytes, Bytes: b}}).append(&p)
	return string(p.buf)
}

// String returns the operand as SQL.
func (o Operand) String() string {
	var p printer
	p.constant(o)
	return string(p.buf)
}

// String returns the action's word.
func (a Action) String() string {
	names := [...]string{Replace: "replace", Ignore: "ignore", Abort: "abort", DoUpdate: "update"}
	if int(a) < len(names) {
		return names[a]
	}
	return "Action(" + strconv.Itoa(int(a)) + ")"
}
