// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io/fs"
	"runtime"
)

// HasLocks is false where other processes cannot be locked out.
const HasLocks = runtime.GOOS != "plan9" && runtime.GOOS != "js" && runtime.GOOS != "wasip1"

// UnlockedOS is OS as it is where there are no locks.
var UnlockedOS FS = osFS{unlockedOpener{}}

// OptionalOS is UnlockedOS with OptionalLocks in every Open.
var OptionalOS FS = optionalOS{osFS{unlockedOpener{}}}

type optionalOS struct{ osFS }

func (o optionalOS) Open(name string, flag OpenFlag, perm fs.FileMode) (File, error) {
	return o.osFS.Open(name, flag|OptionalLocks, perm)
}

// LocalFiles returns how many files the process locks by tables of its own.
func LocalFiles() int {
	localFiles.Lock()
	defer localFiles.Unlock()
	return len(localFiles.all)
}
