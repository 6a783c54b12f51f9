// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestMapWrite writes through a mapping, which other handles read, and goes on after the file was cut.
func TestMapWrite(t *testing.T) {
	everyFS(t, func(t *testing.T, s suite) {
		f := s.make(t, "a", strings.Repeat("x", 512))
		able, ok2 := f.(vfs.WriteMapper)
		if !ok2 {
			t.Skip("its files are not mapped to be written")
		}
		for _, n := range []int{0, -1, 513, 1 << 30} {
			_, err := able.MapWrite(n)
			expectError(t, err, fs.ErrInvalid)
		}
		m, err := able.MapWrite(512)
		ok(t, err)
		n, err := m.WriteAt([]byte("hello"), 100)
		if n != 5 || err != nil {
			t.Fatal(n, err)
		}
		g := s.open(t, "a", vfs.ReadOnly)
		expect(t, g, strings.Repeat("x", 100)+"hello"+strings.Repeat("x", 407))
		for _, off := range []int64{-1, 508, 1 << 40} {
			_, err := m.WriteAt([]byte("hello"), off)
			expectError(t, err, fs.ErrInvalid)
		}
		_, err = g.(vfs.WriteMapper).MapWrite(512)
		expectError(t, err, fs.ErrPermission)
		ok(t, f.Truncate(0))
		_, err = m.WriteAt([]byte("hello"), 0)
		expectError(t, err, vfs.ErrNotMapped)
		expect(t, g, "")
		ok(t, m.Close())
		ok(t, m.Close())
		_, err = m.WriteAt([]byte("hello"), 0)
		expectError(t, err, fs.ErrClosed)
	})
}
