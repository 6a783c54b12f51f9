// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Flush writes out what waits in the kernel's page cache for the file system of a folder: files of other
// stores and other programs, too. Otherwise their pages would be written while something else is measured.
func Flush(dir string) (err error) {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("sync the file system of %s: %w", dir, err)
	}
	return nil
}
