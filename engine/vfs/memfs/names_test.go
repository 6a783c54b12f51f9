// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestFilesAndFoldersDoNotMix: no call makes a file of a folder or a folder of a file, and nothing changes then.
func TestFilesAndFoldersDoNotMix(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/dir/a", []byte("a")))
	ok(t, m.WriteFile("/b", []byte("b")))
	for what, c := range map[string]struct{ got, want error }{
		"rename to a folder":        {m.Rename("/b", "/dir"), syscall.EISDIR},
		"rename to the root":        {m.Rename("/b", "/"), syscall.EISDIR},
		"rename to below a file":    {m.Rename("/dir/a", "/b/c/d"), syscall.ENOTDIR},
		"rename a folder":           {m.Rename("/dir", "/other"), syscall.EISDIR},
		"rename nothing":            {m.Rename("/none", "/other"), fs.ErrNotExist},
		"write a folder":            {m.WriteFile("/dir", nil), syscall.EISDIR},
		"write the root":            {m.WriteFile("/", nil), syscall.EISDIR},
		"write a file below a file": {m.WriteFile("/b/c", nil), syscall.ENOTDIR},
		"remove a folder":           {m.Remove("/dir"), syscall.EISDIR},
		"read a folder":             {second(m.ReadFile("/dir")), syscall.EISDIR},
		"read nothing":              {second(m.ReadFile("/none")), fs.ErrNotExist},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: error is %v, want %v", what, c.got, c.want)
		}
	}
	if names := m.Names(); !slices.Equal(names, []string{"/b", "/dir/a"}) {
		t.Errorf("the files are %q", names)
	}
	root, err := m.Stat("/")
	ok(t, err)
	file, err := m.Stat("/b")
	ok(t, err)
	if !root.IsDir() || file.IsDir() || file.Sys() != nil || !file.ModTime().IsZero() {
		t.Errorf("the root is %v, a file is %v", root, file)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCrashModesHaveNames(t *testing.T) {
	for mode, want := range map[memfs.CrashMode]string{
		memfs.CrashRandom: "random", memfs.CrashLoseAll: "lose all", memfs.CrashKeepAll: "keep all", 7: "crash mode 7",
	} {
		if got := mode.String(); got != want {
			t.Errorf("mode %d is called %q, want %q", mode, got, want)
		}
	}
}
