// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	layerRow = regexp.MustCompile("(?m)^\\| ((?:the root, )?`[a-z/]+`(?:, `[a-z/]+`)*) \\| ")
	// outside are the packages that no program links: tools, tests and examples.
	outside     = regexp.MustCompile("^(examples/.*|internal/(archtest|campaign|campaign/report|longtest|oracle|railroad|sim|sqlitetest))$")
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

var importBlock = regexp.MustCompile("(?s)<!-- imports -->\n```text\n(.*?)```\n")

// TestImportGraphOfTheArchitecture compares the list at the end of docs/architecture.md
// with the imports of the packages that a program links.
func TestImportGraphOfTheArchitecture(t *testing.T) {
	name := filepath.Join(root, "docs", "architecture.md")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(raw), "\r\n", "\n")
	m := importBlock.FindStringSubmatchIndex(page)
	if m == nil {
		t.Fatal("the page has no list of imports")
	}
	got, want := page[m[2]:m[3]], importGraph(t)
	switch {
	case got == want:
	case !*update:
		t.Errorf("the page shows\n%s\nand the imports are\n%s\nThe flag -update writes the page again.", got, want)
	default:
		if err := os.WriteFile(name, []byte(page[:m[2]]+want+page[m[3]:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// importGraph lists the packages with what each imports of this module.
func importGraph(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, p := range listPackages(t) {
		if outside.MatchString(relative(p.ImportPath)) {
			continue
		}
		var imports []string
		for _, imp := range p.Imports {
			if imp == module || strings.HasPrefix(imp, module+"/") {
				imports = append(imports, shortName(imp))
			}
		}
		slices.Sort(imports)
		if len(imports) == 0 {
			imports = []string{"–"}
		}
		lines = append(lines, wrapList(fmt.Sprintf("%-19s ", shortName(p.ImportPath)), imports))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// shortName is the name of a package in the list.
func shortName(path string) string {
	if path == module {
		return "lsmlite"
	}
	return strings.TrimPrefix(relative(path), "engine/internal/")
}

// wrapList writes words after a head, in lines of at most 118 characters.
func wrapList(head string, words []string) string {
	var out strings.Builder
	line := head
	for i, w := range words {
		if len(line)+len(w) > 117 {
			out.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(head))
		}
		line += w
		if i < len(words)-1 {
			line += ", "
		}
	}
	return out.String() + line + "\n"
}
