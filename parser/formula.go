// SPDX-License-Identifier: Apache-2.0

package parser

// Formula is a compiled expression that has a value. It is immutable.
type Formula struct{ root *node }

// Eval returns the formula's value for the row that e stands on. Bytes in it belong to
// the row, the arguments or e, and are valid until e stands on another row. The error is
// a *LimitError, that of the context, or what loading the row's value returned.
func (f *Formula) Eval(e *Env) (Value, error) {
	v := f.root.eval(e)
	if e.err != nil {
		return Value{}, e.err
	}
	return v, nil
}

// Class returns the class that the values have which are not NULL.
func (f *Formula) Class(args []Value) Class { return f.root.resolve(args) }

// Nullable reports whether the value can be NULL.
func (f *Formula) Nullable(args []Value) bool { return f.root.nullable(args) }

// NeedsValue reports whether the formula may load the row's value; its length is no value.
func (f *Formula) NeedsValue() bool { return f.root.uses&usesValue != 0 }

// work returns how many bytes are made, at least, to evaluate a formula without columns.
func (f *Formula) work(args []Value) int {
	_, made := f.root.size(&Env{Args: args})
	return made
}

// String returns the formula as SQL.
func (f *Formula) String() string { return printed(f.root.source) }

func printed(e Expr) string {
	var p printer
	e.append(&p)
	return string(p.buf)
}
