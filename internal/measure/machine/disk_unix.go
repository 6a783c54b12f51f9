// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package machine

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// allocated returns the space that a file takes on the disk.
func allocated(info os.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}

// FreeBytes returns how much may be written to the file system that dir is on, and whether the system
// says so.
func FreeBytes(dir string) (n int64, known bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false, fmt.Errorf("free space of the disk with %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), true, nil
}
