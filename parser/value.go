package parser

import (
	"context"
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

// Operand is a parameter, a constant, or an expression of these.
type Operand struct {
	// Param is the number of the parameter, from 1, or 0 if it is not just that.
	Param int
	// Const is the constant, NULL if it is something else.
	Const   Value
	formula *Formula // set if it is an expression
}

// Value returns the operand's value under args, where args[n-1] is parameter n. args
// must hold at least Plan.NumInput values. An expression is computed each time; it
// may be NULL, and is NULL if its value is longer than MaxResultBytes.
func (o *Operand) Value(args []Value) Value {
	switch {
	case o.formula != nil:
		v, _ := o.compute(context.Background(), args)
		return v
	case o.Param == 0:
		return o.Const
	}
	return args[o.Param-1]
}

// Formula returns the expression, or nil if the operand is a parameter or a constant.
func (o *Operand) Formula() *Formula { return o.formula }

func (o *Operand) compute(ctx context.Context, args []Value) (Value, error) {
	e := Env{Args: args, Ctx: ctx}
	return o.formula.Eval(&e)
}

// bytes returns the value of an operand that is not NULL as a text. That of a number is
// appended to dst.
func (o *Operand) bytes(ctx context.Context, args []Value, dst []byte) ([]byte, error) {
	v, err := o.computed(ctx, args)
	if v.Kind == Bytes {
		return v.Bytes, err
	}
	return v.AppendText(dst), err
}

// Key returns the operand's value under args as the key that a row is stored under.
// Bytes made by keys are appended to *scratch; with nil keys the result is the value's own
// bytes and scratch may be nil. What cannot be a key is refused with a *BindError.
func (o *Operand) Key(args []Value, keys *KeyType, scratch *[]byte) ([]byte, error) {
	v, err := o.computed(context.Background(), args)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		return o.bytesKey(v)
	}
	start := len(*scratch)
	b, err := keys.Key(*scratch, v)
	if err != nil {
		err.(*BindError).Param = o.Param
		return nil, err
	}
	*scratch = b
	return b[start:len(b):len(b)], nil
}

// bound is Key for a comparison, in which a number may be no key.
func (o *Operand) bound(ctx context.Context, args []Value, keys *KeyType, scratch *[]byte) ([]byte, Fit, error) {
	v, err := o.computed(ctx, args)
	if err != nil {
		return nil, 0, err
	}
	if keys == nil {
		b, err := o.bytesKey(v)
		return b, FitExact, err
	}
	if keys.numeric() && v.Kind == Bytes {
		return nil, 0, &BindError{Param: o.Param, Msg: mismatch}
	}
	start := len(*scratch)
	b, fit, err := keys.Encode(*scratch, v)
	if err != nil {
		return nil, 0, &BindError{Param: o.Param, Msg: err.Error(), Err: err}
	}
	*scratch = b
	return b[start:len(b):len(b)], fit, nil
}

// computed is Value with the error of an expression.
func (o *Operand) computed(ctx context.Context, args []Value) (Value, error) {
	if o.formula == nil {
		return o.Value(args), nil
	}
	return o.compute(ctx, args)
}

func (o *Operand) bytesKey(v Value) ([]byte, error) {
	if v.Kind == Bytes {
		return v.Bytes, nil
	}
	return nil, o.keyError(v)
}

func (o *Operand) keyError(v Value) error {
	if v.Kind == Null {
		return &BindError{Param: o.Param, Msg: "a key must not be NULL"}
	}
	what := v.Kind.String()
	if o.Param == 0 {
		what = "the number " + string(v.AppendText(nil))
	}
	return &BindError{Param: o.Param, Msg: numericKey(what)}
}

func numericKey(what string) string {
	return "a key is bytes and cannot be " + what +
		": numbers do not sort as text; quote it, or open the database with key_type=int64, uint64, lsm1uint, text or time"
}

func (o *Operand) integer(args []Value, clause string) (int64, error) {
	v := o.Value(args)
	if v.Kind == Uint {
		return 0, &BindError{Param: o.Param, Msg: clause + " must be less than 2^63"}
	}
	if v.Kind != Int {
		return 0, &BindError{Param: o.Param, Msg: clause + " must be an integer, not " + v.Kind.String()}
	}
	return v.Int, nil
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
