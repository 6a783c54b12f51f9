// SPDX-License-Identifier: Apache-2.0

package fuzz

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Target is one fuzz target.
type Target struct {
	Module  string `json:"module"`  // folder of the module, "." for the root
	Package string `json:"package"` // folder of the package in it
	Name    string `json:"name"`    // of the function
	dir     string
}

// Path names the target within the project.
func (t Target) Path() string {
	return cmp.Or(strings.Trim(strings.TrimPrefix(t.Module+"/"+t.Package, "./"), "/."), "lsmlite") + "." + t.Name
}

// Find returns the targets of all modules of the project, sorted: the functions FuzzX of the test files that go test
// would compile here.
func Find(ctx context.Context, root string) ([]Target, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var targets []Target
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && skipped(d.Name()):
			return filepath.SkipDir
		case d.Name() != "go.mod":
			return nil
		}
		found, err := ofModule(ctx, root, filepath.Dir(path))
		targets = append(targets, found...)
		return err
	})
	slices.SortFunc(targets, func(a, b Target) int { return cmp.Compare(a.Path(), b.Path()) })
	return targets, err
}

// skipped reports whether go skips a folder of that name, or it holds what others have written.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules"
}

func ofModule(ctx context.Context, root, dir string) ([]Target, error) {
	module, err := filepath.Rel(root, dir)
	if err != nil {
		return nil, err
	}
	out, err := command(ctx, dir, "go", "list", "-e", "-json=Dir,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, fmt.Errorf("list the packages of module %s: %w\n%s", module, err, out)
	}
	var targets []Target
	for dec := json.NewDecoder(strings.NewReader(onlyJSON(string(out)))); ; {
		var p struct {
			Dir                       string
			TestGoFiles, XTestGoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return targets, nil
		} else if err != nil {
			return nil, err
		}
		at, err := filepath.Rel(dir, p.Dir)
		if err != nil {
			return nil, err
		}
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			names, err := inFile(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				targets = append(targets, Target{filepath.ToSlash(module), filepath.ToSlash(at), name, p.Dir})
			}
		}
	}
}

// onlyJSON drops the lines that come before the first object: go says there what it downloads.
func onlyJSON(s string) string {
	if i := strings.Index(s, "{"); i >= 0 {
		return s[i:]
	}
	return ""
}

// inFile returns the targets of a file.
func inFile(path string) (names []string, err error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Fuzz") && takesF(fn) {
			names = append(names, fn.Name.Name)
		}
	}
	return names, nil
}

// takesF reports whether the only parameter of a function is a *testing.F.
func takesF(fn *ast.FuncDecl) bool {
	if len(fn.Type.Params.List) != 1 {
		return false
	}
	star, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "F"
}
