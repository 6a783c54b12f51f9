// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

func readText(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// excerpt returns the declarations of a file that have the names, with their comments, in
// the order of the names. A method is named as in sequence.Next.
func excerpt(file string, names []string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	source := strings.ReplaceAll(string(raw), "\r\n", "\n")
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, source, parser.ParseComments)
	if err != nil {
		return "", err
	}
	texts := make(map[string]string)
	for _, d := range f.Decls {
		name, doc := declared(d)
		first := d.Pos()
		if doc != nil {
			first = doc.Pos()
		}
		texts[name] = source[fset.Position(first).Offset:fset.Position(d.End()).Offset] + "\n"
	}
	parts := make([]string, len(names))
	for i, name := range names {
		if parts[i] = texts[name]; parts[i] == "" {
			return "", fmt.Errorf("%s declares no %s", file, name)
		}
	}
	return strings.Join(parts, "\n"), nil
}

// declared returns the name of a declaration, which for several in one is the first, and
// its comment.
func declared(d ast.Decl) (string, *ast.CommentGroup) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv == nil {
			return name, d.Doc
		}
		of := d.Recv.List[0].Type
		if star, ok := of.(*ast.StarExpr); ok {
			of = star.X
		}
		return of.(*ast.Ident).Name + "." + name, d.Doc
	case *ast.GenDecl:
		switch s := d.Specs[0].(type) {
		case *ast.TypeSpec:
			return s.Name.Name, d.Doc
		case *ast.ValueSpec:
			return s.Names[0].Name, d.Doc
		}
	}
	return "", nil
}
