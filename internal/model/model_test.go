// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var long = flag.Bool("model.long", false, "run the models in larger sizes, too: minutes")

// A model is a file, and the sizes in which it is run. brief are enough to see that each rule is needed.
type model struct {
	name        string
	brief, long []string
}

var models = []model{
	{
		"durable",
		[]string{
			"PLACES=3 TXS=3 CRASHES=2 FAULTS=1", // sessions, crashes and faults
			"PLACES=6 TXS=5 CRASHES=1 FAULTS=0", // the log wraps, and jumps over what is needed
		},
		[]string{"PLACES=6 TXS=5 CRASHES=1 FAULTS=1", "PLACES=6 TXS=4 CRASHES=2 FAULTS=1"},
	},
	{
		"blocks",
		[]string{"WRITES=2 CRASHES=2", "WRITES=3 CRASHES=1"},
		[]string{"WRITES=3 CRASHES=2", "WRITES=4 CRASHES=1"},
	},
	{
		"attach",
		[]string{"LIVES=2 STORES=2"},
		[]string{"LIVES=3 STORES=2"},
	},
}

// needsFault is the size in which a rule is missed that the brief sizes do not miss: a log that wraps, and a write that
// fails. Without the rule the run ends soon, with it there are millions of states.
const needsFault = "PLACES=6 TXS=5 CRASHES=1 FAULTS=1"

// checker is the program that Spin and the C compiler make of a model.
type checker struct{ path string }

func build(t *testing.T, name string) checker {
	t.Helper()
	for _, program := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: the models are not checked", program)
		}
	}
	source, err := filepath.Abs(name + ".pml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	must(t, dir, "spin", "-a", source)
	must(t, dir, "gcc", "-O1", "-w", "-DSAFETY", "-DMEMLIM=2048", "-o", "pan", "pan.c")
	return checker{filepath.Join(dir, "pan")}
}

func must(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

var (
	errorsFound = regexp.MustCompile(`errors: (\d+)`)
	statesFound = regexp.MustCompile(`(\S+) states, stored`)
)

// run tries all orders of the steps, in a size, and without a rule if one is named. It reports whether anything was
// wrong, and what the checker says.
func (c checker) run(t *testing.T, size, without string) (wrong bool, report string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.path, "-E", "-m100000", "-w20", "-n")
	cmd.Dir = t.TempDir() // for the file that leads to what is wrong
	cmd.Env = append(append(os.Environ(), strings.Fields(size)...), "RULE_LEFT_OUT="+without)
	out, err := cmd.CombinedOutput()
	found := errorsFound.FindSubmatch(out)
	if err != nil && found == nil || found == nil || bytes.Contains(out, []byte("Search not completed")) && string(found[1]) == "0" ||
		bytes.Contains(out, []byte("max search depth too small")) {
		t.Fatalf("%s without %q: %v\n%s", size, without, err, out)
	}
	return string(found[1]) != "0", string(out)
}

// TestModels: nothing is wrong with all rules, and something is without any one of them.
func TestModels(t *testing.T) {
	for _, m := range models {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			pan := build(t, m.name)
			pan.refusesUnknownRules(t)
			sizes := m.brief
			if *long {
				sizes = slices.Concat(m.brief, m.long)
			}
			for _, size := range sizes {
				wrong, report := pan.run(t, size, "")
				if wrong {
					t.Errorf("%s: something is wrong; see README.md for how to find out what\n%s", size, report)
					continue
				}
				t.Logf("%s: %s states, nothing is wrong", size, statesFound.FindStringSubmatch(report)[1])
			}
			for _, rule := range rulesOf(t, m.name) {
				if size, found := pan.missed(t, m, rule); found {
					t.Logf("without %s something is wrong at %s", rule, size)
				} else {
					t.Errorf("without %s nothing is wrong: the rule is not needed, or the model does not show why", rule)
				}
			}
		})
	}
}

// refusesUnknownRules: a rule that is misspelled is not left out in silence.
func (c checker) refusesUnknownRules(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.path)
	cmd.Env = append(os.Environ(), "RULE_LEFT_OUT=NONE")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "no such rule: NONE") {
		t.Errorf("%v\n%s", err, out)
	}
}

// missed returns a size in which something is wrong without a rule.
func (c checker) missed(t *testing.T, m model, rule string) (size string, found bool) {
	sizes := m.brief
	if m.name == "durable" {
		sizes = append([]string{needsFault}, m.brief...)
		if !inNeedOfFault[rule] {
			sizes = m.brief
		}
	}
	for _, size := range sizes {
		if wrong, _ := c.run(t, size, rule); wrong {
			return size, true
		}
	}
	return "", false
}

// inNeedOfFault are the rules that only needsFault misses.
var inNeedOfFault = map[string]bool{"MARK_AFTER_FAILURE": true, "MARK_BEFORE_JUMP": true, "VOID_SYNCED": true}

var ruleInModel = regexp.MustCompile(`\bX\(([A-Z0-9_]+)\)`)

// rulesOf returns the rules of a model, each of which it uses.
func rulesOf(t *testing.T, name string) (rules []string) {
	t.Helper()
	b, err := os.ReadFile(name + ".pml")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range ruleInModel.FindAllSubmatch(b, -1) {
		rule := string(found[1])
		rules = append(rules, rule)
		if !bytes.Contains(b, []byte("KEEPS("+rule+")")) {
			t.Errorf("%s.pml lists the rule %s and does not use it", name, rule)
		}
	}
	if len(rules) == 0 {
		t.Fatalf("%s.pml has no rules", name)
	}
	return rules
}

// ruleName is how the engine's comments name rules: in capitals, of several words.
var ruleName = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b`)

// TestRulesAreNamedInTheEngine, and what is named there is a rule of a model.
func TestRulesAreNamedInTheEngine(t *testing.T) {
	inEngine := make(map[string]string)
	err := filepath.WalkDir(filepath.Join("..", "..", "engine"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for line := range strings.Lines(string(b)) {
			if _, comment, ok := strings.Cut(line, "//"); ok {
				for _, name := range ruleName.FindAllString(comment, -1) {
					inEngine[name] = path
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	inModel := make(map[string]bool)
	for _, m := range models {
		for _, rule := range rulesOf(t, m.name) {
			inModel[rule] = true
			if inEngine[rule] == "" {
				t.Errorf("no comment of the engine names the rule %s of %s.pml where it keeps it", rule, m.name)
			}
		}
	}
	for name, path := range inEngine {
		if !inModel[name] && !strings.HasPrefix(name, "LSM_") && !strings.HasPrefix(name, "F_") { // of C
			t.Errorf("%s names the rule %s, which no model has", path, name)
		}
	}
}

// TestModelsAreListed here, and in the README.
func TestModelsAreListed(t *testing.T) {
	files, err := filepath.Glob("*.pml")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.ContainsFunc(models, func(m model) bool { return m.name+".pml" == file }) {
			t.Errorf("%s is not run", file)
		}
		if !bytes.Contains(readme, fmt.Appendf(nil, "`%s`", file)) {
			t.Errorf("README.md does not say what %s is", file)
		}
	}
}
