// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package vfs_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestIsNoSpace(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {errors.New("full"), false}, {syscall.EIO, false}, {fs.ErrPermission, false},
		{syscall.ENOSPC, true}, {syscall.EDQUOT, true}, {&fs.PathError{Op: "write", Path: "a", Err: syscall.ENOSPC}, true},
	} {
		if got := vfs.IsNoSpace(c.err); got != c.want {
			t.Errorf("IsNoSpace(%v) = %v", c.err, got)
		}
	}
}
