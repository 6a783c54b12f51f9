// SPDX-License-Identifier: Apache-2.0

package vfs

// WriteStarter is the ability of a File to have the operating system begin to write to the disk,
// so that a later Sync has less to wait for.
type WriteStarter interface {
	// StartWrite begins to write what was written to n bytes of the file from off on. It does
	// not wait until that is on the disk, and makes nothing durable: only Sync does, and
	// reports what failed in writing.
	StartWrite(off, n int64)
}
