// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// program is the module's packages, without their tests, checked from their source, so that
// a thing is the same object wherever it is used.
type program struct {
	fset *token.FileSet
	info types.Info
	pkgs []*types.Package // those of the module, after those that they import
	all  map[string]*types.Package
	// files says to which package a file belongs, and groups which constants are declared
	// together with one.
	files  map[*token.File]*types.Package
	groups map[types.Object][]types.Object
	syntax map[*types.Package][]*ast.File
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string
	Standard                bool
	Module                  *struct{ Main bool }
}

// loadProgram returns the module's packages, which it checks once. What they import of others
// comes as the compiler has left it in the build cache.
func loadProgram(t *testing.T) *program {
	t.Helper()
	loading.Do(func() { loaded = checkProgram(t) })
	if loaded == nil {
		t.Fatal("the packages could not be loaded: see the first test that failed")
	}
	return loaded
}

var (
	loading sync.Once
	loaded  *program
)

func checkProgram(t *testing.T) *program {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps",
		"-json=ImportPath,Dir,Export,GoFiles,Imports,Standard,Module", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	p := &program{
		fset: token.NewFileSet(),
		info: types.Info{
			Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
			Selections: make(map[*ast.SelectorExpr]*types.Selection), Types: make(map[ast.Expr]types.TypeAndValue),
		},
		all: make(map[string]*types.Package), files: make(map[*token.File]*types.Package), groups: make(map[types.Object][]types.Object),
		syntax: make(map[*types.Package][]*ast.File),
	}
	exports := make(map[string]string)
	compiled := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	imports := importerFunc(func(path string) (*types.Package, error) {
		if pkg := p.all[path]; pkg != nil {
			return pkg, nil
		}
		return compiled.Import(path)
	})
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[l.ImportPath] = l.Export
		if l.Module == nil || !l.Module.Main {
			continue
		}
		var files []*ast.File
		for _, name := range l.GoFiles {
			f, err := parser.ParseFile(p.fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		pkg, err := (&types.Config{Importer: imports}).Check(l.ImportPath, p.fset, files, &p.info)
		if err != nil {
			t.Fatal(err)
		}
		p.all[l.ImportPath] = pkg
		for _, f := range files {
			p.files[p.fset.File(f.Pos())] = pkg
			p.group(f)
		}
		p.pkgs, p.syntax[pkg] = append(p.pkgs, pkg), files
	}
	return p
}

// group notes which constants of a file are declared together.
func (p *program) group(f *ast.File) {
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		var all []types.Object
		for _, spec := range decl.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				all = append(all, p.info.Defs[name])
			}
		}
		for _, o := range all {
			p.groups[o] = all
		}
	}
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// origin is the object that an instance of a generic one was made from.
func origin(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return o
}
