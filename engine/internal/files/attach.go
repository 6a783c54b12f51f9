// SPDX-License-Identifier: Apache-2.0

package files

import "github.com/lsmlite/lsmlite-go/engine/vfs"

// Attach opens the database file without a lock, for a handle that reads what another process has open for
// writing and lets others read. Nothing may be read through it but by the rules of package live.
func Attach(c Config) (*Files, error) {
	c.ReadOnly = true
	f := &Files{Config: c, logPath: c.Path + LogSuffix}
	if err := f.openData(); err != nil {
		f.Undo()
		return nil, err
	}
	return f, nil
}

// LeaveRest gives up the lock of a handle that has read the files while nobody wrote them, and reads nothing of
// that any more: a process that writes may use the space again.
func (f *Files) LeaveRest() error { return f.data.Lock(vfs.SlotROTrans, vfs.Unlock) }
