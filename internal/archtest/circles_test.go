// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// strict are the packages whose files form an order in every way: what a file uses of others,
// types and fields included, stands in files before it. Files that all hold a part of one type
// may use each other; they are one thing in several pieces.
var strict = []string{
	"", "internal/session", "internal/pragma", "store", "store/storetest",
	"engine/internal/cursor", "engine/internal/format", "engine/internal/freelist", "engine/internal/inspect",
	"engine/internal/merge", "engine/internal/segment", "engine/internal/snapshot", "engine/internal/wal",
	"engine/prom", "engine/vfs", "engine/enginetest", "internal/oracle", "internal/railroad", "internal/sim",
	"engine/compress", "parser",
}

// TestFilesFormNoCircles: within a package, no file calls one that calls back, directly or
// through others, or uses its variables. So there is an order in which they can be read. What
// the methods of one type call of each other, wherever they stand, does not count. Outside the
// strict packages types and fields do not count either: those of a public interface name each
// other, as an event names the database.
func TestFilesFormNoCircles(t *testing.T) {
	p := loadProgram(t)
	all, circles := 0, 0
	for _, pkg := range p.pkgs {
		name := relative(pkg.Path())
		counts := does
		if slices.Contains(strict, name) {
			counts = topLevel
		}
		refs := p.references(pkg, counts)
		all += len(refs)
		for _, circle := range inCircles(refs) {
			if p.shareAType(pkg, circle) {
				continue
			}
			circles++
			t.Errorf("%q: %s", name, strings.Join(circle, " "))
			for _, from := range circle {
				for _, to := range circle {
					if used := refs[from][to]; len(used) > 0 {
						t.Logf("    %s -> %s: %s", from, to, strings.Join(used, " "))
					}
				}
			}
		}
	}
	t.Logf("%d files, %d circles", all, circles)
}

// orderOfFiles begins a comment that lists the files of a package, without .go: after it, each
// line is a subject and its files.
const orderOfFiles = "The files, in an order in which they can be read:"

// TestOrderOfFiles: where a package lists its files in an order, the list is complete, and no
// file uses a later one but as another piece of the same type.
func TestOrderOfFiles(t *testing.T) {
	p, lists := loadProgram(t), 0
	for _, pkg := range p.pkgs {
		order := p.orderOf(pkg)
		if order == nil {
			continue
		}
		lists++
		refs := p.references(pkg, topLevel)
		for from, uses := range refs {
			at := slices.Index(order, from)
			if at < 0 {
				t.Errorf("%s: %s is not in the list of files", relative(pkg.Path()), from)
			}
			for to, used := range uses {
				if at < slices.Index(order, to) && !p.shareAType(pkg, []string{from, to}) {
					t.Errorf("%s: %s comes before %s in the list of files, of which it uses %v",
						relative(pkg.Path()), from, to, used)
				}
			}
		}
		if len(order) != len(refs) {
			t.Errorf("%s: the list has %d files, the package has %d", relative(pkg.Path()), len(order), len(refs))
		}
	}
	if lists == 0 {
		t.Error("no package has a list of its files")
	}
}

// orderOf returns the files of a package in the order in which it lists them, the one with the
// list at the front; nil if it has none.
func (p *program) orderOf(pkg *types.Package) (order []string) {
	for _, f := range p.syntax[pkg] {
		for _, c := range f.Comments {
			list, found := strings.CutPrefix(c.Text(), orderOfFiles)
			if !found {
				continue
			}
			order = append(order, p.fileName(f.Pos()))
			for line := range strings.Lines(list) {
				for i, name := range strings.Fields(line) {
					if i > 0 {
						order = append(order, name+".go")
					}
				}
			}
		}
	}
	return order
}

// references returns which files of a package use what another one declares, and what, as far
// as it counts.
func (p *program) references(pkg *types.Package, counts func(types.Object) bool) map[string]map[string][]string {
	refs := make(map[string]map[string][]string)
	for _, f := range p.syntax[pkg] {
		from := p.fileName(f.Pos())
		refs[from] = make(map[string][]string)
		for _, d := range f.Decls {
			self := p.receiver(d)
			ast.Inspect(d, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				o := p.info.Uses[id]
				if o == nil || o.Pkg() != pkg || !counts(o) {
					return true
				}
				o = origin(o)
				to := p.fileName(o.Pos())
				if to != from && (self == nil || ownerOf(o) != self) && !slices.Contains(refs[from][to], o.Name()) {
					refs[from][to] = append(refs[from][to], o.Name())
				}
				return true
			})
		}
	}
	return refs
}

// fileName returns the name of the file in which something stands.
func (p *program) fileName(pos token.Pos) string { return filepath.Base(p.fset.Position(pos).Filename) }

// does reports whether something is a function or a method, or a variable of the package.
func does(o types.Object) bool {
	switch o := o.(type) {
	case *types.Func:
		return true
	case *types.Var:
		return !o.IsField() && o.Parent() == o.Pkg().Scope()
	}
	return false
}

// topLevel reports whether something is declared at the top of a file: a type, its fields and
// methods, a function, a constant or a variable.
func topLevel(o types.Object) bool {
	if v, ok := o.(*types.Var); ok && v.IsField() {
		return true
	}
	_, method := o.(*types.Func)
	return method || o.Parent() == o.Pkg().Scope()
}

// shareAType reports whether there is a type of which every one of the files holds a part.
func (p *program) shareAType(pkg *types.Package, files []string) bool {
	var shared map[types.Object]bool
	for _, f := range p.syntax[pkg] {
		if !slices.Contains(files, p.fileName(f.Pos())) {
			continue
		}
		parts := make(map[types.Object]bool)
		for _, o := range p.info.Defs {
			if o == nil || o.Pkg() != pkg || p.fset.File(o.Pos()) != p.fset.File(f.Pos()) || !topLevel(o) {
				continue
			}
			if of := ownerOf(o); of != nil && (shared == nil || shared[of]) {
				parts[of] = true
			}
		}
		shared = parts
	}
	return len(shared) > 0
}

// receiver returns the type that a declaration is a method of, or nil.
func (p *program) receiver(d ast.Decl) types.Object {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Recv == nil {
		return nil
	}
	return ownerOf(p.info.Defs[f.Name])
}

// ownerOf returns the type that something is, or that it is a method of; nil if it is neither.
func ownerOf(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.TypeName:
		return o
	case *types.Func:
		recv := o.Signature().Recv()
		if recv == nil {
			return nil
		}
		typ := recv.Type()
		if ptr, ok := typ.(*types.Pointer); ok {
			typ = ptr.Elem()
		}
		if named, ok := typ.(*types.Named); ok {
			return named.Obj()
		}
	}
	return nil
}

// inCircles returns the groups of files that all lead to each other.
func inCircles(refs map[string]map[string][]string) (circles [][]string) {
	reach := make(map[string]map[string]bool)
	for from := range refs {
		seen := make(map[string]bool)
		todo := []string{from}
		for len(todo) > 0 {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for to := range refs[at] {
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		reach[from] = seen
	}
	done := make(map[string]bool)
	for from := range refs {
		if done[from] || !reach[from][from] {
			continue
		}
		var circle []string
		for to := range reach[from] {
			if reach[to][from] {
				circle = append(circle, to)
				done[to] = true
			}
		}
		slices.Sort(circle)
		circles = append(circles, circle)
	}
	slices.SortFunc(circles, slices.Compare)
	return circles
}

// TestCircles: the search finds what there is, and nothing else.
func TestCircles(t *testing.T) {
	refs := map[string]map[string][]string{
		"a": {"b": {"x"}}, "b": {"c": {"y"}}, "c": {"b": {"z"}, "d": {"u"}}, "d": {}, "e": {"f": {"v"}}, "f": {"e": {"w"}},
	}
	if got := fmt.Sprint(inCircles(refs)); got != "[[b c] [e f]]" {
		t.Errorf("circles are %s", got)
	}
}
