// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"strings"
	"syscall"
)

// IsNoSpace reports whether an error of an FS says that the disk is full. Plan 9 has no
// numbers for errors, and each of its file servers has a text of its own.
func IsNoSpace(err error) bool {
	var text syscall.ErrorString
	return errors.As(err, &text) && strings.Contains(string(text), "full")
}
