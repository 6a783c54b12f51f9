// SPDX-License-Identifier: Apache-2.0

package fuzz_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/trust/internal/fuzz"
)

// project makes a module with two targets: one that finds a fault at once, and one that finds none.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":          "module example.com/p\n\ngo 1.26\n",
		"nested/go.mod":   "module example.com/q\n\ngo 1.26\n",
		"nested/q.go":     "package q\n",
		"a/a.go":          "package a\n",
		"testdata/go.mod": "module example.com/ignored\n",
		"a/a_test.go": `package a

import "testing"

func FuzzGood(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) {}) }

func FuzzBad(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, s string) {
		if s != "seed" {
			t.Fatal("found it")
		}
	})
}

func fuzzHelper(s string) {}
`,
		"nested/q_test.go": `package q

import "testing"

func FuzzNested(f *testing.F) { f.Fuzz(func(t *testing.T, n int) {}) }
`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	targets, err := fuzz.Find(t.Context(), project(t))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, target := range targets {
		paths = append(paths, target.Path())
	}
	if got := strings.Join(paths, " "); got != "a.FuzzBad a.FuzzGood nested.FuzzNested" {
		t.Errorf("found %s", got)
	}
}

// TestRun: each target gets a report, one that fails leaves its input, what is done is not run again, and what has
// failed is.
func TestRun(t *testing.T) {
	dir, reports := project(t), t.TempDir()
	run := func(o fuzz.Options) (string, error) {
		var out bytes.Buffer
		o.Root, o.Reports, o.Cache, o.Time, o.AtOnce, o.Out = dir, reports, t.TempDir(), time.Second, 2, &out
		err := fuzz.Run(t.Context(), o)
		return out.String(), err
	}
	only := regexp.MustCompile(`^a\.`)
	out, err := run(fuzz.Options{Only: only})
	if err == nil || !strings.Contains(err.Error(), "1 of 2 targets have failed") {
		t.Fatalf("%v\n%s", err, out)
	}
	good, err := fuzz.ReadReport(reports, fuzz.Target{Module: ".", Package: "a", Name: "FuzzGood"})
	if err != nil || !good.Done(time.Second) || good.Inputs == 0 {
		t.Errorf("%+v, %v", good, err)
	}
	bad, err := fuzz.ReadReport(reports, fuzz.Target{Module: ".", Package: "a", Name: "FuzzBad"})
	if err != nil || !bad.Failed() || bad.Done(0) || !strings.Contains(bad.Output, "found it") {
		t.Errorf("%+v, %v", bad, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "a", "testdata", "fuzz", "FuzzBad", "*")); len(left) != 1 {
		t.Errorf("inputs that are left: %q, %v", left, err)
	}
	if out, err = run(fuzz.Options{Only: only}); err == nil || !strings.Contains(out, "done before    a.FuzzGood") {
		t.Errorf("the second run: %v\n%s", err, out)
	}
}

// TestCutShort: a run that is stopped leaves no report that says done.
func TestCutShort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o := fuzz.Options{Root: project(t), Reports: t.TempDir(), Cache: t.TempDir(), Time: time.Hour, Out: &bytes.Buffer{}}
	if err := fuzz.Run(ctx, o); err == nil {
		t.Error("no error")
	}
	if left, err := filepath.Glob(filepath.Join(o.Reports, "*.json")); len(left) > 0 || err != nil {
		t.Errorf("reports: %q, %v", left, err)
	}
}

// TestProject: the targets of this project are found, those of the root and of nested modules.
func TestProject(t *testing.T) {
	targets, err := fuzz.Find(t.Context(), filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, target := range targets {
		found[target.Path()] = true
	}
	for _, want := range []string{"engine.FuzzOpen", "lsmlite.FuzzDSN", "replicate/internal/object.FuzzDecode", "cmd/lsmlite/internal/text.FuzzShow"} {
		if !found[want] {
			t.Errorf("%s is not found", want)
		}
	}
}
