// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keys

import "io/fs"

// checkMode refuses a regular file that group or others can read. A pipe, such as a shell's
// <(…), is nobody else's.
func checkMode(path string, info fs.FileInfo) error {
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return keyError(nil, "%s has permissions %#o, so that others may use it; want chmod 600", shownFile(path), mode.Perm())
	}
	return nil
}
