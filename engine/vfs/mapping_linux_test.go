// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// mapWhole maps a file as it is, for the benchmark's sake.
func mapWhole(b *testing.B, name string, size int) ([]byte, func()) {
	b.Helper()
	f, err := os.Open(name)
	ok(b, err)
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	ok(b, err)
	return m, func() { _ = unix.Munmap(m) }
}

// dropFromMemory asks the kernel to forget what it has of a file.
func dropFromMemory(b *testing.B, name string) {
	b.Helper()
	f, err := os.Open(name)
	ok(b, err)
	defer f.Close()
	ok(b, unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
}
