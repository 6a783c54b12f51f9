// SPDX-License-Identifier: Apache-2.0

//go:build unix

package vfs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestHandlesWithRecordLocksShareDescriptors: descriptors that must stay open do not
// add up, and none stays after the last handle.
func TestHandlesWithRecordLocksShareDescriptors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	expect := func(want int) {
		t.Helper()
		if n := vfs.RecordDescriptors(); n != want {
			t.Fatalf("%d descriptors are open, want %d", n, want)
		}
	}
	open := func(flag vfs.OpenFlag) vfs.File {
		f, err := vfs.RecordOS.Open(name, flag, 0)
		ok(t, err)
		return f
	}
	ok(t, os.WriteFile(name, []byte("content"), 0o600))
	reader := open(vfs.ReadOnly)
	expect(1)
	writer := open(vfs.ReadWrite)
	expect(2)
	for i := range 300 {
		f := open([]vfs.OpenFlag{vfs.ReadOnly, vfs.ReadWrite, vfs.ReadWrite | vfs.Create}[i%3])
		p := make([]byte, 7)
		if _, err := f.ReadAt(p, 0); string(p) != "content" || err != nil {
			t.Fatalf("handle %d reads %q, %v", i, p, err)
		}
		ok(t, f.Close())
		_, err := f.ReadAt(p, 0)
		expectError(t, err, os.ErrClosed)
		expect(2)
	}
	// Another file that takes the name is another file.
	ok(t, os.Rename(name, name+"-old"))
	other := open(vfs.ReadWrite | vfs.Create | vfs.MustCreate)
	expect(3)
	ok(t, writer.Lock(vfs.SlotDMS2, vfs.Exclusive))
	ok(t, other.Lock(vfs.SlotDMS2, vfs.Exclusive))
	ok(t, writer.Close())
	ok(t, other.Close())
	expect(2)
	ok(t, reader.Close())
	expect(0)
}
