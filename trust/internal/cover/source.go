// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// function is a function of the sources, or a variable of a package whose value has functions.
type function struct {
	name       string // (*DB).Close
	start, end Place
	statements []Place
}

// functions returns those of a file.
func functions(name string) ([]function, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	place := func(p token.Pos) Place {
		at := set.Position(p)
		return Place{at.Line, at.Column}
	}
	var found []function
	add := func(name string, n ast.Node) {
		f := function{name: name, start: place(n.Pos()), end: place(n.End())}
		for _, s := range statements(n) {
			f.statements = append(f.statements, place(s.Pos()))
		}
		found = append(found, f)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(nameOf(d), d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					add(v.Names[0].Name, v)
				}
			}
		}
	}
	return found, nil
}

// statements returns those that the cover tool counts: the ones of lists, and an if after else.
func statements(n ast.Node) []ast.Stmt {
	var found []ast.Stmt
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			found = append(found, n.List...)
		case *ast.CaseClause:
			found = append(found, n.Body...)
		case *ast.CommClause:
			found = append(found, n.Body...)
		case *ast.IfStmt:
			if e, ok := n.Else.(*ast.IfStmt); ok {
				found = append(found, e)
			}
		}
		return true
	})
	return found
}

// nameOf writes a method with its receiver, without type parameters.
func nameOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	star := ""
	t := d.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		star, t = "*", p.X
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	name := "?"
	if id, ok := t.(*ast.Ident); ok {
		name = id.Name
	}
	if star == "" {
		return name + "." + d.Name.Name
	}
	return "(*" + name + ")." + d.Name.Name
}

// Names returns the functions of all packages that count, of all platforms, as folder and name.
func Names(root string) (map[[2]string]bool, error) {
	names := make(map[[2]string]bool)
	for _, top := range []string{"engine", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			folder, err := filepath.Rel(root, filepath.Dir(name))
			if folder = filepath.ToSlash(folder); err != nil || !Counts(folder) || !sameModule(root, folder) {
				return err
			}
			found, err := functions(name)
			for _, f := range found {
				names[[2]string{folder, f.name}] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// sameModule reports whether no folder between a package and the root is a module of its own.
func sameModule(root, folder string) bool {
	for ; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
		if _, err := os.Stat(filepath.Join(root, folder, "go.mod")); err == nil {
			return false
		}
	}
	return true
}
