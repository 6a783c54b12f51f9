// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// allocated returns the space that a file takes on the disk: its length.
func allocated(info os.FileInfo) int64 { return info.Size() }

// FreeBytes returns how much may be written to the file system that dir is on, and whether the system
// says so.
func FreeBytes(dir string) (n int64, known bool, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false, fmt.Errorf("free space of the disk with %s: %w", dir, err)
	}
	return int64(free), true, nil
}
