// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"context"
	"debug/pe"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// made makes a module whose only package has a test file, and returns the Options to run it with.
func made(t *testing.T, tests string) Options {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":     "module " + module + "\n\ngo 1.26\n",
		"it_test.go": "package it\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nvar _ = os.Getenv\n\n" + tests,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Root: root, Reports: filepath.Join(root, "reports"), Timeout: time.Minute, Revision: "abc", Out: t.Output()}
}

func TestRunCounts(t *testing.T) {
	o := made(t, `
func TestGood(t *testing.T)    { t.Run("part", func(t *testing.T) { t.Log("said") }) }
func TestSkipped(t *testing.T) { t.Log("first"); t.Skip("no such thing here") }
func TestLong(t *testing.T)    { t.Error("it ran") }
func FuzzSeeds(f *testing.F)   { f.Add(1); f.Fuzz(func(*testing.T, int) {}) }
`)
	p := Platform{Name: "here", start: words("env", "X=1"), Suites: []Suite{{Packages: []string{"./..."}, Without: []Leave{{"Long|Other", "too long"}}}}}
	if err := Run(t.Context(), p, o); err != nil {
		t.Fatal(err)
	}
	r, err := Read(o.Reports, "here")
	if err != nil || len(r.Packages) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	x := r.Packages[0]
	if x.Package != "." || x.Passed != 2 || len(x.Failed) > 0 || x.Revision != "abc" || r.Target != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(x.Skipped, []Note{{"TestSkipped", "no such thing here"}}) || !slices.Equal(x.Left, []Note{{"TestLong", "too long"}}) {
		t.Errorf("skipped %v, left out %v", x.Skipped, x.Left)
	}
	o.Revision = "def"
	for again, want := range map[bool]string{false: "abc", true: "def"} {
		o.Again = again
		if err := Run(t.Context(), p, o); err != nil {
			t.Fatal(err)
		}
		if r, _ = Read(o.Reports, "here"); again && r.Packages[0].Revision != want {
			t.Errorf("again %v: revision %s, want %s", again, r.Packages[0].Revision, want)
		}
	}
}

// TestRunFails wants an error where something fails, ends early, is missing, or does nothing.
func TestRunFails(t *testing.T) {
	all := []Suite{{Packages: []string{"./..."}}}
	for name, c := range map[string]struct {
		tests, says string
		p           Platform
		failed      []Note
	}{
		"a test": {tests: `func TestBad(t *testing.T) { t.Run("part", func(t *testing.T) { t.Error("one"); t.Error("two") }) }`,
			says: "1 of 1 packages failed", p: Platform{Suites: all}, failed: []Note{{"TestBad", "two"}}},
		"a pattern without tests": {tests: `func TestGood(*testing.T) {}`, says: "leaves out no test",
			p: Platform{Suites: []Suite{{Packages: []string{"."}, Without: []Leave{{"Goo", "part of a name"}}}}}},
		"no tests":   {says: "no package was run", p: Platform{Suites: []Suite{{Packages: []string{"./..."}}}, Env: []string{"GOFLAGS=-tags=none"}}},
		"no program": {tests: `func TestGood(*testing.T) {}`, says: "is missing", p: Platform{Suites: all, Needs: "lsmlite-no-such-program"}},
		"no start": {tests: `func TestGood(*testing.T) {}`, says: "nothing was run", p: Platform{Suites: all,
			start: func(*Options, string) ([]string, func() error, error) { return nil, nil, errors.New("no") }}},
	} {
		t.Run(name, func(t *testing.T) {
			o := made(t, c.tests)
			if name == "no tests" {
				if err := os.Rename(filepath.Join(o.Root, "it_test.go"), filepath.Join(o.Root, "it.go")); err != nil {
					t.Fatal(err)
				}
			}
			c.p.Name = "here"
			if c.p.start == nil {
				c.p.start = words()
			}
			err := Run(t.Context(), c.p, o)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v", err)
			}
			r, _ := Read(o.Reports, "here")
			if c.failed != nil && (len(r.Packages) != 1 || !slices.Equal(r.Packages[0].Failed, c.failed)) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestOutput reads what test programs print.
func TestOutput(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  Result
	}{
		"all": {[]string{"=== RUN   TestA", "=== RUN   TestA/b", "    a_test.go:3: said", "--- PASS: TestA/b (0.00s)", "--- PASS: TestA (0.01s)",
			"=== RUN   TestS", "    a_test.go:5: not here", "--- SKIP: TestS (0.00s)"}, Result{Passed: 1, Skipped: []Note{{"TestS", "not here"}}}},
		"an end in the middle": {[]string{"=== RUN   TestA", "--- PASS: TestA (0.01s)", "=== RUN   TestB", "fatal error"},
			Result{Passed: 1, Failed: []Note{{"TestB", "it did not end: === RUN   TestA\n--- PASS: TestA (0.01s)\n=== RUN   TestB\nfatal error"}}}},
		"at once": {[]string{"=== RUN   TestA", "=== PAUSE TestA", "=== RUN   TestB", "=== PAUSE TestB", "=== CONT  TestA", "=== CONT  TestB",
			"    b_test.go:1: of /tmp/x/B and C:\\x\\B", "=== NAME  TestA", "    a_test.go:1: of A", "--- FAIL: TestA (1.00s)", "=== NAME  TestB", "--- FAIL: TestB (1.00s)"},
			Result{Failed: []Note{{"TestA", "of A"}, {"TestB", "of …/B and …/B"}}}},
		"what looks like it": {[]string{"=== RUN   TestA", "x--- PASS: TestB (0.00s)", "--- PASS: TestA (0.00s)"}, Result{Passed: 1}},
	} {
		var out strings.Builder
		for _, line := range c.lines {
			if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
				out.WriteByte(0x16)
			}
			out.WriteString(line + "\n")
		}
		var got Result
		if got.read(out.String()); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestRunEnds ends the context while a test works.
func TestRunEnds(t *testing.T) {
	o := made(t, `func TestLong(t *testing.T) { select {} }`)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	err := Run(ctx, Platform{Name: "here", start: words(), Suites: []Suite{{Packages: []string{"."}}}}, o)
	if err == nil || time.Since(began) > time.Minute {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if r, _ := Read(o.Reports, "here"); len(r.Packages) > 0 {
		t.Errorf("what did not end is in the report: %+v", r)
	}
}

// TestLimitsHold starts programs with the limits, which have to see them.
func TestLimitsHold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the limits are those of Linux")
	}
	o := made(t, `
func TestDescriptors(t *testing.T) {
	for i := 0; ; i++ {
		if _, err := os.Open(os.DevNull); err != nil {
			if i > 13 {
				t.Error(i)
			}
			return
		}
	}
}
`)
	p := Platform{Name: "here", start: startDescriptors(16), Suites: []Suite{{Packages: []string{"."}}}}
	if err := Run(t.Context(), p, o); err != nil {
		t.Error(err)
	}
	o = made(t, `
func TestMemory(t *testing.T) {
	b := make([]byte, 256<<20)
	for i := range b {
		b[i] = 1
	}
}
`)
	words, end, err := startMemory(64<<20)(&o, "")
	if err != nil {
		t.Skipf("this user may not limit memory: %v", err)
	}
	t.Logf("%v", words)
	if err := end(); err != nil {
		t.Error(err)
	}
	p = Platform{Name: "here", start: startMemory(64 << 20), Suites: []Suite{{Packages: []string{"."}}}}
	if err := Run(t.Context(), p, o); err == nil {
		t.Error("a program took 256 MiB")
	}
}

// TestForwarder reads the library as others do.
func TestForwarder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.dll")
	if err := os.WriteFile(path, forwarder("a.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := pe.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := f.Sections[0].Data()
	if err != nil || len(f.Sections) != 1 || f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 {
		t.Fatalf("%+v, %v", f.Sections, err)
	}
	for _, text := range []string{"a.dll\x00", "ProcessPrng\x00", "advapi32.SystemFunction036\x00"} {
		if !strings.Contains(string(data), text) {
			t.Errorf("there is no %q", text)
		}
	}
}

// TestBuildForWine finds the place in Go's own file.
func TestBuildForWine(t *testing.T) {
	temp := t.TempDir()
	flags, err := buildForWine(temp)
	if err != nil || len(flags) != 1 {
		t.Fatalf("%v, %v", flags, err)
	}
	if text, err := os.ReadFile(filepath.Join(temp, "at_windows.go")); err != nil || !strings.Contains(string(text), "0xC0000002") {
		t.Errorf("it is not changed, %v", err)
	}
}

// TestLeavesNameTests finds each name that is left out somewhere in the sources: a test that has another name by now
// would run where it takes an hour.
func TestLeavesNameTests(t *testing.T) {
	names := make(map[string]bool)
	root := filepath.Join("..", "..", "..")
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	for _, folder := range []string{"engine", "parser", "."} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && folder == "." && path != root {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, "_test.go") {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				for _, m := range function.FindAllSubmatch(text, -1) {
					names[string(m[1])] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range All {
		for _, s := range p.Suites {
			for _, l := range s.Without {
				for part := range strings.SplitSeq(l.Tests, "|") {
					one := Leave{Tests: part}
					if !slices.ContainsFunc(slices.Collect(maps.Keys(names)), one.matches) {
						t.Errorf("%s leaves out %q, and there is no such test", p.Name, part)
					}
				}
				if l.Why == "" {
					t.Errorf("%s leaves out %q without a reason", p.Name, l.Tests)
				}
			}
		}
	}
}

// TestTableSaysAll prints reports in all states.
func TestTableSaysAll(t *testing.T) {
	old := All
	defer func() { All = old }()
	All = []Platform{{Name: "new", Shows: "A"}, {Name: "part", Shows: "B"}, {Name: "whole", Shows: "C"}}
	folder := t.TempDir()
	for _, r := range []Report{
		{Platform: "part", All: 3, Packages: []Result{{Package: "p", Passed: 2, Failed: []Note{{"TestX", "a|b\n c"}}, Seconds: 61.5}}},
		{Platform: "whole", All: 2, Packages: []Result{
			{Package: "p", Passed: 2, Skipped: []Note{{"TestS", "no"}, {"TestT", "no"}}, Left: []Note{{"TestL", "long"}}, Seconds: 1},
			{Package: "q", Passed: 3, Left: []Note{{"TestM", "long"}}, Seconds: 2}}},
	} {
		if err := r.write(folder); err != nil {
			t.Fatal(err)
		}
	}
	var got strings.Builder
	err := Table(folder, &got)
	want := "| platform | packages | tests passed | failed | skipped | left out | time | command |\n" +
		"| --- | --: | --: | --: | --: | --: | --: | --- |\n" +
		"| A | | not run | | | | | `go run -C trust . platforms new` |\n" +
		"| B | 1 of 3 | 2 | 1 | 0 | 0 | 1:01 min | `go run -C trust . platforms part` |\n" +
		"| C | 2 | 5 | 0 | 2 | 2 | 0:03 min | `go run -C trust . platforms whole` |\n" +
		"\n| platform | tests | |\n| --- | --- | --- |\n" +
		"| `part` | `TestX` | failed: a\\|b c |\n" +
		"| `whole` | 2 | left out: long |\n" +
		"| `whole` | 2 | skipped: no |\n"
	if err != nil || got.String() != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, &got, want)
	}
}

// TestDocumentHasTheTable compares docs/testing.md with the reports that are part of the repository.
func TestDocumentHasTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "<!-- platforms -->\n")
	got, _, found := strings.Cut(rest, "<!-- end -->")
	var want strings.Builder
	if err := Table(filepath.Join("..", "..", "results", "platforms"), &want); err != nil {
		t.Fatal(err)
	}
	if !found || got != want.String() {
		t.Errorf("the document does not have what `go run -C trust . platforms -table` prints:\n%s", &want)
	}
}

// TestReportsNameNoMachine looks for paths of the machine in the reports of the repository.
func TestReportsNameNoMachine(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "results", "platforms", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports, %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`/(tmp|home|root|work|Users|usr)/[^"]*|[A-Z]:\\\\[^"]*`).Find(text); m != nil {
			t.Errorf("%s has %s", file, m)
		}
	}
}
