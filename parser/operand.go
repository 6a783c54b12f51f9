// SPDX-License-Identifier: Apache-2.0

package parser

import "context"

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
