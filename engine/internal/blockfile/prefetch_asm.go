// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !purego

package blockfile

import "unsafe"

// prefetches says that the processor can be asked to fetch memory, without waiting for it.
const prefetches = true

// prefetch requests the cache line at an address, which may be any, nil included.
//
//go:noescape
func prefetch(line unsafe.Pointer)

// prefetchEnd requests a pageEnd, and the cell index before it.
//
//go:noescape
func prefetchEnd(end unsafe.Pointer)

// prefetchRecord requests the three lines from an address on.
//
//go:noescape
func prefetchRecord(record unsafe.Pointer)

// prefetchPage requests the first KiB of a page of a size, all if that is less, with the pageEnd that it has and
// the cell index before it.
//
//go:noescape
func prefetchPage(end unsafe.Pointer, size int)

// prefetchSpan requests a line every 64 bytes from an address on, as long as size reaches.
//
//go:noescape
func prefetchSpan(start unsafe.Pointer, size int)
