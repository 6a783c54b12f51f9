// SPDX-License-Identifier: Apache-2.0

// Package ioerr makes the errors of failed file operations. It is the only place that says
// which of them mean that the disk is full. Every package of the engine that calls a
// vfs.FS or a vfs.File may use it; it holds no state.
package ioerr

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// New makes the error of an operation on the file at path that needs no room on the disk and
// has failed with err: a read, a sync, a look at its length. It is errs.ErrIO. A sync that
// fails because the disk is full is no exception: errs.ErrFull promises that nothing took
// place, and after a failed sync nobody knows what did. detail may be empty.
func New(op, path, detail string, err error) error {
	return &errs.Error{Code: errs.CodeIO, Op: op, Path: path, Detail: detail, Err: err}
}

// Lock makes the error of a call for locks of the file at path, nil of nil: it is errs.ErrProtocol, and matches
// vfs.ErrLocked if err does. An error that has a code already is returned as it is.
func Lock(op, path string, err error) error {
	var coded *errs.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return &errs.Error{Code: errs.CodeProtocol, Op: op, Path: path, Err: err}
}

// Write is New for an operation that may need room: a write, a truncation, the making of a
// file. If the disk, or the user's share of it, is full, the error is errs.ErrFull. An error
// that has a code already is returned as it is.
func Write(op, path, detail string, err error) error {
	var coded *errs.Error
	switch {
	case errors.As(err, &coded):
		return err
	case vfs.IsNoSpace(err):
		return &errs.Error{Code: errs.CodeFull, Op: op, Path: path, Detail: detail, Err: err}
	}
	return New(op, path, detail, err)
}
