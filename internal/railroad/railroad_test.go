// SPDX-License-Identifier: Apache-2.0

package railroad_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/railroad"
)

var update = flag.Bool("update", false, "draw the pictures in docs/railroad again")

const folder = "../../docs/railroad"

func readGrammar(t *testing.T) *railroad.Grammar {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "grammar.ebnf"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := railroad.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The pictures in docs are those of the grammar, each rule has one, and there are no
// others.
func TestPictures(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	stale := map[string]bool{}
	for _, name := range files {
		stale[filepath.Base(name)] = true
	}
	for _, r := range readGrammar(t).Rules {
		name := r.Name + ".svg"
		delete(stale, name)
		want := railroad.SVG(r)
		if *update {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		} else if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
			t.Errorf("%s is not what the grammar says: run go test ./internal/railroad -update", name)
		}
	}
	for name := range stale {
		t.Errorf("%s belongs to no rule", name)
	}
}

var (
	boxPattern = regexp.MustCompile(`<rect class="." x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"`)
	sizes      = regexp.MustCompile(`<svg [^>]*width="(\d+)" height="(\d+)"`)
)

// In no picture do two boxes touch, or lie outside; and none is wider than a page.
func TestBoxesDoNotOverlap(t *testing.T) {
	for _, r := range readGrammar(t).Rules {
		svg := railroad.SVG(r)
		size := numbers(sizes.FindStringSubmatch(svg)[1:])
		if size[0] > 860 {
			t.Errorf("%s is %d pixels wide", r.Name, size[0])
		}
		var boxes [][]int
		for _, m := range boxPattern.FindAllStringSubmatch(svg, -1) {
			b := numbers(m[1:])
			if b[0]+b[2] > size[0] || b[1]+b[3] > size[1] {
				t.Errorf("%s: the box %v lies outside %v", r.Name, b, size)
			}
			for _, other := range boxes {
				if b[0] < other[0]+other[2] && other[0] < b[0]+b[2] && b[1] < other[1]+other[3] && other[1] < b[1]+b[3] {
					t.Errorf("%s: the boxes %v and %v overlap", r.Name, b, other)
				}
			}
			boxes = append(boxes, b)
		}
		if len(boxes) == 0 {
			t.Errorf("%s has no boxes", r.Name)
		}
	}
}

func numbers(list []string) []int {
	out := make([]int, len(list))
	for i, s := range list {
		out[i], _ = strconv.Atoi(s)
	}
	return out
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a = b":         "there is no rule b",
		"a = A a = B":   "there are two rules a",
		"a = ( A":       "where ) should be",
		"a = A |":       "nothing before",
		"a A":           "where = or := should be",
		"a = ?":         `"?" begins nothing`,
		"a = \"x":       "nothing closes",
		"a = [ A } a":   "where ] should be",
		"a := <any a a": "nothing closes",
	} {
		if _, err := railroad.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
