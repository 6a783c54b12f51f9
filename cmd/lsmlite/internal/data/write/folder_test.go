// SPDX-License-Identifier: Apache-2.0

package write_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/write"
)

// begin begins a folder with a row.
func begin(t *testing.T, path string) *write.Folder {
	t.Helper()
	f, err := write.NewFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Row([]byte("a/b"), []byte("value")); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFolderDoesNotReplaceWhatHasAppearedMeanwhile(t *testing.T) {
	for name, made := range map[string]string{"a file": "out", "a file in a folder": "out/file"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := begin(t, filepath.Join(dir, "out"))
			path := filepath.Join(dir, filepath.FromSlash(made))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("of the user"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err == nil {
				t.Error("Close has no error")
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != "of the user" {
				t.Errorf("%s holds %q, %v", made, got, err)
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
				t.Errorf("left: %v, %v", list, err)
			}
		})
	}
}

func TestTwoFoldersOfOneNameDoNotMix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	first, second := begin(t, path), begin(t, path)
	if err := second.Row([]byte("c"), nil); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err == nil {
		t.Error("both got the name")
	}
	list, err := os.ReadDir(path)
	if err != nil || len(list) != 1 || list[0].Name() != "a" {
		t.Errorf("the folder has %v, %v", list, err)
	}
}
