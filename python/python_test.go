// SPDX-License-Identifier: Apache-2.0

package python_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestWheel makes the wheel, installs it into an empty environment and runs the tests of Python
// there, as make_wheel.py does for everyone. Among them are some that read files which this test
// has written; what they write for it is read at the end.
func TestWheel(t *testing.T) {
	python := interpreter(t)
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.lsm"), filepath.Join(dir, "to.lsm")
	writeForPython(t, from, dir)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "make_wheel.py", "--test", "--out", dir)
	cmd.Env = append(os.Environ(), "LSMLITE_FROM_GO="+from, "LSMLITE_FOR_GO="+to)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if wheels, _ := filepath.Glob(filepath.Join(dir, "lsmlite-*-cp39-abi3-manylinux_*.whl")); len(wheels) != 1 {
		t.Errorf("the wheels are %q", wheels)
	}
	readFromPython(t, to)
}

// interpreter returns a Python that has what the wheel and its tests take, or skips the test.
func interpreter(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("make_wheel.py knows Linux only")
	}
	for _, program := range []string{"gcc", "objdump", "nm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing", program)
		}
	}
	const probe = `import os, pip, pytest, sysconfig, venv
os.stat(os.path.join(sysconfig.get_paths()["include"], "Python.h"))`
	var last []byte
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		out, err := exec.CommandContext(t.Context(), python, "-c", probe).CombinedOutput()
		if err == nil {
			return python
		}
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		last = fmt.Appendf(last, "; %s: %v %s", python, err, lines[len(lines)-1])
	}
	t.Skipf("no Python with pip, pytest and its headers%s", last)
	return ""
}

const rows = 3000

// row returns row i of those that a program writes; test_exchange.py has the same rule.
func row(who string, i int) (key, value []byte) {
	value = fmt.Appendf(nil, "%s%d", who, i)
	if i%7 == 0 {
		value = bytes.Repeat(value, 500)
	}
	return fmt.Appendf(nil, "%s/%05d", who, i), value
}

// writeForPython writes a database, and a second one that is copied while it is open: what a
// process leaves that was killed.
func writeForPython(t *testing.T, path, dir string) {
	t.Helper()
	for _, name := range []string{path, filepath.Join(dir, "open.lsm")} {
		db, err := engine.Open(t.Context(), name, engine.Options{AutoFlush: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < rows; from += 100 {
			put(t, db, from, from+100)
		}
		if name != path {
			for _, suffix := range []string{"", "-log"} {
				data, err := os.ReadFile(name + suffix)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path+"2"+suffix, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// readFromPython compares what the tests of Python wrote, and checks the file.
func readFromPython(t *testing.T, path string) {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range rows {
		k, want := row("python", i)
		got, found, err := db.Get(nil, k)
		if deleted := i > 99 && i < 200; err != nil || found == deleted || found && !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes, found %v, %v; want %d bytes, deleted %v", k, len(got), found, err, len(want), deleted)
		}
	}
	if _, found, err := db.Get(nil, []byte("python/deleted")); err != nil || found {
		t.Fatalf("a row that was deleted: found %v, %v", found, err)
	}
	for problem := range db.Check(t.Context()) {
		t.Errorf("the file: %v", problem)
	}
}

// put puts rows in a transaction.
func put(t *testing.T, db *engine.DB, from, to int) {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if err := tx.Put(row("go", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}
