// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"bytes"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestStartRead changes nothing of the file and of what is read, whatever it is asked for.
func TestStartRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	f, err := vfs.OS.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	s, can := f.(vfs.ReadStarter)
	if can != (runtime.GOOS == "linux") {
		t.Fatalf("a file can begin to read: %t", can)
	}
	if !can {
		ok(t, f.Close())
		return
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	_, err = f.WriteAt(data, 0)
	ok(t, err)
	ok(t, f.Sync())
	for _, r := range [][2]int64{{0, 100}, {1 << 16, 1 << 17}, {0, 1 << 40}, {1 << 30, 1}, {0, 0}, {5, -1}, {-5, 10}} {
		s.StartRead(r[0], r[1])
	}
	got := make([]byte, len(data))
	_, err = f.ReadAt(got, 0)
	ok(t, err)
	if size, err := f.Size(); !bytes.Equal(got, data) || size != int64(len(data)) || err != nil {
		t.Errorf("the file has changed: %d bytes, %v", size, err)
	}
	ok(t, f.Close())
	s.StartRead(0, 1)
}
