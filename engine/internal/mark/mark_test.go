// SPDX-License-Identifier: Apache-2.0

package mark_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

func TestList(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range mark.All() {
		if name := m.String(); name == "" || names[name] || strings.ToLower(name) != name {
			t.Errorf("mark %d has the name %q", m, name)
		}
		names[m.String()] = true
		if s := m.Sentence(); !regexp.MustCompile(`^[A-Z][^.]+\.$`).MatchString(s) {
			t.Errorf("%v: not a sentence: %q", m, s)
		}
	}
	if len(names) < 50 {
		t.Errorf("%d marks", len(names))
	}
}

// TestEveryMarkIsHit: each constant of the list stands in a call somewhere in the engine, or in a table of marks.
func TestEveryMarkIsHit(t *testing.T) {
	list, err := os.ReadFile("list.go")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	use := regexp.MustCompile(`\bmark\.([A-Z]\w+)\b`)
	err = filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range use.FindAllSubmatch(text, -1) {
			used[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	entries := regexp.MustCompile(`(?m)^\t([A-Z]\w+): *\{"`).FindAllSubmatch(list, -1)
	if len(entries) != len(mark.All()) || bytes.Count(list, []byte("{\"")) != len(entries) {
		t.Fatalf("%d entries are found in the list, for %d marks", len(entries), len(mark.All()))
	}
	for _, e := range entries {
		if name := string(e[1]); !used[name] {
			t.Errorf("nothing hits %s", name)
		}
	}
}

func TestHits(t *testing.T) {
	before := mark.Hits(mark.LogWrapped)
	mark.Hit(mark.LogWrapped)
	want := before
	if mark.Enabled {
		want++
	}
	if got := mark.Hits(mark.LogWrapped); got != want {
		t.Errorf("%d hits, want %d", got, want)
	}
}
