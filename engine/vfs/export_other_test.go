//go:build !unix

package vfs

// RecordOS is nil where there are no record locks.
var RecordOS FS
