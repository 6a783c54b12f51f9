// SPDX-License-Identifier: Apache-2.0

//go:build !plan9

package memfs

import "syscall"

// errTooBig is the cause when a file would grow beyond maxFileBytes.
const errTooBig = syscall.EFBIG
