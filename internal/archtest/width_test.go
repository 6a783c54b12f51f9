// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	proseWidth = 120 // of a line of a document, and of a comment
	codeWidth  = 160 // of a line of Go that is no test
)

// TestWidthOfLines: lines can be read without scrolling. Tables, links and code in documents
// are as wide as they have to be.
func TestWidthOfLines(t *testing.T) {
	lines := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		markdown, code := filepath.Ext(name) == ".md", filepath.Ext(name) == ".go"
		if !markdown && !code {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fenced, n := false, 0
		for line := range strings.Lines(string(raw)) {
			n++
			lines++
			line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n")
			wide, text := utf8.RuneCountInString(line), strings.TrimSpace(line)
			if markdown && strings.HasPrefix(text, "```") {
				fenced = !fenced
			}
			switch {
			case markdown && (fenced || strings.HasPrefix(text, "|") || strings.Contains(text, "](") || strings.Contains(text, "]: ")):
			case (markdown || strings.HasPrefix(text, "//")) && wide > proseWidth && strings.Contains(text, " "):
				t.Errorf("%s:%d: %d columns; %d is the most", name, n, wide, proseWidth)
			case code && !strings.HasSuffix(name, "_test.go") && wide > codeWidth && !strings.Contains(text, "`"):
				t.Errorf("%s:%d: %d columns; %d is the most", name, n, wide, codeWidth)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines < 10000 {
		t.Errorf("only %d lines were looked at", lines)
	}
}
