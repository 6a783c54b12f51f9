// SPDX-License-Identifier: Apache-2.0

//go:build unix

package load

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestNoteIsItsOwners: the note of an unfinished import, which names files, is for its owner alone, also one that takes
// the place of another.
func TestNoteIsItsOwners(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	l := &loader{o: Options{Path: filepath.Join(t.TempDir(), "x.lsm")}, note: &note{Command: "jsonl", Input: "rows"}, sum: true}
	for range 2 {
		if err := l.writeNote(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(notePath(l.o.Path))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("the note has mode %v, %v", info.Mode(), err)
		}
	}
}
