// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

import "golang.org/x/sys/unix"

// adviceFree takes memory away at once; it reads as zeros then.
const adviceFree = unix.MADV_DONTNEED
