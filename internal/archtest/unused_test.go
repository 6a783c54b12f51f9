// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forTests are exported although only tests of other packages use them, with the reason.
var forTests = map[string]string{
	"engine/internal/cursor.Cursor.Steps":    "the tests of package engine measure what a cursor passes over",
	"engine/internal/mutant.All":             "the tests of package simulator look for each of them",
	"engine/internal/mutant.Mutant.Sentence": "the tests of package simulator say what they have found",
	"engine/internal/span.List.Len":          "the tests of package cursor count what cursors remember",
	"engine/internal/turn.Turn.Given":        "the tests of package engine want that readers give way to writers",
}

// TestNothingExportedInVain: what an internal package exports is used by another package, also of the
// modules below the root, and not only by tests. Left out are packages that only tests import, methods that make a type
// fit an interface, limits, which the documents are compared with, and what comes with
// something that is used: the types in its signature or its fields, and the constants that are
// declared with it.
func TestNothingExportedInVain(t *testing.T) {
	p := loadProgram(t)
	used := make(map[types.Object]bool)
	imported := make(map[*types.Package]bool)
	for id, o := range p.info.Uses {
		if o.Pkg() == nil || p.all[o.Pkg().Path()] == nil {
			continue
		}
		if user := p.files[p.fset.File(id.Pos())]; user != o.Pkg() {
			use(used, origin(o))
			imported[o.Pkg()] = true
		}
	}
	for name := range usedBelow(t) {
		path, name, _ := strings.Cut(name, " ")
		if pkg := p.all[path]; pkg != nil {
			use(used, pkg.Scope().Lookup(name))
		}
	}
	interfaces, excused := p.interfaces(), 0
	for _, pkg := range p.pkgs {
		rel := relative(pkg.Path())
		if rel == "engine/internal/crypt" { // vectors of its parts are tested where they are
			continue
		}
		if rel == "engine/internal/live" { // two sides of one protocol, which its tests play
			continue
		}
		if rel == "internal/secondreader" { // its users are tests, besides package sim, which is for tests
			continue
		}
		if !strings.HasPrefix(rel, "internal/") && !strings.HasPrefix(rel, "engine/internal/") || !imported[pkg] {
			continue
		}
		for _, o := range exported(pkg) {
			if used[o] || isLimit(o) || p.together(used, o) || fits(o, interfaces) {
				continue
			}
			if forTests[rel+"."+describe(o)] != "" {
				excused++
				continue
			}
			pos := p.fset.Position(o.Pos())
			t.Errorf("%s/%s:%d: %s is exported, but no other package uses it", rel, filepath.Base(pos.Filename), pos.Line, describe(o))
		}
	}
	if excused != len(forTests) {
		t.Errorf("of %d exceptions %d are needed", len(forTests), excused)
	}
}

// usedBelow returns what files of the modules below the root name of internal packages: path, a space,
// and the name.
func usedBelow(t *testing.T) map[string]bool {
	t.Helper()
	used := make(map[string]bool)
	eachFile(t, func(_ string, _ *token.FileSet, f *ast.File) {
		paths := make(map[string]string) // by the name in the file
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(path, module+"/internal/") {
				continue
			}
			name := path[strings.LastIndex(path, "/")+1:]
			if i.Name != nil {
				name = i.Name.Name
			}
			paths[name] = path
		}
		for n := range ast.Preorder(f) {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && paths[x.Name] != "" {
					used[paths[x.Name]+" "+s.Sel.Name] = true
				}
			}
		}
	})
	if len(used) == 0 {
		t.Error("the modules below the root use nothing of internal packages: this test looks at the wrong thing")
	}
	return used
}

// isLimit reports whether an object is a constant that limits something.
func isLimit(o types.Object) bool {
	_, ok := o.(*types.Const)
	return ok && (strings.HasPrefix(o.Name(), "Max") || strings.HasPrefix(o.Name(), "Min"))
}

// together reports whether a constant is declared with others of which one is used.
func (p *program) together(used map[types.Object]bool, o types.Object) bool {
	return slices.ContainsFunc(p.groups[o], func(other types.Object) bool { return used[other] || used[typeName(other.Type())] })
}

func describe(o types.Object) string {
	if f, ok := o.(*types.Func); ok {
		if r := f.Signature().Recv(); r != nil {
			if n := typeName(r.Type()); n != nil {
				return n.Name() + "." + o.Name()
			}
		}
	}
	return o.Name()
}

// use marks an object as used, and with it what a user of it gets into his hands.
func use(used map[types.Object]bool, o types.Object) {
	if o == nil || used[o] {
		return
	}
	used[o] = true
	if n, ok := o.(*types.TypeName); ok {
		useType(used, n.Type().Underlying())
		return
	}
	useType(used, o.Type())
}

func useType(used map[types.Object]bool, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		useType(used, types.Unalias(t))
	case *types.Named:
		use(used, t.Obj())
		for i := range t.TypeArgs().Len() {
			useType(used, t.TypeArgs().At(i))
		}
	case *types.Pointer:
		useType(used, t.Elem())
	case *types.Slice:
		useType(used, t.Elem())
	case *types.Array:
		useType(used, t.Elem())
	case *types.Map:
		useType(used, t.Key())
		useType(used, t.Elem())
	case *types.Chan:
		useType(used, t.Elem())
	case *types.Signature:
		for _, v := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range v.Len() {
				useType(used, v.At(i).Type())
			}
		}
	case *types.Struct:
		for i := range t.NumFields() {
			if t.Field(i).Exported() {
				useType(used, t.Field(i).Type())
			}
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			useType(used, t.Method(i).Type())
			used[t.Method(i)] = true
		}
	}
}

func typeName(t types.Type) types.Object {
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj()
	}
	return nil
}

// exported returns what a package exports: its names, and the methods of its types.
func exported(pkg *types.Package) (list []types.Object) {
	add := func(o types.Object) {
		if o.Exported() {
			list = append(list, o)
		}
	}
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		add(o)
		n, ok := o.(*types.TypeName)
		if !ok || n.IsAlias() {
			continue
		}
		named, ok := n.Type().(*types.Named)
		if !ok {
			continue
		}
		for m := range named.Methods() {
			add(m)
		}
	}
	return list
}

// interfaces returns the interfaces that the module's packages can know.
func (p *program) interfaces() (list []*types.Interface) {
	seen := make(map[*types.Package]bool)
	var visit func(pkg *types.Package)
	visit = func(pkg *types.Package) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		for _, name := range pkg.Scope().Names() {
			if n, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
				if i, ok := n.Type().Underlying().(*types.Interface); ok && i.NumMethods() > 0 {
					list = append(list, i)
				}
			}
		}
		for _, imp := range pkg.Imports() {
			visit(imp)
		}
	}
	for _, pkg := range p.pkgs {
		visit(pkg)
	}
	list = append(list, types.Universe.Lookup("error").Type().Underlying().(*types.Interface))
	return list
}

// fits reports whether a method makes its type fit an interface.
func fits(o types.Object, interfaces []*types.Interface) bool {
	f, ok := o.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return false
	}
	if slices.Contains([]string{"Is", "As", "Unwrap"}, f.Name()) {
		return true // package errors looks for them without a name
	}
	t := f.Signature().Recv().Type()
	for _, i := range interfaces {
		for m := range i.Methods() {
			if m.Name() == f.Name() && (types.Implements(t, i) || types.Implements(types.NewPointer(t), i)) {
				return true
			}
		}
	}
	return false
}
