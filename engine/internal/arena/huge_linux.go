// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

import "golang.org/x/sys/unix"

// makeHuge lets the system use a huge page for a chunk, all of which is in memory then. Where it has
// none, or has been told not to, nothing changes.
func makeHuge(c []byte) { _ = unix.Madvise(c, unix.MADV_HUGEPAGE) }

// makePlain takes makeHuge back.
func makePlain(c []byte) { _ = unix.Madvise(c, unix.MADV_NOHUGEPAGE) }

// load takes the memory of a part of a chunk at once, which costs a third of taking it page by page,
// at the first write to each. A system that cannot do that takes it page by page.
func load(part []byte) { _ = unix.Madvise(part, unix.MADV_POPULATE_WRITE) }
