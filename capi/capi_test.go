// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// The programs of testdata are what is tested: in C, linked with the library that build.sh makes.

var (
	soak    = flag.Int("soak", 2, "how many `seconds` threads work on one file")
	seeds   = flag.Int("seeds", 6, "how many `sequences` of random calls are tried")
	address = flag.Bool("address", false, "build library and programs with AddressSanitizer")
)

// envOriginal names a static library of C lsm1, with its header next to it or in the folder of envHeader. With it the
// same calls are made of both libraries.
const (
	envOriginal = "LSMLITE_CAPI_LSM1"
	envHeader   = "LSMLITE_CAPI_LSM1_INCLUDE"
)

// build makes the library once, and returns the folder of build.sh.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "capi")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("./build.sh", dir)
	cmd.Env = append(os.Environ(), "ONLY=shared")
	if *address {
		cmd.Env = append(cmd.Env, "CGO_CFLAGS=-g -O1 -fsanitize=address", "CGO_LDFLAGS=-fsanitize=address")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("build.sh: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := build(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// program compiles a program of testdata with the library, and returns its name.
func program(t *testing.T, name string) string {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the programs are built on Linux and macOS")
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("there is no C compiler")
	}
	dir, err := build()
	if err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(t.TempDir(), name)
	args := []string{"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-I", filepath.Join(dir, "include"),
		filepath.Join("testdata", name+".c"), "-o", exe, "-L", filepath.Join(dir, "lib"), "-llsmlite", "-pthread",
		"-Wl,-rpath," + filepath.Join(dir, "lib")}
	if *address {
		args = append(args, "-fsanitize=address")
	}
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return exe
}

// run runs a program, which has to print ok at the end.
func run(t *testing.T, exe string, args ...string) string {
	t.Helper()
	out, err := exec.Command(exe, args...).CombinedOutput()
	if err != nil || !bytes.HasSuffix(out, []byte("ok\n")) {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(exe), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestEveryFunction(t *testing.T) {
	dir := t.TempDir()
	args := []string{filepath.Join(dir, "a.lsm"), filepath.Join(dir, "copy.lsm"), filepath.Join(dir, "key.lsm")}
	if err := (engine.Options{Key: keys.Raw(make([]byte, keys.Size))}).Validate(); err != nil {
		t.Logf("without keys: %v", err)
		args = args[:2]
	}
	run(t, program(t, "every"), args...)
}

func TestHooks(t *testing.T) { run(t, program(t, "hooks"), t.TempDir()) }

func TestLives(t *testing.T) { run(t, program(t, "lives"), t.TempDir()) }

func TestStatements(t *testing.T) { run(t, program(t, "stmt"), filepath.Join(t.TempDir(), "s.lsm")) }

// TestThreads is a soak with -soak.
func TestThreads(t *testing.T) {
	t.Log(run(t, program(t, "threads"), filepath.Join(t.TempDir(), "t.lsm"), fmt.Sprint(*soak)))
}

// TestCalls tries random calls of two handles against a model.
func TestCalls(t *testing.T) {
	exe := program(t, "calls")
	for seed := 1; seed <= *seeds; seed++ {
		run(t, exe, filepath.Join(t.TempDir(), "c.lsm"), fmt.Sprint(seed), "3000")
	}
}

// TestCallsOfBoth compares what both libraries answer to the same calls. lsm1 itself goes wrong in some sequences, and
// its program ends there: up to that place both must agree, and this library must reach the end.
func TestCallsOfBoth(t *testing.T) {
	lib := os.Getenv(envOriginal)
	if lib == "" {
		t.Skip(envOriginal + " names no library of C lsm1")
	}
	include := os.Getenv(envHeader)
	if include == "" {
		include = filepath.Dir(lib)
	}
	ours, theirs := program(t, "calls"), filepath.Join(t.TempDir(), "calls-lsm1")
	if out, err := exec.Command("cc", "-g", "-DLSM1_ORIGINAL", "-I", include, "testdata/calls.c", "-o", theirs, lib, "-pthread", "-lm").
		CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := 0
	for seed := 1; seed <= *seeds; seed++ {
		dir := t.TempDir()
		want, err := exec.Command(theirs, filepath.Join(dir, "c.lsm"), fmt.Sprint(seed), "3000", "trace").Output()
		got := run(t, ours, filepath.Join(dir, "o.lsm"), fmt.Sprint(seed), "3000", "trace")
		if err == nil {
			whole++
		} else {
			want = want[:bytes.LastIndexByte(bytes.TrimSuffix(want, []byte("\n")), '\n')+1] // without what failed
			t.Logf("seed %d: lsm1 ends after %d answers", seed, bytes.Count(want, []byte("\n")))
		}
		if !strings.HasPrefix(got, string(want)) {
			t.Errorf("seed %d: the answers differ", seed)
		}
	}
	t.Logf("%d of %d sequences to the end in lsm1", whole, *seeds)
	if whole < *seeds/2 {
		t.Errorf("lsm1 came to the end of %d sequences of %d", whole, *seeds)
	}
}

// TestExports: only functions of the headers can be seen from outside, and each of these is there.
func TestExports(t *testing.T) {
	nm, err := exec.LookPath("nm")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("nm is missing, or lists in another form")
	}
	dir, err := build()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(nm, "-D", "--defined-only", filepath.Join(dir, "lib", "liblsmlite.so")).Output()
	if err != nil {
		t.Fatal(err)
	}
	header, err := os.ReadFile("lsmlite.h")
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		name := strings.Fields(line)[2]
		exported[name] = true
		if !bytes.Contains(header, []byte(name+"(")) {
			t.Errorf("%s is exported, and not in the header", name)
		}
	}
	plain := 0
	for line := range strings.Lines(string(header)) {
		rest, ok := strings.CutPrefix(line, "LSMLITE_API ")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, "(")
		name = strings.TrimLeft(name[strings.LastIndexByte(name, ' ')+1:], "*")
		if !exported[name] {
			t.Errorf("%s is in the header, and not exported", name)
		}
		if strings.HasPrefix(name, "lsm_") {
			plain++
		}
	}
	if plain != 34 {
		t.Errorf("%d functions of lsm1; there are 34", plain)
	}
}
