// SPDX-License-Identifier: Apache-2.0

//go:build !windows && !plan9

package vfs

import (
	"errors"
	"syscall"
)

// IsNoSpace reports whether an error of an FS says that the disk, or the user's share of it,
// is full.
func IsNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
