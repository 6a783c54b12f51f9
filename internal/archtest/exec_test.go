// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// startsPrograms are the folders whose code may start other programs, each with the reason. The library is none.
var startsPrograms = map[string]string{
	"cmd/lsmlite/internal/outside":   "lsmlite replicate, follow, copy and restore --at are commands of their own",
	"cmd/lsmlite/internal/data/read": "lsmlite import reads databases of other engines by lsmlite-import",
	"examples/quickstart":            "shows two processes, which are itself",
	"examples/recipes/report":        "shows two processes, which are itself",
	"bench/child":                    "a store is measured in a process of its own, which is itself",
	"internal/oracle":                "tests compare with C lsm1 in a process of its own",
	"trust":                          "campaigns are tests, which go test runs",
	"trust/internal/cover":           "suites are tests, which the go command builds with counters",
	"trust/internal/platforms":       "tests of other platforms run in emulators",
	"trust/internal/fuzz":            "fuzz targets are tests, which go test builds",
}

// usesShell are the folders in which a program is started by a shell, with the reason. No name comes to it as a text to
// run.
var usesShell = map[string]string{
	"trust/internal/platforms": "ulimit, and a group of processes that one joins before it becomes the test, are a shell's",
}

// starter are the ways to start a program without package os/exec.
var starter = regexp.MustCompile(`^(os\.StartProcess|syscall\.(Exec|ForkExec|StartProcess|CreateProcess)|unix\.Exec|windows\.(CreateProcess|ShellExecute))$`)

// shell are texts that are the name of a shell, or of a variable that has it.
var shell = regexp.MustCompile(`^((/usr)?/bin/)?(sh|bash|dash|zsh|fish|ksh)$|^(?i:cmd|powershell|pwsh)(\.exe)?$|^(SHELL|COMSPEC)$`)

// TestWhoStartsPrograms: only the code that must starts other programs, and only what usesShell names does so by a
// shell, to which a name or a key could be a command.
func TestWhoStartsPrograms(t *testing.T) {
	found := make(map[string]bool)
	eachSource(t, func(folder string, f *ast.File, fset *token.FileSet) {
		imports := false
		for _, i := range f.Imports {
			imports = imports || i.Path.Value == `"os/exec"`
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && starter.MatchString(x.Name+"."+n.Sel.Name) {
					t.Errorf("%v: %s.%s starts a program", fset.Position(n.Pos()), x.Name, n.Sel.Name)
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if startsPrograms[folder] != "" && usesShell[folder] == "" && n.Kind == token.STRING && err == nil && shell.MatchString(text) {
					t.Errorf("%v: %s is a shell", fset.Position(n.Pos()), n.Value)
				}
			}
			return true
		})
		if !imports {
			return
		}
		if found[folder] = true; startsPrograms[folder] == "" {
			t.Errorf("%s may not start programs", folder)
		}
	})
	for folder := range startsPrograms {
		if !found[folder] {
			t.Errorf("%s starts no programs any more", folder)
		}
	}
}

// eachSource calls do with each file of all modules that is no test.
func eachSource(t *testing.T, do func(folder string, f *ast.File, fset *token.FileSet)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err == nil {
			do(filepath.ToSlash(rel), f, fset)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
