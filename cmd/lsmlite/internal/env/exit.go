// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Code is an exit code. Codes are stable: scripts may rely on them.
type Code int

// The exit codes.
const (
	Done        Code = 0
	No          Code = 1
	Usage       Code = 2
	CannotOpen  Code = 3
	Damaged     Code = 4
	Busy        Code = 5
	IO          Code = 6
	Refused     Code = 7
	Internal    Code = 70
	Interrupted Code = 130
)

// Codes lists the exit codes with their meaning, ascending.
var Codes = []struct {
	Code    Code
	Meaning string
}{
	{Done, "done"},
	{No, "the answer is no: no such key, the files differ, a problem was found"},
	{Usage, "the command line cannot be understood"},
	{CannotOpen, "a file is missing, exists already, or is not a database that can be opened"},
	{Damaged, "the database is damaged; lsmlite recover saves what can still be read"},
	{Busy, "another process or transaction has what is needed"},
	{IO, "the operating system reported an error, or the disk is full"},
	{Refused, "a statement or the input has an error, or a limit is exceeded"},
	{Internal, "a fault of lsmlite itself"},
	{Interrupted, "stopped by Ctrl-C or a signal; what was committed stays"},
}

// exitError is an error with an exit code of its own.
type exitError struct {
	code Code
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// Errorf is fmt.Errorf with an exit code.
func Errorf(code Code, format string, args ...any) error {
	return &exitError{code: code, err: fmt.Errorf(format, args...)}
}

// Silent is an error that is not printed, because the output has said it.
func Silent(code Code) error { return &exitError{code: code, err: errSilent} }

var errSilent = errors.New("the output says what is wrong")

// IsSilent says whether an error is not to be printed.
func IsSilent(err error) bool { return errors.Is(err, errSilent) }

// kinds gives errors that were not made by Errorf their exit code; the first that fits counts.
var kinds = []struct {
	is   error
	code Code
}{
	{context.Canceled, Interrupted},
	{context.DeadlineExceeded, Interrupted},
	{engine.ErrBusy, Busy},
	{engine.ErrCorrupt, Damaged},
	{engine.ErrCantOpen, CannotOpen},
	{engine.ErrMismatch, CannotOpen},
	{engine.ErrFull, IO},
	{engine.ErrIO, IO},
	{engine.ErrMoved, IO},
	{engine.ErrSyntax, Refused},
	{engine.ErrConstraint, Refused},
	{engine.ErrTooBig, Refused},
	{engine.ErrReadOnly, Refused},
	{engine.ErrMisuse, Refused},
	{fs.ErrNotExist, CannotOpen},
	{fs.ErrExist, CannotOpen},
	{fs.ErrPermission, CannotOpen},
}

// CodeOf returns the exit code of an error.
func CodeOf(err error) Code {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k.code
		}
	}
	return IO
}
