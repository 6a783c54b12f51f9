package parser

import (
	"math"
	"strconv"
)

// The bounds of int64, and the upper one of uint64, as reals. All are exact; an upper
// one is the first real beyond.
const (
	realMinInt   = -1 << 63
	realPastInt  = 1 << 63
	realPastUint = 1 << 64
)

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numeral is the number that a text begins with, as SQLite reads one: blanks, a sign,
// digits with a point among them, and an exponent that has digits.
type numeral struct {
	text  []byte // all of it, without the blanks; empty if the text begins with no number
	whole []byte // the sign and the digits before point and exponent
	real  bool   // has a point or an exponent
}

func scanNumeral(b []byte) (n numeral) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	start := i
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	digits := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	n.whole = b[start:i]
	count := i - digits
	if i < len(b) && b[i] == '.' {
		end := i + 1
		for end < len(b) && isDigit(b[end]) {
			end++
		}
		if count += end - i - 1; count > 0 {
			i, n.real = end, true
		}
	}
	if count == 0 {
		return numeral{}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		end := i + 1
		if end < len(b) && (b[end] == '-' || b[end] == '+') {
			end++
		}
		if end < len(b) && isDigit(b[end]) {
			for end < len(b) && isDigit(b[end]) {
				end++
			}
			i, n.real = end, true
		}
	}
	n.text = b[start:i]
	return n
}

// integer returns the digits before point and exponent as an integer, cut to what 64
// bits hold; fits is false if it had to be cut.
func (n *numeral) integer() (i int64, fits bool) {
	digits, negative := n.whole, false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	var u uint64
	for _, c := range digits {
		d := uint64(c - '0')
		if u > (math.MaxUint64-d)/10 {
			u = math.MaxUint64
			break
		}
		u = u*10 + d
	}
	switch {
	case negative && u > 1<<63:
		return math.MinInt64, false
	case negative:
		return int64(-u), true
	case u > math.MaxInt64:
		return math.MaxInt64, false
	}
	return int64(u), true
}

func (n *numeral) float() float64 {
	if len(n.text) == 0 {
		return 0
	}
	f, _ := strconv.ParseFloat(string(n.text), 64) // what is too large is infinite
	return f
}

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

// compareNumbers orders two numbers by what they are exactly, so that an integer is not
// rounded for the comparison.
func compareNumbers(x, y Value) int {
	switch {
	case x.Kind == Int && y.Kind == Int:
		return order(x.Int, y.Int)
	case x.Kind != Real && y.Kind != Real:
		return compareWide(x, y)
	case x.Kind == Int:
		return compareIntReal(x.Int, y.Real)
	case y.Kind == Int:
		return -compareIntReal(y.Int, x.Real)
	case x.Kind == Uint:
		return compareUintReal(uint64(x.Int), y.Real)
	case y.Kind == Uint:
		return -compareUintReal(uint64(y.Int), x.Real)
	}
	return order(x.Real, y.Real)
}

func order[T int64 | uint64 | float64](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func compareIntReal(i int64, f float64) int {
	switch {
	case f < realMinInt:
		return 1
	case f >= realPastInt:
		return -1
	}
	whole := int64(f)
	if c := order(i, whole); c != 0 {
		return c
	}
	return order(float64(whole), f) // a real with a fraction is small enough to be exact here
}

// compareWide orders two integers of which one is a Uint.
func compareWide(x, y Value) int {
	if x.Kind != y.Kind { // a Uint is greater than any Int
		return order(int64(x.Kind), int64(y.Kind))
	}
	return order(uint64(x.Int), uint64(y.Int))
}

func compareUintReal(u uint64, f float64) int {
	switch {
	case f < realPastInt: // u is not
		return 1
	case f >= realPastUint:
		return -1
	}
	return order(u, uint64(f)) // a real as large as this has no fraction
}
