// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edgesFile lists which package imports which, one import a line.
var edgesFile = filepath.Join("testdata", "imports.txt")

// TestEdges compares the imports of the module's packages with a file, the standard library
// left out: a new one is seen in a change, and one that is gone is not forgotten. TestImports
// says which are allowed. Write the file with go test ./internal/archtest -run TestEdges -update.
func TestEdges(t *testing.T) {
	var lines []string
	for _, p := range listPackages(t) {
		name := relative(p.ImportPath)
		if name == "" {
			name = "lsmlite"
		}
		for _, imp := range p.Imports {
			if isModule(imp) {
				lines = append(lines, name+" → "+relative(imp))
			}
		}
	}
	slices.Sort(lines)
	if *update {
		if err := os.WriteFile(edgesFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(edgesFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
	for _, l := range lines {
		if !slices.Contains(want, l) {
			t.Errorf("new: %s", l)
		}
	}
	for _, l := range want {
		if !slices.Contains(lines, l) {
			t.Errorf("gone: %s", l)
		}
	}
}
