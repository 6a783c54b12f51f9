// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHasNameIsWhatLstatSays, for each kind of thing that can have the name.
func TestHasNameIsWhatLstatSays(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"file", "other"} {
		if err := os.WriteFile(in(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Link(in("file"), in("hard")), os.Symlink(in("file"), in("soft")), os.Symlink("nowhere", in("dangling")), os.Mkdir(in("dir"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(in("file"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"file": true, "hard": true, "other": false, "soft": false, "dangling": false, "dir": false, "none": false, "file/below": false,
		"none/below": false, strings.Repeat("long", 100): false, "nul\x00": false,
	} {
		got, err := osFS{}.hasName(info, in(name))
		same, sameErr := lstatHasName(osFS{}, info, in(name))
		if got != want || same != want || (err == nil) != (sameErr == nil) {
			t.Errorf("%.20q: %t, %v; want %t; Lstat says %t, %v", name, got, err, want, same, sameErr)
		}
	}
	// What is described by something else than stat is compared as before.
	if got, err := (osFS{}).hasName(strange{info}, in("file")); err != nil || got {
		t.Errorf("an info of another kind: %t, %v", got, err)
	}
}

// strange is an info of no file of this file system.
type strange struct{ os.FileInfo }

func (strange) Sys() any { return nil }
