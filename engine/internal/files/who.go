// SPDX-License-Identifier: Apache-2.0

package files

import (
	"fmt"
	"os"

	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// sayWho locks the byte that says which process writes the database. Nothing depends on it.
func (f *Files) sayWho() {
	if able, ok := f.data.(vfs.RangeLocker); ok {
		_ = live.LockWriter(able, os.Getpid())
	}
}

// whoHas says who holds the lock on a slot that is wanted, as far as that is known: a program of lsmlite has a byte of
// its own for that, and of C lsm1 the kernel knows.
func (f *Files) whoHas(slot int) string {
	pid := 0
	if able, ok := f.data.(vfs.RangeLocker); ok {
		pid, _ = live.FindWriter(able)
	}
	if able, ok := f.data.(vfs.SlotHolder); ok && pid == 0 {
		pid = able.SlotHolder(slot)
	}
	switch pid {
	case 0:
		return otherHandle
	case os.Getpid():
		return fmt.Sprintf("process %d has the database open: another handle of this process, or one of another container, "+
			"where processes have numbers of their own", pid)
	}
	return fmt.Sprintf("process %d has the database open", pid)
}
