// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSystemsInNames: Go builds x_linux.go and x_linux_test.go on Linux alone, but x_linux_internal_test.go everywhere.
// A file with a system inside its name, or with one that Go does not know, says in a line for which ones it is.
func TestSystemsInNames(t *testing.T) {
	known := []string{"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "js", "wasip1", "amd64", "arm64"}
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		words := strings.Split(strings.TrimSuffix(strings.TrimSuffix(d.Name(), ".go"), "_test"), "_")
		if slices.Contains(known, words[len(words)-1]) {
			return nil
		}
		for _, word := range words[1:] {
			if word != "unix" && !slices.Contains(known, word) {
				continue
			}
			seen++
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !strings.Contains(string(raw), "\n//go:build ") {
				t.Errorf("%s has no line //go:build, and %q in its name means nothing to Go", path, word)
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("%d files were looked at: %v", seen, err)
	}
}
