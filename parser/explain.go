// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
)

// ExplainColumns are the names of the columns that EXPLAIN returns, in the order of the
// fields of Step.
var ExplainColumns = [...]string{"step", "action", "detail", "hex"}

// Step is a row of EXPLAIN.
type Step struct {
	// Number counts the steps from 1.
	Number int64
	// Action is one of: scan, count, min, max (visit what the intervals select), row (the
	// one row of a SELECT that reads no table), nothing, interval, filter, set, insert,
	// update, delete, on conflict, return, limit, offset.
	Action string
	// Detail says more. For an interval it is Interval.String, with numbers for bounds if
	// keys are numbers.
	Detail string
	// Hex is an interval with its bounds in hexadecimal, else empty.
	Hex string
}

// Explain returns how an OpExplain plan's statement would run under args, where args[n-1] is
// parameter n and keys is what keys are, as in KeyExpr.Bind. It fails as Check and Bind do. When
// ctx ends, which may be nil for one that does not, it fails with its error.
func (p *Plan) Explain(ctx context.Context, args []Value, keys *KeyType) ([]Step, error) {
	q := p.Explained
	if err := q.Check(args, keys); err != nil {
		return nil, err
	}
	b := Bounds{Ctx: ctx}
	if err := q.Keys.Bind(&b, args, keys); err != nil {
		return nil, err
	}
	limit, offset, err := q.LimitOffset(args)
	if err != nil {
		return nil, err
	}
	var s steps
	switch {
	case q.Op == OpInsert:
		s.insert(q)
	case b.Len() == 0 && !q.Aggregate:
		s.add("nothing", "no row qualifies")
	case !q.Table && q.Op == OpSelect:
		s.add("row", "computed without the table")
	default:
		s.visit(q, &b, args, keys)
	}
	if q.Op == OpSelect {
		if q.HasLimit && limit >= 0 {
			s.add("limit", strconv.FormatInt(limit, 10))
		}
		if q.HasOffset {
			s.add("offset", strconv.FormatInt(offset, 10))
		}
	} else if len(q.Columns) > 0 {
		s.add("return", columnNames(q.Columns))
	}
	return s, nil
}

type steps []Step

func (s *steps) add(action, detail string) {
	*s = append(*s, Step{Number: int64(len(*s) + 1), Action: action, Detail: detail})
}

func (s *steps) insert(p *Plan) {
	s.add("insert", plural(len(p.Rows), "row"))
	detail := p.OnConflict.String()
	if p.Set != nil {
		detail += " SET value = " + p.Set.String()
	}
	s.add("on conflict", detail)
}

// visit shows a walk over intervals and what is done on the way.
func (s *steps) visit(p *Plan, b *Bounds, args []Value, keys *KeyType) {
	filter := p.Filter != nil && p.Filter.Needed(args)
	values := "keys only"
	if !p.KeysOnly {
		values = "keys and values"
	}
	direction := "forward"
	if p.Desc {
		direction = "backward"
	}
	if p.Aggregate {
		for _, c := range p.Columns {
			switch c.Kind {
			case ColumnMin:
				s.add("min", "first key, "+values)
			case ColumnMax:
				s.add("max", "last key, "+values)
			default:
				s.add("count", "forward, "+values)
			}
		}
	} else {
		s.add("scan", direction+", "+values)
	}
	for i := range b.Len() {
		if p.Desc && !p.Aggregate {
			i = b.Len() - 1 - i
		}
		iv := b.At(i)
		s.add("interval", iv.format(keys.show))
		(*s)[len(*s)-1].Hex = iv.format(hexBytes)
	}
	if filter {
		s.add("filter", p.Filter.String())
	}
	switch p.Op {
	case OpUpdate:
		s.add("update", "SET value = "+p.Set.String())
	case OpDelete:
		if filter || len(p.Columns) > 0 {
			s.add("delete", "row by row")
		} else {
			s.add("delete", "by interval")
		}
	}
}

func plural(n int, what string) string {
	s := strconv.Itoa(n) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}

func columnNames(list []Column) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return strings.Join(names, ", ")
}

func hexBytes(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// show writes a bound that Encode has made.
func (k *KeyType) show(key []byte) string {
	if k.numeric() {
		if v, err := k.Decode(key); err == nil {
			return string(v.AppendText(nil))
		}
	}
	return sqlBytes(key)
}
