// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"path/filepath"
	"strings"
	"testing"
)

// TestTurnsAreAsserted: a method of the worker or the writer whose comment says that its
// caller has a turn asserts it, so that a run with the build tag invariants finds a caller that
// has not.
func TestTurnsAreAsserted(t *testing.T) {
	p := loadProgram(t)
	own := map[string]map[string]string{
		"worker": {"the worker's turn": "w.Turn.MustBeHeld", "the checkpointer's turn": "w.Checkpointer.MustBeHeld"},
		"writer": {"the writer's turn": "w.Turn.MustBeHeld", "the worker's turn": "w.Worker.Turn.MustBeHeld",
			"the turns of writer and worker": "w.Worker.Turn.MustBeHeld"},
	}
	asserted := 0
	for _, pkg := range p.pkgs {
		turns := own[filepath.Base(pkg.Path())]
		if turns == nil || !strings.HasPrefix(relative(pkg.Path()), "engine/internal/") {
			continue
		}
		for _, f := range p.syntax[pkg] {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Doc == nil || !ofWorkerOrWriter(fn) {
					continue
				}
				doc := strings.Join(strings.Fields(fn.Doc.Text()), " ")
				for turn, call := range turns {
					if !strings.Contains(doc, "aller has "+turn) {
						continue
					}
					asserted++
					if !calls(fn.Body, call) {
						t.Errorf("%s: %s says that its caller has %s, and does not call %s", p.fileName(fn.Pos()), fn.Name.Name, turn, call)
					}
				}
			}
		}
	}
	if asserted < 20 {
		t.Errorf("only %d methods say that their caller has a turn: the test looks for the wrong words", asserted)
	}
}

func ofWorkerOrWriter(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return false
	}
	star, ok := fn.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	id, ok := star.X.(*ast.Ident)
	return ok && (id.Name == "Worker" || id.Name == "Writer")
}

// calls reports whether a body calls something of that name.
func calls(body *ast.BlockStmt, name string) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && dotted(call.Fun) == name {
			found = true
		}
		return !found
	})
	return found
}

// dotted returns a.b.c for a selector.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	}
	return ""
}
