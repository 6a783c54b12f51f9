// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine"
)

// codeOf returns the number of an error, with what refines it above the low byte.
func codeOf(err error) int {
	var e *engine.Error
	var own ownCode
	switch {
	case err == nil:
		return C.LSM_OK
	case errors.As(err, &own):
		return own.code()
	case errors.Is(err, fs.ErrNotExist):
		return C.LSM_IOERR_NOENT
	case errors.Is(err, engine.ErrCorrupt):
		return C.LSM_CORRUPT
	case errors.As(err, &e) && e.Code != 0:
		return int(e.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return C.LSM_BUSY
	}
	return C.LSM_ERROR
}

// plainCode returns what a function of lsm1 returns for a number of codeOf.
func plainCode(code int) C.int {
	if code == C.LSM_IOERR_NOENT {
		return C.int(code)
	}
	return C.int(code & 0xff)
}

// ownCode is an error that has only a number: one that a function of the program has returned, or memory that
// its environment did not have.
type ownCode int

// code returns the number, or LSM_ERROR for one that would not be seen as an error, whatever the program means by it.
func (c ownCode) code() int {
	if c < 0 || c&0xff == 0 || c == C.LSMLITE_ROW || c == C.LSMLITE_DONE {
		return C.LSM_ERROR
	}
	return int(c)
}

// Error names the number.
func (c ownCode) Error() string {
	if c == C.LSM_NOMEM {
		return "lsmlite: out of memory"
	}
	return fmt.Sprintf("lsmlite: error %d of the program's own function", int(c))
}

// misuse returns the error of a call that makes no sense.
func misuse(op, format string, args ...any) error {
	return &engine.Error{Code: engine.CodeMisuse, Op: op, Detail: fmt.Sprintf(format, args...)}
}
