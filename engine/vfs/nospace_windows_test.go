// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"io/fs"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestIsNoSpaceKnowsTheNumbersOfWindows(t *testing.T) {
	for _, full := range []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED} {
		if !vfs.IsNoSpace(&fs.PathError{Op: "write", Path: "a", Err: full}) {
			t.Errorf("%v is not a full disk", full)
		}
	}
}
