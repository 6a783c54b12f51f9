// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign/report"
)

// only has the command know these campaigns alone.
func only(t *testing.T, list ...entry) {
	old := campaigns
	campaigns = list
	t.Cleanup(func() { campaigns = old })
}

func output(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var b strings.Builder
	err := start(t.Context(), args, &b)
	return b.String(), err
}

// TestTable wants the rows of reports in all states.
func TestTable(t *testing.T) {
	only(t,
		entry{name: "new", shows: "A", goal: "7 things"},
		entry{name: "done", shows: "B", goal: "1,000 things"},
		entry{name: "mended", shows: "C", goal: "1,000 things"},
		entry{name: "open", shows: "D", goal: "1,000 things"})
	folder := t.TempDir()
	for _, r := range []*report.Report{
		{Name: "done", Cases: "things", Goal: 1000, Done: 1234567, Next: 9, Legs: []report.Leg{
			{Seconds: 3600, Revision: "12ab"}, {Seconds: 60, Revision: "34cd"}, {Seconds: 30, Revision: "12ab"}}},
		{Name: "mended", Cases: "things", Goal: 1000, Done: 999, Next: 9, Failures: []report.Failure{{Unit: 3}, {Unit: 3}}, Legs: []report.Leg{
			{Seconds: 12, Revision: "12ab"}}},
		{Name: "open", Cases: "things", Goal: 1000, Done: 9, Next: 3, Failures: []report.Failure{{Unit: 3}}, Legs: []report.Leg{{Seconds: 110, Revision: "56ef"}}},
	} {
		if err := r.Write(folder); err != nil {
			t.Fatal(err)
		}
	}
	got, err := output(t, "table", "-reports", folder)
	want := "| what | goal | run | result | time | commit | command |\n| --- | --: | --: | --- | --: | --- | --- |\n" +
		"| A | 7 things | | not run | | | `go run -C trust . run new` |\n" +
		"| B | 1,000 things | 1,234,567 | no failure | 1:01 h | 12ab, 34cd | `go run -C trust . run done` |\n" +
		"| C | 1,000 things | 999 | 1 units failed, mended, under way | 12s | 12ab | `go run -C trust . run mended` |\n" +
		"| D | 1,000 things | 9 | **unit 3 fails**, under way | 2 min | 56ef | `go run -C trust . run open` |\n"
	if err != nil || got != want {
		t.Errorf("error %v, got\n%s\nwant\n%s", err, got, want)
	}
}

// TestTableOfThePage compares the page on tests with the reports that are kept.
func TestTableOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := output(t, "table", "-reports", filepath.Join("results", "campaigns"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "<!-- results -->\n"+want+"<!-- end -->\n") {
		t.Errorf("docs/testing.md does not have, between its marks:\n%s", want)
	}
}

// TestRun runs a small test of this module as a campaign to its goal, and what is not there.
func TestRun(t *testing.T) {
	only(t, entry{name: "small", module: "trust", folder: ".", test: "TestSmallCampaign"})
	folder := t.TempDir()
	out, err := output(t, "run", "-reports", folder, "small")
	if err != nil || !strings.Contains(out, "PASS: TestSmallCampaign") || !strings.Contains(out, "go test -C trust ./. -run '^TestSmallCampaign$'") {
		t.Errorf("error %v, output\n%s", err, out)
	}
	if r, err := report.Read(folder, "small"); err != nil || r.Done < 30 || len(r.Legs) != 1 {
		t.Errorf("report %+v, %v", r, err)
	}
	for _, args := range [][]string{{}, {"walk"}, {"run"}, {"run", "large"}, {"list", "small"}} {
		if out, err := output(t, args...); err == nil || out != "" {
			t.Errorf("%v: no error, output %q", args, out)
		}
	}
}

// TestRunEndsWithItsContext stops a campaign that would take minutes.
func TestRunEndsWithItsContext(t *testing.T) {
	only(t, entry{name: "long", module: "trust", folder: ".", test: "TestLongCampaign"})
	ctx, cancel := context.WithCancel(t.Context())
	begun := make(chan struct{})
	var once sync.Once
	out := writerFunc(func(b []byte) {
		if strings.Contains(string(b), "=== RUN") {
			once.Do(func() { close(begun) })
		}
	})
	ended := make(chan error, 1)
	t.Setenv("TRUST_LONG", "yes")
	go func() { ended <- start(ctx, []string{"run", "-reports", t.TempDir(), "long"}, out) }()
	select {
	case <-begun:
	case err := <-ended:
		t.Fatalf("it ended by itself: %v", err)
	}
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(2 * time.Minute):
		t.Error("it goes on")
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// TestCampaignsAreThere finds the test of each campaign, with its name, goal and cases, in the sources, and each
// campaign of the sources in the table.
func TestCampaignsAreThere(t *testing.T) {
	found := campaignsOfSources(t)
	for _, c := range campaigns {
		want, ok := found[c.name]
		if !ok {
			t.Errorf("%s: no test has this campaign", c.name)
			continue
		}
		delete(found, c.name)
		if got := filepath.Join(c.module, c.folder); got != want.folder || c.goal != want.goal {
			t.Errorf("%s: is in %s with the goal %q, the table says %s and %q", c.name, want.folder, want.goal, got, c.goal)
		}
		if !want.tests[c.test] {
			t.Errorf("%s: there is no %s in %s", c.name, c.test, want.folder)
		}
	}
	for name := range found {
		t.Errorf("%s: is missing in the table", name)
	}
}

// TestCampaignsRunEachNight finds each campaign in the nightly workflow, and none else.
func TestCampaignsRunEachNight(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "nightly.yml"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)campaign: \[(.*?)\]`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the workflow has no list of campaigns")
	}
	got := strings.FieldsFunc(string(m[1]), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' })
	var want []string
	for _, c := range campaigns {
		want = append(want, c.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the workflow runs %v, the table has %v", got, want)
	}
}

type source struct {
	folder, goal string
	tests        map[string]bool
}

// campaignsOfSources finds the composite literals of type campaign.Campaign in the tests of this repository.
func campaignsOfSources(t *testing.T) map[string]source {
	t.Helper()
	found := make(map[string]source)
	tests := make(map[string]map[string]bool)
	mentions := regexp.MustCompile(`campaign\.Campaign\{`)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		if tests[folder] == nil {
			tests[folder] = make(map[string]bool)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(text, -1) {
			tests[folder][string(m[1])] = true
		}
		if !mentions.Match(text) || folder == "trust" || folder == filepath.Join("internal", "campaign") {
			return nil // those of this command's own tests are examples
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if sel, ok := lit.Type.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Campaign" {
				return true
			}
			field := make(map[string]string)
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if v, ok := kv.Value.(*ast.BasicLit); ok {
						field[fmt.Sprint(kv.Key)] = strings.Trim(v.Value, `"`)
					}
				}
			}
			if field["Name"] == "" || field["Goal"] == "" || field["Cases"] == "" {
				t.Errorf("%s: Name, Cases and Goal of a campaign have to be literals", path)
				return true
			}
			found[field["Name"]] = source{folder, goalText(field["Goal"], field["Cases"]), tests[folder]}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func goalText(number, cases string) string { return strings.ReplaceAll(number, "_", ",") + " " + cases }
