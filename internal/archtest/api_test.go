// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"flag"
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the public packages export, and the import graph, again")

// apiFile lists what the public packages export, one thing a line.
var apiFile = filepath.Join("testdata", "api.txt")

// TestAPI compares what the public packages export with a file, so that a change of it is
// seen, by its author and by those who read the change. One that breaks programs belongs into the
// change log. Write the file with go test ./internal/archtest -run TestAPI -update.
func TestAPI(t *testing.T) {
	p := loadProgram(t)
	var lines []string
	for _, pkg := range p.pkgs {
		if name := relative(pkg.Path()); strings.Contains("/"+name+"/", "/internal/") || pkg.Name() == "main" {
			continue
		}
		lines = append(lines, exportsOf(pkg)...)
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(apiFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(apiFile)
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
	if len(want) < 300 {
		t.Errorf("only %d things are exported", len(want))
	}
}

// exportsOf returns a line for everything that a package exports: types, their fields and
// methods, functions, variables, constants with their types.
func exportsOf(pkg *types.Package) (lines []string) {
	short := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	}
	name := relative(pkg.Path())
	if name == "" {
		name = "lsmlite"
	}
	add := func(o types.Object, owner string) {
		text := types.ObjectString(o, short)
		if c, ok := o.(*types.Const); ok { // the value may differ by platform
			text = "const " + c.Name() + " " + types.TypeString(c.Type(), short)
		}
		if tn, ok := o.(*types.TypeName); ok {
			text = typeLine(tn, short)
		}
		lines = append(lines, name+": "+owner+text)
	}
	for _, n := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(n)
		if !ast.IsExported(n) {
			continue
		}
		add(o, "")
		tn, ok := o.(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		named := tn.Type().(*types.Named)
		for m := range named.Methods() {
			if m.Exported() {
				add(m, "")
			}
		}
		if s, ok := named.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if f.Exported() {
					add(f, n+": ")
				}
			}
		}
	}
	return lines
}

// typeLine says what a type is, without the fields of a struct, which have lines of their own.
func typeLine(tn *types.TypeName, short types.Qualifier) string {
	if _, ok := tn.Type().Underlying().(*types.Struct); ok && !tn.IsAlias() {
		return "type " + tn.Name() + " struct"
	}
	return types.ObjectString(tn, short)
}
