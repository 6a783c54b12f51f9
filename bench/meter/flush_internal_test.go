// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFlush writes a file without syncing it. After a flush of another folder of the same file system its
// pages can be dropped from the page cache, which the kernel does only with those that are written out.
func TestFlush(t *testing.T) {
	dir := t.TempDir()
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type == unix.TMPFS_MAGIC {
		t.Skip("this file system has no disk to write to")
	}
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), bytes.Repeat([]byte{1}, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Flush(other); err != nil {
		t.Fatal(err)
	}
	err := eachFile(dir, func(f *os.File, size int64) error {
		if err := dontNeed(f); err != nil {
			return err
		}
		left, err := inMemory(f, size)
		if left > size/5 {
			t.Errorf("%d of %d bytes are still in the page cache", left, size)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Flush(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that is not there was flushed")
	}
}
