// SPDX-License-Identifier: Apache-2.0

// Package errs holds the errors of the engine: their type, their codes, and the values to
// compare them with. Every other package of the engine may use it; it imports none of them,
// holds no state and does no I/O. Package engine has the same types and values under the same
// names.
package errs

import "strings"

// Error is what the engine returns to its caller. Test its kind with errors.Is and one
// of the Err values, and take it apart with errors.As.
type Error struct {
	Code   Code
	Op     string // what was being done: "open", "commit", "checkpoint", …
	Path   string // the file it was done to; empty if no file is concerned
	Detail string // what happened and what to do about it
	Err    error  // the cause, if another error is the cause
	// Codec is the number by which a file names its compression, in an ErrMismatch because of that: 1 is
	// none. Otherwise it is 0.
	Codec uint32
}

// Error renders "op path: detail: cause", with the beginning and the end of what is long.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("lsmlite: ")
	if e.Op != "" {
		b.WriteString(Cut(e.Op))
		if e.Path != "" {
			b.WriteByte(' ')
			b.WriteString(Cut(e.Path))
		}
		b.WriteString(": ")
	} else if e.Path != "" {
		b.WriteString(Cut(e.Path))
		b.WriteString(": ")
	}
	if e.Detail != "" {
		b.WriteString(Cut(e.Detail))
	} else {
		b.WriteString(e.Code.String())
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(cutCause(e.Err))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the Err values: an error matches the value of its own code and the value
// of the code that its own refines, so ErrBusySnapshot is also ErrBusy.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	if !ok || t.Op != "" || t.Path != "" || t.Detail != "" || t.Err != nil {
		return false
	}
	return t.Code == e.Code || t.Code == e.Code&0xff
}
