// SPDX-License-Identifier: Apache-2.0

package outfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// begun begins a file and writes to it, up to where it takes its name.
func begun(t *testing.T, path string) *File {
	t.Helper()
	f, err := Create(path, Options{Perm: 0o600})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("new")
	if err = errors.Join(err, f.File.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Abort)
	return f
}

// TestClaim holds what happens where files have no second names.
func TestClaim(t *testing.T) {
	t.Run("a free name is taken", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		if err := begun(t, path).claim(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "new" {
			t.Errorf("the file holds %q, %v", got, err)
		}
	})
	t.Run("a file that has appeared stays", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		f := begun(t, path)
		if err := os.WriteFile(path, []byte("of another program"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.claim(); !errors.Is(err, errTaken) {
			t.Errorf("claim = %v", err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "of another program" {
			t.Errorf("the file holds %q, %v", got, err)
		}
	})
	t.Run("a claim that fails is given up", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		f := begun(t, path)
		if err := os.Remove(f.temp); err != nil {
			t.Fatal(err)
		}
		if err := f.claim(); err == nil {
			t.Error("claim has no error")
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the claim is left: %v", err)
		}
	})
}

func TestALongNameHasRoomForAnUnfinishedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 250))
	f := begun(t, path)
	if err := f.takeName(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "new" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}
