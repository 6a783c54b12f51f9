// SPDX-License-Identifier: Apache-2.0

package parser

import "math"

// The bounds of int64, and the upper one of uint64, as reals. All are exact; an upper
// one is the first real beyond.
const (
	realMinInt   = -1 << 63
	realPastInt  = 1 << 63
	realPastUint = 1 << 64
)

// number returns the number that arithmetic takes v for: bytes are read as a numeral,
// and an integer that 64 bits do not hold is a real.
func number(v Value) Value {
	if v.Kind != Bytes {
		return v
	}
	n := scanNumeral(v.Bytes)
	if !n.real {
		if i, fits := n.integer(); fits {
			return Value{Kind: Int, Int: i}
		}
	}
	return Value{Kind: Real, Real: n.float()}
}

// castInteger is CAST(v AS INTEGER): bytes are read up to a point or an exponent, and
// what 64 bits do not hold is cut to what they do.
func castInteger(v Value) Value {
	switch v.Kind {
	case Bytes:
		n := scanNumeral(v.Bytes)
		i, _ := n.integer()
		return Value{Kind: Int, Int: i}
	case Real:
		return Value{Kind: Int, Int: truncate(v.Real)}
	case Uint:
		return Value{Kind: Int, Int: math.MaxInt64}
	}
	return v
}

func truncate(f float64) int64 {
	switch {
	case f <= realMinInt:
		return math.MinInt64
	case f >= realPastInt:
		return math.MaxInt64
	}
	return int64(f)
}

// castReal is CAST(v AS REAL).
func castReal(v Value) Value {
	switch v.Kind {
	case Bytes:
		n := scanNumeral(v.Bytes)
		return Value{Kind: Real, Real: n.float()}
	case Int:
		return Value{Kind: Real, Real: float64(v.Int)}
	case Uint:
		return Value{Kind: Real, Real: float64(uint64(v.Int))}
	}
	return v
}

// arithmetic is x op y. The result is NULL if an operand is, if y is zero in a division,
// and where the reals have no answer. An integer result that 64 bits do not hold is
// computed with reals.
func arithmetic(op nodeOp, x, y Value) Value {
	if x.Kind == Null || y.Kind == Null {
		return Value{}
	}
	a, b := number(x), number(y)
	switch {
	case a.Kind == Int && b.Kind == Int:
		if v, ok := integerArithmetic(op, a.Int, b.Int); ok {
			return v
		}
	case a.Kind != Real && b.Kind != Real:
		if v, ok := wideArithmetic(op, a, b); ok {
			return v
		}
	}
	if op == nodeModulo {
		// The operands are read as integers, so that '1e2' % 7 is 1 % 7.
		i, j := castInteger(x).Int, castInteger(y).Int
		switch j {
		case 0:
			return Value{}
		case -1:
			return Value{Kind: Real}
		}
		return Value{Kind: Real, Real: float64(i % j)}
	}
	// The bytes are read again, because a real keeps the sign of '-0' and an integer does not.
	f, g := castReal(x).Real, castReal(y).Real
	switch op {
	case nodeAdd:
		f += g
	case nodeSubtract:
		f -= g
	case nodeMultiply:
		f *= g
	default:
		if g == 0 {
			return Value{}
		}
		f /= g
	}
	if math.IsNaN(f) {
		return Value{}
	}
	return Value{Kind: Real, Real: f}
}

// integerArithmetic is a op b, or false if 64 bits do not hold it.
func integerArithmetic(op nodeOp, a, b int64) (v Value, ok bool) {
	v.Kind, ok = Int, true
	switch op {
	case nodeAdd:
		v.Int = a + b
		ok = (v.Int > a) == (b > 0)
	case nodeSubtract:
		v.Int = a - b
		ok = (v.Int < a) == (b > 0)
	case nodeMultiply:
		if a == 0 || b == 0 {
			return v, true
		}
		v.Int = a * b
		ok = v.Int/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	default:
		switch {
		case b == 0:
			return Value{}, true
		case op == nodeModulo && b == -1:
			return v, true
		case op == nodeModulo:
			v.Int = a % b
		case b == -1 && a == math.MinInt64:
			return Value{}, false
		default:
			v.Int = a / b
		}
	}
	return v, ok
}
