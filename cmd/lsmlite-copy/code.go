// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io/fs"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// The exit codes are those of lsmlite that fit.
const (
	usageCode   = 2
	cannotOpen  = 3
	damaged     = 4
	busy        = 5
	ioFailed    = 6
	refused     = 7
	interrupted = 130
)

// codeOf is the exit code of an error.
func codeOf(err error) int {
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted
	case errors.Is(err, lsmlite.ErrMisuse):
		return usageCode
	case errors.Is(err, lsmlite.ErrCorrupt):
		return damaged
	case errors.Is(err, lsmlite.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return busy
	case errors.Is(err, lsmlite.ErrReadOnly), errors.Is(err, lsmlite.ErrKey):
		return refused
	case errors.Is(err, lsmlite.ErrCantOpen), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return cannotOpen
	}
	return ioFailed
}
