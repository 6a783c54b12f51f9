// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// eachFile parses every Go file that is no test and not made by a program, those of nested
// modules included.
func eachFile(t *testing.T, do func(name string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(f) {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			do(filepath.ToSlash(rel), fset, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asTheyAre are functions that may break the rules, with the reason.
var asTheyAre = map[string]string{
	"ColumnTypeNullable": "database/sql/driver has it so",
}

// maxResults is how many results a function may have besides an error.
const maxResults = 3

// TestSignaturesSayWhatTheyMean: a call shows what its arguments mean, and a result what it is.
// So no function takes two bools, or gives two, or more than maxResults values besides an
// error; and of two results of one type the signature gives the names.
func TestSignaturesSayWhatTheyMean(t *testing.T) {
	functions, excused := 0, make(map[string]bool)
	eachFile(t, func(name string, fset *token.FileSet, f *ast.File) {
		for n := range ast.Preorder(f) {
			fn, sig := signature(n)
			if sig == nil {
				continue
			}
			functions++
			wrong := func(what string) {
				if asTheyAre[fn] != "" {
					excused[fn] = true
					return
				}
				t.Errorf("%s:%d: %s %s", name, fset.Position(n.Pos()).Line, fn, what)
			}
			if typesOf(sig.Params)["bool"] > 1 {
				wrong("takes two bools")
			}
			results, all := typesOf(sig.Results), 0
			for of, n := range results {
				if of != "error" {
					all += n
				}
				if n > 1 && sig.Results.List[0].Names == nil {
					wrong("has two results of type " + of + " without names")
				}
			}
			if results["bool"] > 1 {
				wrong("gives two bools")
			}
			if all > maxResults {
				wrong("gives too many values")
			}
		}
	})
	if len(excused) != len(asTheyAre) {
		t.Errorf("only %v of %v are still to be excused", excused, asTheyAre)
	}
	if functions < 3000 {
		t.Errorf("only %d functions were looked at", functions)
	}
}

// signature returns the name and the type of a function that a node declares: itself, a method
// of an interface, a field or a variable.
func signature(n ast.Node) (string, *ast.FuncType) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Name, n.Type
	case *ast.Field:
		if fn, ok := n.Type.(*ast.FuncType); ok && len(n.Names) > 0 {
			return n.Names[0].Name, fn
		}
	case *ast.TypeSpec:
		if fn, ok := n.Type.(*ast.FuncType); ok {
			return n.Name.Name, fn
		}
	case *ast.FuncLit:
		return "a function", n.Type
	}
	return "", nil
}

// typesOf counts the parameters or results of each type.
func typesOf(list *ast.FieldList) map[string]int {
	count := make(map[string]int)
	if list != nil {
		for _, group := range list.List {
			count[types.ExprString(group.Type)] += max(1, len(group.Names))
		}
	}
	return count
}

// TestSignature shows that the rules find what they are about.
func TestSignature(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "", `package p
func two(a, b bool) {}
type i interface { m(a bool, s string, b bool) (x, y int, err error) }
var f = func() (bool, bool) { return false, false }
type g func(int)
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for n := range ast.Preorder(f) {
		if fn, sig := signature(n); sig != nil {
			found = append(found, fn)
			if p, r := typesOf(sig.Params), typesOf(sig.Results); (fn == "two" || fn == "m") != (p["bool"] == 2) || (fn == "m") != (r["int"] == 2) || (fn == "a function") != (r["bool"] == 2) {
				t.Errorf("%s: %v %v", fn, p, r)
			}
		}
	}
	if want := []string{"two", "m", "a function", "g"}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}
