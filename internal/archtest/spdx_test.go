// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// licence is the first line of every Go file.
const licence = "// SPDX-License-Identifier: Apache-2.0"

// TestLicenceLines wants the line in every Go file of every module, with an empty line after
// it, so that it is no part of a package comment. Files that a tool wrote have that tool's
// first line.
func TestLicenceLines(t *testing.T) {
	if text := readDoc(t, filepath.Join(root, "LICENSE")); !strings.Contains(text, "Apache License") {
		t.Fatal("the licence is another one")
	}
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		text := strings.ReplaceAll(string(raw), "\r\n", "\n")
		if !strings.HasPrefix(text, licence+"\n\n") && !strings.HasPrefix(text, "// Code generated ") {
			t.Errorf("%s does not begin with %q and an empty line", path, licence)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 {
		t.Errorf("only %d files were found", files)
	}
}
