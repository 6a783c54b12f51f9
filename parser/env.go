// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
)

// MaxResultBytes is the length that a computed value may have: 1,000,000,000 bytes, as in
// SQLite, or a quarter of it where addresses have 32 bits. It bounds what is computed for one
// row altogether too, so that no expression, however long, needs more memory.
const MaxResultBytes = 1_000_000_000 >> (4 - bits.UintSize/16)

// maxResult is MaxResultBytes, or less in a test.
var maxResult = MaxResultBytes

// LimitError says that a computed value or a pattern is longer than it may be.
type LimitError struct{ Msg string }

// Error returns the message.
func (e *LimitError) Error() string { return e.Msg }

var (
	errResultTooBig  = &LimitError{fmt.Sprintf("a computed value is longer than %d bytes", MaxResultBytes)}
	errPatternTooBig = &LimitError{"the pattern of LIKE or GLOB is longer than 50000 bytes"}
)

// A ValueLoader loads the value of the row that Env stands on. A cursor is one.
type ValueLoader interface {
	Value() ([]byte, error)
	// ValueLen returns the length of the value, which it does not load.
	ValueLen() int
}

// Env is what a Formula or Filter is evaluated on: arguments and a row. The zero value
// is ready to use; one Env serves any number of rows and keeps its memory. One goroutine
// uses it at a time.
type Env struct {
	// Args are the arguments: Args[n-1] is parameter n.
	Args []Value
	// Keys is what keys are; nil stands for plain bytes.
	Keys *KeyType
	// Ctx ends evaluations that take long, with its error; nil stands for one that never
	// ends.
	Ctx context.Context

	key, value []byte
	loader     ValueLoader // of value, while it is not loaded
	length     int         // of value, if there is no loader
	excludedKey,
	excludedValue []byte
	scratch []byte // what the results for this row refer to
	parts   []byte // and these, parts of value
	reached int    // sum of where those parts end, from the front of value on
	sized   bool   // what is evaluated is known to fit
	err     error
}

// SetRow makes key the row's key. The value is asked of loader, once, when an expression
// needs it for the first time. Results for the row before are invalid now.
func (e *Env) SetRow(key []byte, loader ValueLoader) {
	e.key, e.value, e.loader = key, nil, loader
	e.scratch, e.parts, e.reached, e.sized, e.err = e.scratch[:0], e.parts[:0], 0, false, nil
}

// SetPair makes key and value the row. Results for the row before are invalid now.
func (e *Env) SetPair(key, value []byte) {
	e.key, e.value, e.loader, e.length = key, value, nil, len(value)
	e.scratch, e.parts, e.reached, e.sized, e.err = e.scratch[:0], e.parts[:0], 0, false, nil
}

// SetKey makes a row of key and a value of which only the length is known, for a plan that
// needs no more (see Plan.KeysOnly). Results for the row before are invalid now.
func (e *Env) SetKey(key []byte, valueLen int) {
	e.SetPair(key, nil)
	e.length = valueLen
}

// SetExcluded sets excluded.key and excluded.value, the row that INSERT was given.
func (e *Env) SetExcluded(key, value []byte) {
	e.excludedKey, e.excludedValue = key, value
}

// Key returns the row's key.
func (e *Env) Key() []byte { return e.key }

// Value returns the row's value, which it loads if that has not happened yet.
func (e *Env) Value() ([]byte, error) {
	if e.loader != nil {
		value, err := e.loader.Value()
		if err != nil {
			e.fail(err)
			return nil, err
		}
		e.value, e.loader, e.length = value, nil, len(value)
	}
	return e.value, nil
}

// valueLen returns the length of the row's value without loading it.
func (e *Env) valueLen() int {
	if e.loader != nil {
		return e.loader.ValueLen()
	}
	return e.length
}

// Forget releases everything that belongs to the caller and keeps memory up to limit
// bytes.
func (e *Env) Forget(limit int) {
	scratch, parts := e.scratch[:0], e.parts[:0]
	if cap(scratch) > limit {
		scratch = nil
	}
	if cap(parts) > limit {
		parts = nil
	}
	*e = Env{scratch: scratch, parts: parts}
}

func (e *Env) context() context.Context {
	if e.Ctx == nil {
		return context.Background()
	}
	return e.Ctx
}

// What is done at most between two looks at the context.
const (
	bytesBetweenLooks = 1 << 20 // of a value that is made
	itemsBetweenLooks = 1 << 10 // of a list
)

// interrupted reports whether the context has ended; its error is e's then.
func (e *Env) interrupted() bool {
	if e.Ctx == nil {
		return false
	}
	if err := e.Ctx.Err(); err != nil {
		e.fail(err)
		return true
	}
	return false
}

func (e *Env) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// room reports whether n more bytes of results are allowed. A sum that an int cannot hold
// comes negative.
func (e *Env) room(n int) bool {
	if n < 0 || n > maxResult-len(e.scratch) {
		e.fail(errResultTooBig)
		return false
	}
	return true
}

// grow makes scratch long enough for n more bytes. Where those are many and the first, it
// makes it exactly as long as that.
func (e *Env) grow(n int) {
	switch {
	case n <= cap(e.scratch)-len(e.scratch):
	case len(e.scratch) == 0 && n > exactBytes:
		e.scratch = make([]byte, 0, n)
	default:
		e.scratch = slices.Grow(e.scratch, n)
	}
}

// exactBytes is up to where a buffer grows by more than is needed.
const exactBytes = 64 << 10

// made returns what was appended to scratch since it was start long.
func (e *Env) made(start int) []byte { return e.scratch[start:len(e.scratch):len(e.scratch)] }

// text returns the bytes that v, which is not NULL, is as a text.
func (e *Env) text(v Value) []byte {
	if v.Kind == Bytes {
		return v.Bytes
	}
	start := len(e.scratch)
	e.scratch = v.AppendText(e.scratch)
	return e.made(start)
}

// number returns the number that key stands for, or the key itself where keys are bytes.
func (e *Env) number(key []byte) Value {
	if !e.Keys.numeric() {
		return Value{Kind: Bytes, Bytes: key}
	}
	v, err := e.Keys.Decode(key)
	if err != nil {
		e.fail(err)
		return Value{}
	}
	return v
}
