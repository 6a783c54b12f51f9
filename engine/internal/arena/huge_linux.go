// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

import "golang.org/x/sys/unix"

// makeHuge lets the system use a huge page for a chunk, all of which is in memory then. Where it has
// none, or has been told not to, nothing changes.
func makeHuge(c []byte) { _ = unix.Madvise(c, unix.MADV_HUGEPAGE) }

// makePlain takes makeHuge back.
func makePlain(c []byte) { _ = unix.Madvise(c, unix.MADV_NOHUGEPAGE) }
