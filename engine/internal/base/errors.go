package base

import (
	"fmt"
	"strings"
)

// Code classifies an error. Where lsm1 has a number for it, it is that number; a code
// above 255 refines the code in its low byte, as SQLite's extended codes do.
type Code int

// The codes. They are part of the interface: append only.
const (
	CodeBusy         Code = 5
	CodeNoMem        Code = 7
	CodeReadOnly     Code = 8
	CodeIO           Code = 10
	CodeCorrupt      Code = 11
	CodeFull         Code = 13
	CodeCantOpen     Code = 14
	CodeProtocol     Code = 15
	CodeTooBig       Code = 18
	CodeConstraint   Code = 19
	CodeMisuse       Code = 21
	CodeMismatch     Code = 50
	CodeSyntax       Code = 1 | 1<<8
	CodeBusySnapshot Code = 5 | 2<<8
	CodeMoved        Code = 8 | 4<<8
)

var codeText = map[Code]string{
	CodeBusy:         "database is busy",
	CodeNoMem:        "out of memory",
	CodeReadOnly:     "database is read-only",
	CodeIO:           "I/O error",
	CodeCorrupt:      "database is corrupt",
	CodeFull:         "disk is full",
	CodeCantOpen:     "cannot open database",
	CodeProtocol:     "locking protocol",
	CodeTooBig:       "key, value or statement is too big",
	CodeConstraint:   "constraint failed",
	CodeMisuse:       "misuse",
	CodeMismatch:     "compression mismatch",
	CodeSyntax:       "syntax error",
	CodeBusySnapshot: "snapshot is not the newest any more",
	CodeMoved:        "database file or log has been renamed, replaced or removed",
}

// String returns the code's meaning in a few words.
func (c Code) String() string {
	if s, ok := codeText[c]; ok {
		return s
	}
	return fmt.Sprintf("error code %d", int(c))
}

// Error is what the engine returns to its caller. Test its kind with errors.Is and one
// of the Err values, and take it apart with errors.As.
type Error struct {
	Code   Code
	Op     string // what was being done: "open", "commit", "checkpoint", …
	Path   string // the file it was done to; empty if no file is concerned
	Detail string // what happened and what to do about it
	Err    error  // the cause, if another error is the cause
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

// The values to test for with errors.Is.
var (
	ErrBusy         = &Error{Code: CodeBusy}
	ErrBusySnapshot = &Error{Code: CodeBusySnapshot}
	ErrReadOnly     = &Error{Code: CodeReadOnly}
	ErrMoved        = &Error{Code: CodeMoved}
	ErrIO           = &Error{Code: CodeIO}
	ErrCorrupt      = &Error{Code: CodeCorrupt}
	ErrFull         = &Error{Code: CodeFull}
	ErrCantOpen     = &Error{Code: CodeCantOpen}
	ErrProtocol     = &Error{Code: CodeProtocol}
	ErrMisuse       = &Error{Code: CodeMisuse}
	ErrMismatch     = &Error{Code: CodeMismatch}
	ErrConstraint   = &Error{Code: CodeConstraint}
	ErrSyntax       = &Error{Code: CodeSyntax}
	ErrTooBig       = &Error{Code: CodeTooBig}
)

// CorruptionError says where a file breaks the format. Decoders return it without a
// path; the layer that knows the page adds the page, the layer that knows the file
// adds the file. It matches ErrCorrupt.
type CorruptionError struct {
	File   string // path, empty where the file is not known yet
	Page   PageNo // page, 0 where no page is concerned
	Offset int64  // byte offset in the file or page; -1 where unknown
	Detail string
	Err    error
}

// Corruptf makes a CorruptionError that knows only what is wrong.
func Corruptf(format string, args ...any) *CorruptionError {
	return &CorruptionError{Offset: -1, Detail: fmt.Sprintf(format, args...)}
}

// Error renders what is wrong and everything that is known about where.
func (e *CorruptionError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString("lsmlite: " + Cut(e.File) + " is ")
	}
	b.WriteString("corrupt")
	for _, place := range []struct {
		name string
		at   int64
		has  bool
	}{{"page", int64(e.Page), e.Page != 0}, {"offset", e.Offset, e.Offset >= 0}} {
		if place.has {
			fmt.Fprintf(&b, ", %s %d", place.name, place.at)
		}
	}
	b.WriteString(": ")
	b.WriteString(Cut(e.Detail))
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(cutCause(e.Err))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *CorruptionError) Unwrap() error { return e.Err }

// Is makes a CorruptionError match ErrCorrupt.
func (e *CorruptionError) Is(target error) bool { return target == error(ErrCorrupt) }

// AtPage returns e with the page filled in, unless it is known already.
func (e *CorruptionError) AtPage(p PageNo) *CorruptionError {
	if e.Page == 0 {
		e.Page = p
	}
	return e
}
