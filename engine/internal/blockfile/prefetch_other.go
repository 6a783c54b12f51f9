// SPDX-License-Identifier: Apache-2.0

//go:build purego || !(amd64 || arm64)

package blockfile

import "unsafe"

// prefetches says that the processor can be asked to fetch memory, without waiting for it.
const prefetches = false

func prefetch(unsafe.Pointer)       {}
func prefetchEnd(unsafe.Pointer)    {}
func prefetchRecord(unsafe.Pointer) {}

func prefetchPage(unsafe.Pointer, int) {}
func prefetchSpan(unsafe.Pointer, int) {}
