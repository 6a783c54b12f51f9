// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// IsNoSpace reports whether an error of an FS says that the disk, or the user's share of it,
// is full. Windows has numbers of its own for that; ENOSPC comes from other implementations of FS.
func IsNoSpace(err error) bool {
	for _, full := range []error{
		windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED,
		syscall.ENOSPC, syscall.EDQUOT,
	} {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}
