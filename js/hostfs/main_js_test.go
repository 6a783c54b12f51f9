// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

package hostfs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/vfstest"
	"github.com/lsmlite/lsmlite-go/js/hostfs"
	"github.com/lsmlite/lsmlite-go/js/internal/inbox"
)

// files are those of test/node/gotest.mjs, which runs these tests.
var files *hostfs.FS

func TestMain(m *testing.M) {
	files = inbox.Listen(func([]byte) {})
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	vfstest.Test(t, func(t *testing.T) (vfs.FS, string) {
		if os.Getenv("LSMLITE_STORAGE") == "memory" {
			return files, "/" + strings.Map(plain, t.Name())
		}
		return files, t.TempDir()
	})
}

// plain makes the name of a test one of a folder.
func plain(r rune) rune {
	if r == '/' || r == ' ' {
		return '-'
	}
	return r
}

// A link is followed, except where it must not be.
func TestLinks(t *testing.T) {
	if os.Getenv("LSMLITE_STORAGE") == "memory" {
		t.Skip("there are no links in memory")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": "file", "loop": "loop", "new": "missing"} {
		if err := os.Symlink(target, dir+"/"+link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	want, err := files.Canonical(dir + "/file")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := files.Canonical(dir + "/link"); got != want || err != nil {
		t.Errorf("Canonical of a link is %s, %v; want %s", got, err, want)
	}
	if got, err := files.Canonical(dir + "/loop"); err == nil {
		t.Errorf("a link to itself is %s", got)
	}
	if _, err := files.Open(want[:len(want)-len("file")]+"link", vfs.ReadWrite|vfs.NoFollow, 0); err == nil {
		t.Error("NoFollow follows a link")
	}
	f, err := files.Open(dir+"/link", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, err := f.Size(); size != 7 || err != nil {
		t.Errorf("what the link leads to has the size %d, %v", size, err)
	}
	g, err := files.Open(dir+"/new", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := os.Stat(dir + "/missing"); err != nil {
		t.Errorf("a link to a missing file makes another file: %v", err)
	}
}
