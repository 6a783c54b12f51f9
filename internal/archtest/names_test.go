// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// apiLine is a package-level name, a field, or a method, in testdata/api.txt.
	apiLine = regexp.MustCompile(`^([a-z/]+): (?:(?:const|func|type|var) (\w+)|(\w+): field (\w+)|func \(\*?(\w+)\)\.(\w+))`)
	// goName is a name of a package, or one of a type, in inline code of a document.
	goName = regexp.MustCompile("`(?:(engine|lsmlite|vfs|prom|parser|store|errs)\\.)?([A-Z]\\w*)(?:\\.([A-Z]\\w*))?[`({]")
	// inModule is a path of this repository in inline code.
	inModule = regexp.MustCompile("`((?:engine|internal|parser|store|examples|ecosystem|docs)/[\\w./-]+)`")
	testRun  = regexp.MustCompile(`go test (\S+) -run '?(Test\w+)`)
)

// TestNamesInDocuments wants every exported name, every path and every test that the
// documents name to be there. coming-from.md has the names of other systems, too.
func TestNamesInDocuments(t *testing.T) {
	names := apiNames(t)
	found := 0
	for _, doc := range documents(t) {
		text := read(t, doc)
		for _, m := range inModule.FindAllStringSubmatch(text, -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
		for _, m := range testRun.FindAllStringSubmatch(text, -1) {
			found++
			if !hasTest(t, m[1], m[2]) {
				t.Errorf("%s runs %s of %s, which does not exist", doc, m[2], m[1])
			}
		}
		if strings.HasSuffix(doc, "coming-from.md") || strings.HasSuffix(doc, "CHANGELOG.md") {
			continue
		}
		for _, m := range goName.FindAllStringSubmatch(text, -1) {
			if name, wrong := missing(names, m[1], m[2], m[3]); wrong {
				t.Errorf("%s names %s, which is not exported", doc, name)
			}
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d names were found", found)
	}
}

// missing reports whether a name is not exported. A name without its package, of a type or
// a method that no public package has, may be one of another module.
func missing(names map[string]bool, pkg, first, second string) (name string, wrong bool) {
	switch name = strings.Trim(first+"."+second, "."); {
	case pkg != "":
		return pkg + "." + name, !names[pkg+"."+name]
	case second != "" && names["engine."+first] && first != "Conn":
		return name, !names["engine."+name]
	}
	return name, false
}

// apiNames are the exported names with the last part of their package: vfs.FS, engine.DB.Get.
func apiNames(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for line := range strings.Lines(read(t, filepath.Join("testdata", "api.txt"))) {
		m := apiLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		pkg := m[1][strings.LastIndex(m[1], "/")+1:]
		if m[2] != "" {
			names[pkg+"."+m[2]] = true
			continue
		}
		names[pkg+"."+m[3]+m[5]] = true // the type of a field or of a method
		names[pkg+"."+m[3]+m[5]+"."+m[4]+m[6]] = true
	}
	if len(names) < 300 {
		t.Fatalf("only %d exported names", len(names))
	}
	return names
}

func documents(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(list) < 10 {
		t.Fatalf("%d documents, %v", len(list), err)
	}
	return append(list, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"))
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// hasTest reports whether a folder has a test of that name.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(read(t, f), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
