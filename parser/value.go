// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"fmt"
	"math"
	"strconv"
)

// ValueKind is the class of a Value.
type ValueKind uint8

const (
	// Null is SQL's NULL, the zero Value. No literal and no accepted argument is NULL.
	Null ValueKind = iota
	// Bytes is a string of bytes; texts are bytes too.
	Bytes
	// Int is a 64-bit signed integer.
	Int
	// Real is a 64-bit floating-point number.
	Real
	// Uint is an integer from 2^63 to 2^64-1, beyond Int. It exists where keys are unsigned.
	Uint
)

// String returns the name of the kind as messages use it.
func (k ValueKind) String() string {
	switch k {
	case Null:
		return "NULL"
	case Bytes:
		return "bytes"
	case Int, Uint:
		return "an integer"
	case Real:
		return "a real"
	}
	return "ValueKind(" + strconv.Itoa(int(k)) + ")"
}

// Value is a constant or an argument. Kind says which of the other fields counts. The
// bytes are shared, never copied, and must not be changed while a Plan or Bounds
// refers to them. A Uint is in Int, as the bits of a uint64; see UintValue.
type Value struct {
	Kind  ValueKind
	Bytes []byte
	Int   int64
	Real  float64
}

// AppendText appends the bytes that v is stored as: bytes as they are, an integer in
// decimal, a real as the shortest digits that read back, in SQLite's shape (1.0,
// 1.0e-05, Inf). NULL appends nothing.
func (v Value) AppendText(dst []byte) []byte {
	switch v.Kind {
	case Bytes:
		return append(dst, v.Bytes...)
	case Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case Uint:
		return strconv.AppendUint(dst, uint64(v.Int), 10)
	case Real:
		return appendReal(dst, v.Real)
	}
	return dst
}

// appendReal writes f as SQLite's %!.15g would if it kept the shortest digits that read
// back: plain notation for exponents -4 to 14, else d.ddde±XX, and always with a point.
func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return dst // NaN is NULL in SQL, and NULL has no text
	case math.IsInf(f, 1):
		return append(dst, "Inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-Inf"...)
	case f == 0:
		return append(dst, "0.0"...) // without the sign of -0.0, as in SQLite
	}
	var buf [32]byte
	digits := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	e := len(digits) - 1
	for digits[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(digits[e+1:]))
	if exp < -4 || exp > 14 {
		dst = append(dst, digits[0], '.')
		if e > 2 {
			dst = append(dst, digits[2:e]...)
		} else {
			dst = append(dst, '0')
		}
		return append(dst, digits[e:]...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, math.Abs(f), 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// BindError says that an argument, or a constant of the statement, has a class that its
// place does not allow.
type BindError struct {
	// Param is the number of the parameter, or 0 for a constant.
	Param int
	Msg   string
	// Err is the error of a KeyType, or nil.
	Err error
}

// Error returns the message, led by the argument's number if it is one.
func (e *BindError) Error() string {
	if e.Param == 0 {
		return e.Msg
	}
	return fmt.Sprintf("argument %d: %s", e.Param, e.Msg)
}

// Unwrap returns the error of the KeyType that caused e, or nil.
func (e *BindError) Unwrap() error { return e.Err }

// mismatch says why a comparison is refused.
const mismatch = "bytes cannot be compared with a number"
