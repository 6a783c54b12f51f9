package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	layerRow = regexp.MustCompile("(?m)^\\| ((?:the root, )?`[a-z/]+`(?:, `[a-z/]+`)*) \\| ")
	// outside are the packages that no program links: tools, tests and examples.
	outside     = regexp.MustCompile("^(examples/.*|internal/(archtest|longtest|oracle|railroad|sim|sqlitetest))$")
	quotedWords = regexp.MustCompile("`([a-z/]+)`")
)

// TestLayersOfTheArchitecture compares the table of layers in docs/architecture.md with the
// code: it has every package that a program links, and each imports
// only what stands further down, or in its own row.
func TestLayersOfTheArchitecture(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := make(map[string]int)
	for i, m := range layerRow.FindAllStringSubmatch(strings.ReplaceAll(string(raw), "\r\n", "\n"), -1) {
		for _, name := range quotedWords.FindAllStringSubmatch(m[1], -1) {
			if name[1] == "lsmlite" {
				name[1] = "" // the root
			}
			row[name[1]] = i
		}
	}
	for _, p := range listPackages(t) {
		name := relative(p.ImportPath)
		at, listed := row[name]
		if !listed {
			if !outside.MatchString(name) {
				t.Errorf("package %q has no row in the table of docs/architecture.md", name)
			}
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			if to, known := row[relative(imp)]; known && to < at {
				t.Errorf("package %q imports %q, which stands above it in the table of docs/architecture.md", name, relative(imp))
			}
		}
	}
	for name := range row {
		if _, known := allowed[name]; !known {
			t.Errorf("docs/architecture.md lists package %q, which does not exist", name)
		}
	}
}
