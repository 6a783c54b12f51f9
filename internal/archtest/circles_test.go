package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// withoutCircles are the packages whose files form an order: a file uses only files before
// it. Files that all hold methods of one type may use each other; they are one thing in
// several pieces.
var withoutCircles = []string{"", "internal/session", "internal/pragma", "store", "store/storetest"}

// TestFilesFormNoCircles holds that order.
func TestFilesFormNoCircles(t *testing.T) {
	compiled := compile(t, withoutCircles)
	for _, name := range withoutCircles {
		p := parsePackage(t, name, compiled)
		for _, circle := range p.circles() {
			if !p.shareAType(circle) {
				t.Errorf("package %q: these files use each other, and are not all of one type: %v", name, circle)
			}
		}
	}
}

// filesOf is what the files of a package use of each other, by their names.
type filesOf struct {
	uses  map[string]map[string]bool
	types map[string]map[string]bool // the types of which a file holds methods, or that it declares
}

// compiledPackage is what go list knows of a package.
type compiledPackage struct {
	ImportPath, Dir string
	Export          string // the file in which the compiler has put what others need of it
	GoFiles         []string
}

// compile compiles packages of the module, and returns them and all that they import.
func compile(t *testing.T, names []string) map[string]compiledPackage {
	t.Helper()
	args := []string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles"}
	for _, name := range names {
		args = append(args, path.Join(module, name))
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := make(map[string]compiledPackage)
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p compiledPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = p
	}
}

// parsePackage reads the files of a package, and looks up what each name in them means.
func parsePackage(t *testing.T, name string, compiled map[string]compiledPackage) *filesOf {
	t.Helper()
	fset := token.NewFileSet()
	p := compiled[path.Join(module, name)]
	var files []*ast.File
	for _, file := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	conf := types.Config{Sizes: types.SizesFor("gc", runtime.GOARCH)}
	conf.Importer = importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(compiled[path].Export)
	})
	pkg, err := conf.Check(name, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	found := &filesOf{uses: make(map[string]map[string]bool), types: make(map[string]map[string]bool)}
	fileOf := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	for _, f := range files {
		found.uses[fileOf(f.Pos())], found.types[fileOf(f.Pos())] = make(map[string]bool), typesIn(f)
	}
	for id, used := range info.Uses {
		if from, to := fileOf(id.Pos()), fileOf(used.Pos()); used.Pkg() == pkg && from != to {
			found.uses[from][to] = true
		}
	}
	return found
}

// typesIn returns the types that a file declares or holds methods of.
func typesIn(f *ast.File) map[string]bool {
	found := make(map[string]bool)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				continue
			}
			of := d.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if generic, ok := of.(*ast.IndexExpr); ok {
				of = generic.X
			}
			if id, ok := of.(*ast.Ident); ok {
				found[id.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					found[spec.Name.Name] = true
				}
			}
		}
	}
	return found
}

// reach returns the files that a file uses, directly or by others.
func (p *filesOf) reach(from string) map[string]bool {
	seen := make(map[string]bool)
	var visit func(string)
	visit = func(f string) {
		for to := range p.uses[f] {
			if !seen[to] {
				seen[to] = true
				visit(to)
			}
		}
	}
	visit(from)
	return seen
}

// circles returns the largest sets of files that all use each other, directly or by others.
func (p *filesOf) circles() [][]string {
	var found [][]string
	done := make(map[string]bool)
	for _, f := range slices.Sorted(maps.Keys(p.uses)) {
		if done[f] {
			continue
		}
		circle := []string{f}
		for to := range p.reach(f) {
			if to != f && p.reach(to)[f] {
				circle = append(circle, to)
				done[to] = true
			}
		}
		if len(circle) > 1 {
			slices.Sort(circle)
			found = append(found, circle)
		}
	}
	return found
}

// shareAType reports whether there is a type of which every one of the files holds a part.
func (p *filesOf) shareAType(files []string) bool {
	for of := range p.types[files[0]] {
		if !slices.ContainsFunc(files, func(f string) bool { return !p.types[f][of] }) {
			return true
		}
	}
	return false
}

// TestCirclesAreFound tries the search on files that form circles.
func TestCirclesAreFound(t *testing.T) {
	p := &filesOf{
		uses: map[string]map[string]bool{
			"a.go": {"b.go": true}, "b.go": {"c.go": true}, "c.go": {"b.go": true, "d.go": true}, "d.go": {},
			"x.go": {"y.go": true}, "y.go": {"x.go": true, "a.go": true},
		},
		types: map[string]map[string]bool{
			"b.go": {"T": true, "U": true}, "c.go": {"U": true}, "x.go": {"T": true}, "y.go": {"V": true},
		},
	}
	circles := p.circles()
	if got := fmt.Sprint(circles); got != "[[b.go c.go] [x.go y.go]]" {
		t.Fatalf("found %v", got)
	}
	if !p.shareAType(circles[0]) || p.shareAType(circles[1]) {
		t.Error("which files are of one type is found wrong")
	}
}
