// SPDX-License-Identifier: Apache-2.0

package recipes

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the code of the programs, and what they print, into the pages")

// pages are the documents that show the programs.
var pages = []string{"../../docs/recipes.md", "../../docs/getting-started.md"}

// programs returns the names of all programs: the folders that have a main.go.
func programs(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("*", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		names = append(names, filepath.Dir(name))
	}
	if len(names) < 10 {
		t.Fatalf("only %d programs: %q", len(names), names)
	}
	return names
}

// outputs builds all programs, runs each, and returns what each writes to its standard
// output.
func outputs(t *testing.T) map[string]string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	printed := make(map[string]string)
	for _, name := range programs(t) {
		program := filepath.Join(bin, name)
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		t.Run(name, func(t *testing.T) {
			var errs strings.Builder
			cmd := exec.Command(program)
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, errs.String())
			}
			if len(out) == 0 {
				t.Error("it prints nothing")
			}
			printed[name] = string(out)
		})
	}
	return printed
}

var (
	codeFence   = regexp.MustCompile("(?s)<!-- code of (\\w+): ([\\w., ]+) -->\n```go\n.*?```\n")
	outputFence = regexp.MustCompile("(?s)<!-- output of (\\w+) -->\n```text\n.*?```\n")
	programLink = regexp.MustCompile(`\]\(\.\./examples/recipes/(\w+)/main\.go\)`)
	goFence     = regexp.MustCompile("(?m)^```go$")
)

// TestPages runs all programs. The pages link to each, show parts of its code as they are,
// and what it prints.
func TestPages(t *testing.T) {
	printed := outputs(t)
	shown := make(map[string]bool)
	for _, page := range pages {
		comparePage(t, page, printed, shown)
	}
	for _, name := range programs(t) {
		for _, want := range []string{"code of ", "output of ", "link to "} {
			if !shown[want+name] {
				t.Errorf("no page has the %s%s", want, name)
			}
		}
	}
}

// comparePage compares a page with the programs, and notes in shown what is on it.
func comparePage(t *testing.T, page string, printed map[string]string, shown map[string]bool) {
	text := readText(t, page)
	want := codeFence.ReplaceAllStringFunc(text, func(fence string) string {
		m := codeFence.FindStringSubmatch(fence)
		shown["code of "+m[1]] = true
		code, err := excerpt(filepath.Join(m[1], "main.go"), strings.Split(m[2], ", "))
		if err != nil {
			t.Errorf("%s: %v", page, err)
		}
		return fmt.Sprintf("<!-- code of %s: %s -->\n```go\n%s```\n", m[1], m[2], code)
	})
	want = outputFence.ReplaceAllStringFunc(want, func(fence string) string {
		name := outputFence.FindStringSubmatch(fence)[1]
		shown["output of "+name] = true
		return "<!-- output of " + name + " -->\n```text\n" + printed[name] + "```\n"
	})
	for _, m := range programLink.FindAllStringSubmatch(text, -1) {
		shown["link to "+m[1]] = true
	}
	if n, compared := len(goFence.FindAllString(text, -1)), len(codeFence.FindAllString(text, -1)); n != compared {
		t.Errorf("%s: %d pieces of Go, and %d of them are compared", page, n, compared)
	}
	switch {
	case t.Failed() || want == text:
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s does not show the programs as they are; -update writes them into it", page)
	}
}
