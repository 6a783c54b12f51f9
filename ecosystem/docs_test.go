// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every piece of Go in the documentation is taken, lines in a row, from a file of this
// module, so that it is compiled and run.
func TestDocumentedCodeIsTested(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "ecosystem.md"))
	must(t, err)
	sources := map[string]string{}
	for _, pattern := range []string{"*.go", "usql/*.go"} {
		names, err := filepath.Glob(pattern)
		must(t, err)
		for _, name := range names {
			source, err := os.ReadFile(name)
			must(t, err)
			sources[name] = trimLines(string(source))
		}
	}

	blocks := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n```go\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("only %d pieces of Go were found", len(blocks))
	}
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "\n```")
		if !closed {
			t.Errorf("a piece of Go does not end: %q", block)
		}
		found := false
		for _, source := range sources {
			found = found || strings.Contains(source, trimLines("\n"+code+"\n"))
		}
		if !found {
			t.Errorf("this stands in no file of the module:\n%s", code)
		}
	}
}

// trimLines removes the indentation of each line.
func trimLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
