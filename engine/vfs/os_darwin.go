// SPDX-License-Identifier: Apache-2.0

package vfs

// The commands for open file description locks in sys/fcntl.h of macOS.
const (
	ofdSetLock = 90
	ofdGetLock = 92
)

// sync relies on package os, which uses F_FULLFSYNC on this platform and fsync only
// where a file system does not know it.
func (f *osFile) sync() error { return f.f.Sync() }
