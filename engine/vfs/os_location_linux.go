// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"fmt"
	"os"
	"strings"
)

// location reads what the kernel says of the descriptor.
func (f *osFile) location() (name string, err error) {
	err = f.withFd(func(fd uintptr) (err error) {
		name, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		return err
	})
	if err != nil || strings.HasSuffix(name, " (deleted)") {
		return "", err
	}
	return name, nil
}
