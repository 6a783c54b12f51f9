// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// Error is what the driver and the engine return. Test its kind with errors.Is and one of the Err
// values, and read its fields with errors.As:
//
//	var e *lsmlite.Error
//	if errors.As(err, &e) { log.Print(e.Code, e.Op, e.Path) }
//
// The error of a statement that is not in the dialect wraps a *parser.Error, which
// knows line, column and the tokens that were expected. The error of a call whose
// context ended matches the context's own error.
type Error = engine.Error

// Code classifies an Error. Where lsm1 has a number for it, it is that number.
type Code = engine.Code

// The codes of an Error.
const (
	CodeBusy         = engine.CodeBusy
	CodeNoMem        = engine.CodeNoMem
	CodeReadOnly     = engine.CodeReadOnly
	CodeMoved        = engine.CodeMoved
	CodeIO           = engine.CodeIO
	CodeUndetermined = engine.CodeUndetermined
	CodeCorrupt      = engine.CodeCorrupt
	CodeFull         = engine.CodeFull
	CodeCantOpen     = engine.CodeCantOpen
	CodeProtocol     = engine.CodeProtocol
	CodeTooBig       = engine.CodeTooBig
	CodeConstraint   = engine.CodeConstraint
	CodeMisuse       = engine.CodeMisuse
	CodeMismatch     = engine.CodeMismatch
	CodeTampered     = engine.CodeTampered
	CodeRolledBack   = engine.CodeRolledBack
	CodeKey          = engine.CodeKey
	CodeSyntax       = engine.CodeSyntax
	CodeConflict     = engine.CodeConflict
	CodeBusySnapshot = engine.CodeBusySnapshot
	CodeSnapshotGone = engine.CodeSnapshotGone
	CodeGap          = engine.CodeGap
)

// The values to test an error for with errors.Is. ErrBusySnapshot, ErrSnapshotGone, ErrGap and
// ErrConflict are ErrBusy too, ErrUndetermined is an ErrIO, ErrMoved an ErrReadOnly, ErrKey an ErrMismatch, ErrTampered
// and ErrRolledBack are ErrCorrupt.
var (
	ErrBusy         = engine.ErrBusy
	ErrConflict     = engine.ErrConflict
	ErrBusySnapshot = engine.ErrBusySnapshot
	ErrSnapshotGone = engine.ErrSnapshotGone
	ErrGap          = engine.ErrGap
	ErrReadOnly     = engine.ErrReadOnly
	ErrMoved        = engine.ErrMoved
	ErrIO           = engine.ErrIO
	ErrUndetermined = engine.ErrUndetermined
	ErrCorrupt      = engine.ErrCorrupt
	ErrFull         = engine.ErrFull
	ErrCantOpen     = engine.ErrCantOpen
	ErrProtocol     = engine.ErrProtocol
	ErrMisuse       = engine.ErrMisuse
	ErrMismatch     = engine.ErrMismatch
	ErrTampered     = engine.ErrTampered
	ErrRolledBack   = engine.ErrRolledBack
	ErrKey          = engine.ErrKey
	ErrConstraint   = engine.ErrConstraint
	ErrSyntax       = engine.ErrSyntax
	ErrTooBig       = engine.ErrTooBig
)

// misusef makes the error of a call that cannot be meant as it was made.
func misusef(op, format string, args ...any) error {
	return &Error{Code: CodeMisuse, Op: op, Detail: fmt.Sprintf(format, args...)}
}

// readOnlyError makes the error of a write where writing is not possible. why says what
// makes it so.
func readOnlyError(op, why string) error {
	return &Error{Code: CodeReadOnly, Op: op, Detail: why}
}

// syntaxError wraps what the parser returned, so that its message is in the error
// with the caret still under the offending token.
func syntaxError(err error) error {
	var perr *parser.Error
	switch {
	case !errors.As(err, &perr):
		return &Error{Code: CodeMisuse, Op: "parse", Err: err}
	case perr.TooBig:
		return &Error{Code: CodeTooBig, Op: "parse", Err: err}
	}
	return &Error{Code: CodeSyntax, Err: err}
}

// internalError turns a recovered panic into an error that says where it happened. It
// has no code, because no caller can act on its kind.
func internalError(op string, panicked any) error {
	cause, _ := panicked.(error)
	detail := fmt.Sprintf("internal error: %v", panicked)
	if cause != nil {
		detail = "internal error"
	}
	return &Error{Op: op, Detail: detail + panicPlace(), Err: cause}
}

// recoverInto is deferred where the driver is entered, so that no panic, which is a bug of
// lsmlite, reaches the user.
func recoverInto(err *error, op string) {
	if p := recover(); p != nil {
		*err = internalError(op, p)
	}
}

// joinErrors is errors.Join that leaves a lone error as it is.
func joinErrors(err, also error) error {
	switch {
	case also == nil:
		return err
	case err == nil:
		return also
	}
	return errors.Join(err, also)
}

// panicPlace names the innermost calls that were running when the panic began, as
// " (at f x.go:1, called from g y.go:2, …)". It is called by a function that a deferred
// call runs.
func panicPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var places []string
	inPanic := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			inPanic = true
		case inPanic && len(places) < 4:
			name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
			places = append(places, fmt.Sprintf("%s %s:%d", name, filepath.Base(f.File), f.Line))
		}
		if !more {
			break
		}
	}
	if len(places) == 0 {
		return ""
	}
	return " (at " + strings.Join(places, ", called from ") + ")"
}
