// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// built is where the package was built, for all tests.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}

// build builds the package into a folder, and returns that.
func build(t *testing.T) string {
	t.Helper()
	if built != "" {
		return built
	}
	for _, program := range []string{"bash", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the package is tested in Node, and %s is not installed: %v", program, err)
		}
	}
	if out, err := exec.Command("node", "-p", "typeof process.getBuiltinModule").Output(); err != nil || strings.TrimSpace(string(out)) != "function" {
		t.Skipf("the package needs Node 20.16 or newer: %v", err)
	}
	folder, err := os.MkdirTemp("", "lsmlite-js-")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("./build.sh", folder)
	c.Env = append(os.Environ(), "LSMLITE_SIZE=quick")
	run(t, c)
	built = folder
	return folder
}

// run runs a command, whose output is shown if it fails.
func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	t.Logf("%s\n%s", c, out)
	return string(out)
}

// TestSize fails if the program is larger than its budget, as the build script does. The tests of this package run
// next to one another, because each of them takes long.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("brotli takes half a minute")
	}
	build(t)
	t.Parallel()
	out := run(t, exec.Command("./build.sh", t.TempDir()))
	if !strings.Contains(out, "brotli -11 ") {
		t.Errorf("the build script does not say how large the program is:\n%s", out)
	}
}

// TestLeftOut fails if the program has functions of what the tag lsmlite_small leaves out. Their names are in it, for
// what is printed of a panic.
func TestLeftOut(t *testing.T) {
	program, err := os.ReadFile(filepath.Join(build(t), "lsmlite.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	engine := "github.com/lsmlite/lsmlite-go/engine"
	for name, want := range map[string]bool{
		engine + ".(*DB).Get":               true,
		engine + ".(*attached).":            false,
		engine + "/internal/attach.(*":      false,
		engine + "/internal/live.NewWriter": false,
		"encoding/json.(*Encoder).Encode":   false,
		"log/slog.(*Logger).LogAttrs":       false,
	} {
		if bytes.Contains(program, []byte(name)) != want {
			t.Errorf("%s is in the program: %v; want %v", name, !want, want)
		}
	}
}

// TestSizesInThePage compares the sizes that docs/javascript.md gives with those of what was built. Another release of
// Go may make a program some percent larger or smaller.
func TestSizesInThePage(t *testing.T) {
	folder := build(t)
	raw, err := os.ReadFile("../docs/javascript.md")
	if err != nil {
		t.Fatal(err)
	}
	said := func(pattern string) float64 {
		t.Helper()
		found := regexp.MustCompile(pattern).FindSubmatch(raw)
		if found == nil {
			t.Fatalf("the page has nothing like %s", pattern)
		}
		n, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	size := func(paths ...string) (sum float64) {
		t.Helper()
		for _, path := range paths {
			about, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			sum += float64(about.Size())
		}
		return sum
	}
	scripts, err := filepath.Glob(filepath.Join(folder, "*.js"))
	if err != nil || len(scripts) < 6 {
		t.Fatalf("%d scripts: %v", len(scripts), err)
	}
	// As the page says that it is built.
	wasi := filepath.Join(t.TempDir(), "wasi.wasm")
	c := exec.Command("go", "build", "-C", "wasip1", "-o", wasi, ".")
	c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	run(t, c)
	for _, s := range []struct {
		what       string
		said, size float64
	}{
		{"the program", said(`lsmlite\.wasm. has ([\d.]+) MB`) * 1e6, size(filepath.Join(folder, "lsmlite.wasm"))},
		{"the scripts", said(`scripts next to it have (\d+) KB`) * 1e3, size(scripts...)},
		{"the module for WASI", said(`The module has ([\d.]+) MB`) * 1e6, size(wasi)},
	} {
		if off := s.said/s.size - 1; off < -0.04 || off > 0.04 {
			t.Errorf("%s has %.0f bytes, and the page says %.0f", s.what, s.size, s.said)
		}
	}
}

// TestPackageIsWhole fails if the list of the package's files, which npm goes by, lacks one that was built, or names
// one that was not.
func TestPackageIsWhole(t *testing.T) {
	folder := build(t)
	raw, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var about struct{ Files []string }
	if err := json.Unmarshal(raw, &about); err != nil {
		t.Fatal(err)
	}
	want := append(about.Files, "LICENSE", "package.json") // which npm adds
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the built package has %q, and package.json names %q", got, want)
	}
	texts, err := os.ReadFile(filepath.Join(folder, "THIRD-PARTY-LICENSES.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"Go, and wasm_exec.js", "The Go Authors", "github.com/klauspost/compress: LICENSE"} {
		if !strings.Contains(string(texts), who) {
			t.Errorf("the licences do not name %q", who)
		}
	}
}

// TestFilesInNode runs the tests of package hostfs, those of every file system among them, on the files of the
// package in Node.
func TestFilesInNode(t *testing.T) {
	folder := build(t)
	t.Parallel()
	program := filepath.Join(t.TempDir(), "hostfs.test.wasm")
	c := exec.Command("go", "test", "-tags", "lsmlite_small", "-c", "-o", program, "./hostfs")
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	run(t, c)
	for _, storage := range []string{"node", "memory"} {
		t.Run(storage, func(t *testing.T) {
			c := exec.Command("node", "test/node/gotest.mjs", folder, storage, program, "-test.v")
			out := run(t, c)
			if !strings.Contains(out, "--- PASS: TestConformance ") {
				t.Errorf("the tests of every file system did not run:\n%s", out)
			}
		})
	}
}

// TestNode builds the package and runs its tests in Node.
func TestNode(t *testing.T) {
	folder := build(t)
	t.Parallel()
	tests, err := filepath.Glob("test/node/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	c := exec.Command("node", append([]string{"--test", "--test-reporter=spec"}, tests...)...)
	c.Env = append(os.Environ(), "LSMLITE_PACKAGE="+folder)
	run(t, c)
}

// TestTypes has TypeScript check index.d.ts against a program that uses all of it, and against what it must refuse.
// TypeScript is installed for that into a folder of the test.
func TestTypes(t *testing.T) {
	tsc, err := exec.LookPath("tsc")
	if err != nil {
		if _, err := exec.LookPath("npm"); err != nil {
			t.Skipf("types are checked by TypeScript, which npm installs, and npm is not installed: %v", err)
		}
		folder := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		npm := exec.CommandContext(ctx, "npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, "typescript@5.9")
		if out, err := npm.CombinedOutput(); err != nil {
			t.Skipf("TypeScript cannot be installed: %v\n%s", err, out)
		}
		tsc = filepath.Join(folder, "node_modules", ".bin", "tsc")
	}
	run(t, exec.Command(tsc, "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes",
		"--target", "es2022", "--lib", "es2022,dom,dom.iterable,dom.asynciterable", "--module", "nodenext", "test/node/types.ts"))
}
