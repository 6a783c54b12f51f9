// SPDX-License-Identifier: Apache-2.0

//go:build unix

package target_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// all returns the names of a list.
func all(t *testing.T, d target.Target, prefix string) (names []string, err error) {
	for info, err := range d.List(t.Context(), prefix, "") {
		if err != nil {
			return names, err
		}
		names = append(names, info.Name)
	}
	return names, nil
}

// TestDirRefusesLinks: what is written through a link in the folder would not be listed, so it could not be restored.
func TestDirRefusesLinks(t *testing.T) {
	for name, link := range map[string]string{"a folder": "gen", "a folder in another": "gen/00000001", "an object": "gen/00000001/base"} {
		root, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
		d, err := target.OpenDir(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(link)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(outside, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
		const object = "gen/00000001/base"
		if err := d.Create(t.Context(), object, nil); !errors.Is(err, target.ErrNotPlain) && link != object {
			t.Errorf("%s: create: %v", name, err)
		}
		if _, err := d.Get(t.Context(), object); !errors.Is(err, target.ErrNotPlain) {
			t.Errorf("%s: get: %v", name, err)
		}
		for _, prefix := range []string{"", "gen/", "gen/00000001/"} {
			if names, err := all(t, d, prefix); !errors.Is(err, target.ErrNotPlain) {
				t.Errorf("%s: a list of %q: %q, %v", name, prefix, names, err)
			}
		}
		if names, err := all(t, d, "probe/"); err != nil || names != nil {
			t.Errorf("%s: a list of another folder: %q, %v", name, names, err)
		}
		if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
			t.Errorf("%s: outside: %v, %v", name, left, err)
		}
	}
}

// TestDirMayBeALink: the folder itself is what the caller names.
func TestDirMayBeALink(t *testing.T) {
	root := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), root); err != nil {
		t.Fatal(err)
	}
	d, err := target.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Create(t.Context(), "a/b", nil); err != nil {
		t.Fatal(err)
	}
	if names, err := all(t, d, ""); err != nil || len(names) != 1 {
		t.Errorf("%q, %v", names, err)
	}
}

// TestDirKeepsWhatIsElsewhere: old files are removed from a folder of its own, not through a link.
func TestDirKeepsWhatIsElsewhere(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	name, past := filepath.Join(outside, "letter"), time.Now().Add(-2*target.UnfinishedAge)
	if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Chtimes(name, past, past), os.Symlink(outside, filepath.Join(root, ".unfinished"))); err != nil {
		t.Fatal(err)
	}
	if _, err := target.OpenDir(root); !errors.Is(err, target.ErrNotPlain) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

// TestDirRefusesPipes: to open a pipe waits for its other end, whatever the context says.
func TestDirRefusesPipes(t *testing.T) {
	root := t.TempDir()
	d, err := target.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(root, "a"), 0o700), syscall.Mkfifo(filepath.Join(root, "a", "b"), 0o600)); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := d.Get(context.Background(), "a/b")
		got <- err
	}()
	select {
	case err = <-got:
	case <-time.After(10 * time.Second):
		f, openErr := os.OpenFile(filepath.Join(root, "a", "b"), os.O_RDWR, 0) // ends the wait
		if openErr == nil {
			_ = f.Close()
		}
		t.Fatal("it waits")
	}
	if !errors.Is(err, target.ErrNotPlain) {
		t.Errorf("get: %v", err)
	}
	if _, err := all(t, d, ""); !errors.Is(err, target.ErrNotPlain) {
		t.Errorf("list: %v", err)
	}
}
