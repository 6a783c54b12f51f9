// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/trust/internal/cover"
)

// TestCoverageList wants that each function of the list is in the sources, and has a reason.
func TestCoverageList(t *testing.T) {
	list, err := readCoverageList("coverage.txt")
	if err != nil {
		t.Fatal(err)
	}
	names, err := cover.Names(root)
	if err != nil || len(names) < 1000 {
		t.Fatalf("%d functions, error %v", len(names), err)
	}
	for key, e := range list.Entries {
		if !names[key] {
			t.Errorf("%s has no function %s", key[0], key[1])
		}
		if e.Reason == cover.Unknown {
			t.Errorf("%s %s has no reason", key[0], key[1])
		}
	}
}

// TestCoverage compares a profile of one function with lists, and writes them again.
func TestCoverage(t *testing.T) {
	const file = "engine/internal/ioerr/ioerr.go"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var f *ast.FuncDecl
	for _, d := range parsed.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil {
			f = d
			break
		}
	}
	from, to := set.Position(f.Body.Pos()), set.Position(f.Body.End())
	folder := t.TempDir()
	put := func(name, text string) string {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	block := fmt.Sprintf("mode: set\n%s/%s:%d.%d,%d.%d 2 %%d\n", cover.Module, file, from.Line, from.Column, to.Line, to.Column)
	ran, not := put("ran", fmt.Sprintf(block, 1)), put("not", fmt.Sprintf(block, 0))
	list, kept := put("list", "# A list.\n"), filepath.Join(folder, "kept")

	out, err := output(t, "coverage", "-run", "-", "-list", list, "-keep", kept, ran, not)
	if err != nil || !strings.Contains(out, "| 100.0 % | 2 | 100.0 % |\n| all ") {
		t.Errorf("error %v, output\n%s", err, out)
	}
	if out, err := output(t, "coverage", "-run", "-", "-list", list, kept); err != nil {
		t.Errorf("the profile that was kept: error %v, output\n%s", err, out)
	}
	out, err = output(t, "coverage", "-run", "-", "-list", list, not)
	if err == nil || strings.Count(out, "WRONG: ") != 2 || !strings.Contains(out, "engine/internal/ioerr "+f.Name.Name+" 2: no statement has run") {
		t.Errorf("error %v, output\n%s", err, out)
	}
	if _, err := output(t, "coverage", "-run", "-", "-list", list, "-update", not); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(list)
	if want := "# A list.\n\nengine/internal/ioerr " + f.Name.Name + " 2 ?\n"; err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("error %v, the list is\n%s", err, text)
	}
	reasoned := put("reasoned", strings.Replace(string(text), " 2 ?", " 2: Why.", 1))
	if out, err := output(t, "coverage", "-run", "-", "-list", reasoned, "-missing=false", ran); err != nil || !strings.Contains(out, "run this time: ") {
		t.Errorf("error %v, output\n%s", err, out)
	}
	// A run that meets more lowers nothing, one that meets less adds to the list.
	for _, profile := range []string{ran, not} {
		for name, want := range map[string]string{reasoned: " 2: Why.\n", put("none yet", "# A list.\n"): ""} {
			if profile == not && want == "" {
				want = " 2 ?\n"
			}
			if _, err := output(t, "coverage", "-run", "-", "-list", name, "-raise", profile); err != nil {
				t.Error(err)
			}
			if text, err := os.ReadFile(name); err != nil || !strings.HasSuffix(string(text), want) {
				t.Errorf("error %v, the list is\n%s\nwant %q at its end", err, text, want)
			}
		}
	}
	for _, args := range [][]string{
		{"-run", "-", "-list", list, not}, // it has a ? for a reason
		{"-run", "-", "-list", filepath.Join(folder, "none")},
		{"-run", "-", "-list", reasoned, filepath.Join(folder, "none")},
		{"-run", "(", "-list", reasoned},
		{"-run", "^no such suite$", "-list", reasoned},
		{"-run", "-", "-list", reasoned, "-keep", filepath.Join(folder, "none", "kept"), ran},
		{"-no-such-flag"},
	} {
		if out, err := output(t, append([]string{"coverage"}, args...)...); err == nil {
			t.Errorf("%q: no error, output\n%s", args, out)
		}
	}
}
