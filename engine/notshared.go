// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// notShared says in an ErrBusy what the process that has the database open would have to do, if it is one of lsmlite.
func notShared(path string, fsys vfs.FS, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeBusy {
		return err
	}
	f, openErr := fsys.Open(path, vfs.ReadOnly, 0)
	if openErr != nil {
		return err
	}
	defer f.Close()
	pid, known := attach.Writer(f)
	if !known {
		return err
	}
	return &Error{Code: CodeBusy, Op: e.Op, Path: e.Path, Detail: fmt.Sprintf("process %d has the database open for writing and lets no other process "+
		"read it at the moment; open it there with readers=on (Options.Readers), or close it there", pid), Err: e.Err}
}
