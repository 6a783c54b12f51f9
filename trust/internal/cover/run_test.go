// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRun measures a small module, a test of which starts its own program again.
func TestRun(t *testing.T) {
	root := t.TempDir()
	write(t, root, "go.mod", "module "+Module+"\n\ngo 1.24\n")
	write(t, root, "x.go", "package lsmlite\n")
	write(t, root, "inspect/x.go", "package inspect\n")
	write(t, root, "store/x.go", "package store\n")
	write(t, root, "internal/x.go", "package internal\n")
	write(t, root, "engine/x.go", `package engine

func Parent() int {
	return 1
}

func Child() int {
	return 2
}

func Neither() int {
	return 3
}
`)
	write(t, root, "engine/x_test.go", `package engine

import (
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("CHILD") != "" {
		Child()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestX(t *testing.T) {
	Parent()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHILD=yes")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}
`)
	suites, err := Suites(t.Context(), root)
	if err != nil || len(suites) != 1 || suites[0].Folder != "engine" {
		t.Fatalf("suites %v, error %v", suites, err)
	}
	p := make(Profile)
	var out strings.Builder
	if err := Run(t.Context(), Options{Root: root, Temp: t.TempDir(), Out: &out}, suites, p); err != nil {
		t.Fatal(err)
	}
	r, err := Measure(root, p)
	if err != nil {
		t.Fatal(err)
	}
	if missing := missingOf(r); r.Total != (Count{3, 2, 3, 2}) || missing[[2]string{"engine", "Neither"}] != 1 {
		t.Errorf("total %+v, missing %v", r.Total, missing)
	}
	if !strings.HasSuffix(out.String(), " engine\n") {
		t.Errorf("printed %q", out.String())
	}

	write(t, root, "engine/y_test.go", "package engine\n\nimport \"testing\"\n\nfunc TestY(t *testing.T) { t.Error(\"why\") }\n")
	err = Run(t.Context(), Options{Root: root, Temp: t.TempDir(), Out: &out}, suites, p)
	if err == nil || !strings.Contains(err.Error(), "engine: ") || !strings.Contains(err.Error(), "why") {
		t.Errorf("a test that fails: error %v", err)
	}
	write(t, root, "engine/y_test.go", "package engine\n\nvar x int = \"\"\n")
	if err := Run(t.Context(), Options{Root: root, Temp: t.TempDir(), Out: &out}, suites, p); err == nil || !strings.Contains(err.Error(), "y_test.go:3") {
		t.Errorf("a test that does not compile: error %v", err)
	}
}

// TestLeftOut wants that no program links a package that does not count: only others of them import it, and the
// suite of tests for stores.
func TestLeftOut(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	for folder, why := range LeftOut {
		if found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go")); err != nil || len(found) == 0 || why == "" {
			t.Errorf("%s: files %v, error %v, reason %q", folder, found, err, why)
		}
	}
	for _, top := range []string{"*.go", "engine", "internal", "parser", "store", "stores", "inspect", "replicate", "cmd", "capi", "js", "python"} {
		matches, err := filepath.Glob(filepath.Join(root, top))
		if err != nil || len(matches) == 0 {
			t.Fatalf("%s: %v, %v", top, matches, err)
		}
		for _, m := range matches {
			err := filepath.WalkDir(m, func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
					return err
				}
				folder, err := filepath.Rel(root, filepath.Dir(name))
				if folder = filepath.ToSlash(folder); err != nil || LeftOut[folder] != "" || folder == "store/storetest" {
					return err
				}
				return importsCount(t, name)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// importsCount wants that a file imports no package that is left out.
func importsCount(t *testing.T, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, i := range file.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		if LeftOut[strings.TrimPrefix(imported, Module+"/")] != "" {
			t.Errorf("%s imports %s, which does not count", name, imported)
		}
	}
	return nil
}
