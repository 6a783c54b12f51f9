// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// sourcePath matches a Go file that a document names by its path.
var sourcePath = regexp.MustCompile("`([a-z0-9_]+(?:/[a-z0-9_]+)+\\.go)`")

// TestDocumentsNameFilesThatExist looks for each Go file that a document names.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	named := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		docs, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			raw, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range sourcePath.FindAllStringSubmatch(string(raw), -1) {
				named++
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
					t.Errorf("%s names %s: %v", doc, m[1], err)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no document names a Go file: this test looks for the wrong thing")
	}
}
