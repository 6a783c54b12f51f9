// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"math"
	"math/bits"
)

// wide is an integer as its sign and magnitude.
type wide struct {
	negative  bool
	magnitude uint64
}

func wideOf(v Value) wide {
	if v.Kind == Int && v.Int < 0 {
		return wide{true, -uint64(v.Int)}
	}
	return wide{false, uint64(v.Int)}
}

// UintValue returns the Value of an integer that is not negative.
func UintValue(u uint64) Value {
	if u > math.MaxInt64 {
		return Value{Kind: Uint, Int: int64(u)}
	}
	return Value{Kind: Int, Int: int64(u)}
}

// value returns w as a Value, or false if there is none that holds it.
func (w wide) value() (Value, bool) {
	switch {
	case !w.negative:
		return UintValue(w.magnitude), true
	case w.magnitude <= 1<<63:
		return Value{Kind: Int, Int: -int64(w.magnitude)}, true
	}
	return Value{}, false
}

// wideArithmetic is a op b for integers of which one is beyond int64. It is false if no
// Value holds the result.
func wideArithmetic(op nodeOp, a, b Value) (Value, bool) {
	x, y := wideOf(a), wideOf(b)
	switch op {
	case nodeSubtract:
		y.negative = !y.negative
		fallthrough
	case nodeAdd:
		if x.negative == y.negative {
			sum, carry := bits.Add64(x.magnitude, y.magnitude, 0)
			if carry != 0 {
				return Value{}, false
			}
			return wide{x.negative, sum}.value()
		}
		if x.magnitude < y.magnitude {
			x, y = y, x
		}
		diff := x.magnitude - y.magnitude
		return wide{x.negative && diff != 0, diff}.value()
	case nodeMultiply:
		hi, lo := bits.Mul64(x.magnitude, y.magnitude)
		if hi != 0 {
			return Value{}, false
		}
		return wide{x.negative != y.negative && lo != 0, lo}.value()
	}
	if y.magnitude == 0 {
		return Value{}, true // NULL
	}
	if op == nodeModulo { // the sign is that of the left operand
		rest := x.magnitude % y.magnitude
		return wide{x.negative && rest != 0, rest}.value()
	}
	quotient := x.magnitude / y.magnitude
	return wide{x.negative != y.negative && quotient != 0, quotient}.value()
}
