// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package vfs

import "io/fs"

// openNoFollow: the platform has no such flag; a look before has to do.
const openNoFollow = 0

// chown does nothing: the owner of a new file follows from its folder or its maker.
func (*osFile) chown(fs.FileInfo) error { return nil }
