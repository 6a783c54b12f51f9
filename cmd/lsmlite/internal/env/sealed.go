// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// sealMark is what the part of a meta page begins with that says how the file is encrypted, and sealMarks are the
// places in the file where it is. docs/encryption.md has the format.
const sealMark = "lsmcrypt"

var sealMarks = [...]int64{2048, 4096 + 2048}

// KeysLost explains a file that is encrypted and of whose meta pages, which have its keys, none is whole. It is empty
// for any other file.
func KeysLost(path string) string {
	if info, err := engine.Identify(nil, path); err != nil || WholeMeta(info.LSM1) || !sealed(info.Path) {
		return ""
	}
	return fmt.Sprintf("%s is encrypted, and no meta page is whole, so that nothing is known of its keys; "+
		"without a whole meta page it can be neither opened nor recovered", path)
}

// WholeMeta says whether a database has a meta page that is whole. One that is new has none that is damaged.
func WholeMeta(d *engine.LSM1Info) bool { return d != nil && (d.Checkpoint != 0 || d.Damage == "") }

// sealed looks for the marks.
func sealed(path string) bool {
	f, err := vfs.OS.Open(path, vfs.ReadOnly, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(sealMark))
	for _, at := range sealMarks {
		if _, err := f.ReadAt(b, at); err == nil && string(b) == sealMark {
			return true
		}
	}
	return false
}
