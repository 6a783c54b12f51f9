// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"math"
	"strconv"
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
