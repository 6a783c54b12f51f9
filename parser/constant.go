// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

// constant makes the literal or parameter that a token is. The sign before it, if there is
// one, belongs to a number. The literal is made in *l.
func (b *builder) constant(t, sign *token, l *Literal) (Expr, error) {
	at := t.place()
	switch t.text[0] {
	case '?', ':', '@', '$':
		n, err := b.number(t.text, at.start)
		if err != nil {
			return nil, err
		}
		p := &Param{place: at, Number: n}
		if t.text[0] != '?' {
			p.Name = t.text
		}
		return p, nil
	}
	b.literalBytes += len(t.text)
	l.place = at
	switch t.text[0] {
	case '\'':
		l.Value = Value{Kind: Bytes, Bytes: []byte(unquote(t.text))}
		return l, nil
	case 'x', 'X':
		raw, err := hex.DecodeString(t.text[2 : len(t.text)-1]) // no error: the digits were seen
		l.Value = Value{Kind: Bytes, Bytes: raw}
		return l, err
	}
	minus, shown := false, ""
	if sign != nil {
		minus, l.start = sign.text == "-", int(sign.start)
	}
	if minus {
		shown = "-"
	}
	v, ok := numberToken{t.text, minus, b.unsigned}.value()
	if !ok {
		return nil, b.fail(l.start, l.end, "an integer outside the range of 64 bits: "+shown+cutEnd(t.text, maxTokenBytes))
	}
	l.Value = v
	return l, nil
}

// values makes the expressions of tokens that are values, signs before them, and marks
// between them.
func (b *builder) values(tokens []token) ([]Expr, error) {
	n := 0
	for i := range tokens {
		if tokens[i].kind == tokValue {
			n++
		}
	}
	list := make([]Expr, 0, n)
	literals := make([]Literal, n) // many at once
	var sign *token
	for i := range tokens {
		t := &tokens[i]
		if t.kind != tokValue {
			sign = nil
			if t.kind == tokInfix {
				sign = t
			}
			continue
		}
		x, err := b.constant(t, sign, &literals[len(list)])
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// number returns the number of a parameter, as SQLite gives it.
func (b *builder) number(token string, at int) (int, error) {
	n := len(b.names) + 1
	if token[0] == '?' && len(token) > 1 {
		var err error
		if n, err = strconv.Atoi(token[1:]); err != nil || n < 1 || n > MaxParams {
			return 0, b.fail(at, at+len(token), "the number of a parameter must be between ?1 and ?"+strconv.Itoa(MaxParams))
		}
	} else if known, ok := b.numbers[token]; ok {
		return known, nil
	}
	if n > MaxParams {
		return 0, b.fail(at, at+len(token), "more than "+strconv.Itoa(MaxParams)+" parameters")
	}
	for len(b.names) < n {
		b.names = append(b.names, "")
	}
	if token[0] != '?' {
		if b.numbers == nil {
			b.numbers = map[string]int{}
		}
		b.numbers[token] = n
		b.names[n-1] = token[1:]
	}
	return n, nil
}

// numberToken is a number with what stands around it.
type numberToken struct {
	text     string
	negative bool // after a minus
	unsigned bool // where an integer may be as large as 64 bits without a sign hold
}

// value reads the number. It is false if that is an integer that 64 bits do not hold. A
// hexadecimal integer is the bits it shows, as in SQLite; if it is unsigned it is the number it
// shows, and a decimal one may be as large.
func (n numberToken) value() (Value, bool) {
	token, negative, unsigned := n.text, n.negative, n.unsigned
	if len(token) > 2 && token[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(token[2:], 16, 64)
		i := int64(u)
		if unsigned && i < 0 {
			return UintValue(u), err == nil && !negative
		}
		if negative {
			i = -i
		}
		return Value{Kind: Int, Int: i}, err == nil && !(negative && u == 1<<63)
	}
	if strings.ContainsAny(token, ".eE") {
		r, _ := strconv.ParseFloat(token, 64) // too large is infinity, as in SQLite
		if negative {
			r = -r
		}
		return Value{Kind: Real, Real: r}, true
	}
	u, err := strconv.ParseUint(token, 10, 64)
	switch {
	case err != nil:
		return Value{}, false
	case negative && u == 1<<63:
		return Value{Kind: Int, Int: math.MinInt64}, true
	case u > math.MaxInt64:
		return UintValue(u), unsigned && !negative
	case negative:
		return Value{Kind: Int, Int: -int64(u)}, true
	}
	return Value{Kind: Int, Int: int64(u)}, true
}
