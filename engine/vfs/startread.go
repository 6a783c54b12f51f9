// SPDX-License-Identifier: Apache-2.0

package vfs

// ReadStarter is the ability of a File to have the operating system begin to read from the disk into
// memory of its own, so that a later ReadAt has less to wait for.
type ReadStarter interface {
	// StartRead begins to read n bytes of the file from off on. It does not wait for them, and reports
	// nothing: ReadAt does, if they cannot be read.
	StartRead(off, n int64)
}
