// SPDX-License-Identifier: Apache-2.0

package vfs

// Remoter is the ability of a File to say whether it is on a file system that other machines, or other kernels, may
// use at the same time. Locks may reach them, but they see what is written late, or as it was.
type Remoter interface {
	// Remote reports that, as far as it is known, and the kind of such a file system.
	Remote() (kind string, remote bool)
}

// Remote reports whether a file is known to be on a file system that other machines may use at the same time.
func Remote(f File) (kind string, remote bool) {
	if able, ok := f.(Remoter); ok {
		return able.Remote()
	}
	return "", false
}

// SlotHolder is the ability of a File to say which process holds a lock on a slot.
type SlotHolder interface {
	// SlotHolder returns the number of the process that keeps this handle from locking the slot Exclusive, 0 if there
	// is none or if it is not known, as of locks that belong to a handle.
	SlotHolder(slot int) (pid int)
}
