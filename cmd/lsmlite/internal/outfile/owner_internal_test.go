// SPDX-License-Identifier: Apache-2.0

package outfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// onlyReads is a file system as a user has it whose files allow only to be read. The tests may run as the
// superuser, for whom there is no such file.
type onlyReads struct{ vfs.FS }

func (r onlyReads) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	if flag&vfs.ReadWrite != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return r.FS.Open(name, flag, perm)
}

// TestOwnAsOfWhatMayOnlyBeRead: a file of a mode that allows only to read gets the mode of the one whose place it
// takes, and what was written is not given up.
func TestOwnAsOfWhatMayOnlyBeRead(t *testing.T) {
	dir := t.TempDir()
	name, old := filepath.Join(dir, "new"), filepath.Join(dir, "old")
	for path, mode := range map[string]fs.FileMode{name: 0o400, old: 0o444} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := OwnAs(onlyReads{vfs.OS}, name, info); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(name); err != nil || now.Mode() != info.Mode() {
		t.Errorf("mode %v, want %v; %v", now.Mode(), info.Mode(), err)
	}
}
