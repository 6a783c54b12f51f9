// SPDX-License-Identifier: Apache-2.0

package mutant_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

func TestList(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range mutant.All() {
		if name := m.String(); name == "" || names[name] {
			t.Errorf("mutant %d has the name %q", m, name)
		}
		names[m.String()] = true
		if s := m.Sentence(); !regexp.MustCompile(`^[A-Z][^.]+\.$`).MatchString(s) {
			t.Errorf("%v: not a sentence: %q", m, s)
		}
	}
}

// TestEachIsSomewhere: each mutant of the list is asked for at one place of the engine at least.
func TestEachIsSomewhere(t *testing.T) {
	asked := make(map[string]bool)
	ask := regexp.MustCompile(`\bmutant\.Is\(mutant\.([A-Z]\w+)\)`)
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range ask.FindAllSubmatch(text, -1) {
			asked[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("list.go")
	if err != nil {
		t.Fatal(err)
	}
	entries := regexp.MustCompile(`(?m)^\t([A-Z]\w+): *\{"`).FindAllSubmatch(text, -1)
	if len(entries) != len(mutant.All()) {
		t.Fatalf("%d entries are found in the list, for %d mutants", len(entries), len(mutant.All()))
	}
	for _, e := range entries {
		if name := string(e[1]); !asked[name] {
			t.Errorf("the engine is never %s", name)
		}
	}
}

// TestNoneUnlessAsked: without With there is no mutant, nor after its end, nor ever in an ordinary build.
func TestNoneUnlessAsked(t *testing.T) {
	m := mutant.DataNotSynced
	if mutant.Is(m) {
		t.Error("there is a mutant already")
	}
	stop := mutant.With(m)
	if mutant.Is(m) != sched.Enabled || mutant.Is(mutant.SuspectKept) {
		t.Error("the wrong mutant, or none")
	}
	stop()
	if mutant.Is(m) {
		t.Error("the mutant stays")
	}
}
