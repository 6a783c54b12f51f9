// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"bytes"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestStartWrite changes nothing of the file, whatever it is asked for.
func TestStartWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	f, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	s, can := f.(vfs.WriteStarter)
	if can != (runtime.GOOS == "linux") {
		t.Fatalf("a file can begin to write: %t", can)
	}
	if !can {
		ok(t, f.Close())
		return
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	_, err = f.WriteAt(data, 100)
	ok(t, err)
	for _, r := range [][2]int64{{0, 100}, {100, int64(len(data))}, {0, 1 << 40}, {1 << 30, 1}, {0, 0}, {5, -1}, {-5, 10}} {
		s.StartWrite(r[0], r[1])
	}
	got := make([]byte, len(data))
	_, err = f.ReadAt(got, 100)
	ok(t, err)
	if size, err := f.Size(); !bytes.Equal(got, data) || size != int64(len(data))+100 || err != nil {
		t.Errorf("the file has changed: %d bytes, %v", size, err)
	}
	ok(t, f.Sync())
	ok(t, f.Close())
	s.StartWrite(0, 1)
	reader, err := vfs.OS.Open(name, vfs.ReadOnly, 0)
	ok(t, err)
	reader.(vfs.WriteStarter).StartWrite(0, 1)
	ok(t, reader.Close())
}
