// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || freebsd || netbsd || openbsd || dragonfly || solaris) && !race

package arena

import "golang.org/x/sys/unix"

// adviceFree lets the system take memory when it needs some.
const adviceFree = unix.MADV_FREE
