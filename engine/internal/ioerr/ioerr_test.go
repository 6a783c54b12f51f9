// SPDX-License-Identifier: Apache-2.0

package ioerr_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestCodes: a full disk has a code of its own where something was to be written, and an error
// of a write that has a code keeps it.
func TestCodes(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/a", Err: syscall.ENOSPC}
	if !vfs.IsNoSpace(full) {
		t.Fatalf("%v is not the error of a full disk", full)
	}
	broken := &fs.PathError{Op: "write", Path: "/a", Err: errors.New("broken")}
	busy := &errs.Error{Code: errs.CodeBusy, Op: "lock"}
	for name, c := range map[string]struct {
		got   error
		want  error
		cause error
		text  string
	}{
		"read":        {ioerr.New("read", "/a", "7 bytes", broken), errs.ErrIO, broken, "lsmlite: read /a: 7 bytes: write /a: broken"},
		"sync, full":  {ioerr.New("sync", "/a", "", full), errs.ErrIO, full, ""},
		"write":       {ioerr.Write("write", "/a", "", broken), errs.ErrIO, broken, "lsmlite: write /a: I/O error: write /a: broken"},
		"write, full": {ioerr.Write("write", "/a", "7 bytes", full), errs.ErrFull, full, ""},
		"read, coded": {ioerr.New("read", "/a", "", busy), errs.ErrIO, busy, "lsmlite: read /a: I/O error: " + busy.Error()},
		"lock":        {ioerr.Lock("lock", "/a", broken), errs.ErrProtocol, broken, "lsmlite: lock /a: locking protocol: write /a: broken"},
		"lock, held":  {ioerr.Lock("lock", "/a", vfs.ErrLocked), errs.ErrProtocol, vfs.ErrLocked, ""},
		"lock coded":  {ioerr.Lock("lock", "/a", busy), errs.ErrBusy, busy, busy.Error()},
		"write coded": {ioerr.Write("write", "/a", "", busy), errs.ErrBusy, busy, busy.Error()},
	} {
		if !errors.Is(c.got, c.want) || !errors.Is(c.got, c.cause) {
			t.Errorf("%s: %v does not match %v", name, c.got, c.want)
		}
		if c.want != errs.ErrFull && errors.Is(c.got, errs.ErrFull) {
			t.Errorf("%s: %v says that the disk is full", name, c.got)
		}
		if c.text != "" && c.got.Error() != c.text {
			t.Errorf("%s: %q, want %q", name, c.got, c.text)
		}
	}
}
