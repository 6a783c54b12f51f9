// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package vfs

// RecordOS is nil where there are no record locks.
var RecordOS FS
