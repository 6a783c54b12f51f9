// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// docRow is a row of a Markdown table that begins with a name in code.
var docRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)`(?: (\\*))? \\| (.*) \\|$")

// docSection returns a part of a document, from a heading to the next.
func docSection(t *testing.T, file, heading string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n#")
	return text
}

// settingRow is a row of a table of settings.
type settingRow struct {
	name  string
	star  bool
	cells []string // after the name
}

// settingRows returns the rows of the first table of a text, and compares their names with
// those of the settings.
func settingRows(t *testing.T, file, text string) []settingRow {
	t.Helper()
	_, table, _ := strings.Cut(text, "\n|")
	table, _, _ = strings.Cut("\n|"+table, "\n\n")
	var rows []settingRow
	var names []string
	for _, m := range docRow.FindAllStringSubmatch(table, -1) {
		rows = append(rows, settingRow{m[1], m[2] != "", strings.Split(m[3], " | ")})
		names = append(names, m[1])
	}
	slices.Sort(names)
	want := strings.Split(settingNames(), ", ")
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%s has the settings\n%v\nand there are\n%v", file, names, want)
	}
	return slices.DeleteFunc(rows, func(r settingRow) bool { return settingNamed(r.name) == nil })
}

// plainCell is a cell without marks of code.
func plainCell(cell string) string { return strings.ReplaceAll(cell, "`", "") }

// checkDefault compares a cell with the default of a setting: a value that means the same, or
// the words of the row, after which the cell may say more.
func checkDefault(t *testing.T, file string, s *setting, cell string) {
	t.Helper()
	want := s.standard
	if want == "" {
		want = s.saved(engine.DefaultOptions())
	}
	cell = plainCell(cell)
	if cell == want || strings.HasPrefix(cell, want+",") {
		return
	}
	var asCell, asDefault Config
	if s.parse(&asCell, cell) != nil || s.parse(&asDefault, want) != nil || s.shown(&asCell) != s.shown(&asDefault) {
		t.Errorf("%s: the default of %s is %q; want %q", file, s.name, cell, want)
	}
}

// units are those of settings.
var units = regexp.MustCompile(`\b(KB|bytes|milliseconds)\b`)

// TestReadmeSettings compares the table of the README with the settings: names, stars,
// defaults and units.
func TestReadmeSettings(t *testing.T) {
	for _, row := range settingRows(t, "README.md", docSection(t, "README.md", "## Settings")) {
		s := settingNamed(row.name)
		if row.star != (s.when == anyTime) {
			t.Errorf("%s has a star: %v; it can be changed: %v", s.name, row.star, s.when == anyTime)
		}
		if len(row.cells) != 2 {
			t.Errorf("%s has %d cells", s.name, len(row.cells)+1)
			continue
		}
		checkDefault(t, "README.md", s, row.cells[0])
		if unit := units.FindString(s.values); unit != "" && units.FindString(row.cells[1]) != unit {
			t.Errorf("README.md: %s is in %s; the text is %q", s.name, unit, row.cells[1])
		}
	}
}

// TestTuningSettings compares the table of docs/tuning.md with the settings: names, what they
// set of engine.Options, ranges with units, defaults, and whether they can be changed.
func TestTuningSettings(t *testing.T) {
	const file = "docs/tuning.md"
	for _, row := range settingRows(t, file, docSection(t, file, "## All settings")) {
		s := settingNamed(row.name)
		if len(row.cells) != 5 {
			t.Errorf("%s has %d cells", s.name, len(row.cells)+1)
			continue
		}
		if want := optionsOf(t, s); want != nil {
			got := strings.Split(plainCell(row.cells[0]), ", ")
			if s.name == "compression" {
				want = append(want, "Codecs") // of a Config, to which the name refers
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s sets %v; %s has %v", s.name, want, file, got)
			}
		}
		values, _, _ := strings.Cut(s.values, " (or ")
		// The page gives the range of 64 bits.
		values = strings.Replace(values, fmt.Sprint(engine.MaxAutoFlush/kb), "1048576", 1)
		if cell := plainCell(row.cells[1]); !strings.HasPrefix(cell, values) {
			t.Errorf("%s: the range of %s is %q; want %q", file, s.name, cell, values)
		}
		checkDefault(t, file, s, row.cells[2])
		changes := strings.HasPrefix(row.cells[4], "any time")
		if stays := strings.HasPrefix(row.cells[4], "fixed"); changes != (s.when == anyTime) || stays == changes {
			t.Errorf("%s: %s is changed %q; want that it can be: %v", file, s.name, row.cells[4], s.when == anyTime)
		}
		if one := strings.HasSuffix(row.cells[4], "for one connection"); one != (changes && s.scope == connection) {
			t.Errorf("%s: %s is changed %q; the row has scope %d", file, s.name, row.cells[4], s.scope)
		}
	}
}

// TestDialectSettings compares the lists of docs/dialect.md with the settings: which can be
// changed, for the database or one connection, and which are fixed.
func TestDialectSettings(t *testing.T) {
	text := docSection(t, "docs/dialect.md", "### Settings")
	list := func(pattern string) []string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("docs/dialect.md has no %s", pattern)
		}
		var names []string
		for _, name := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(m[1], -1) {
			names = append(names, name[1])
		}
		slices.Sort(names)
		return names
	}
	want := func(is func(*setting) bool) []string {
		var names []string
		for i := range settings {
			if is(&settings[i]) {
				names = append(names, settings[i].name)
			}
		}
		slices.Sort(names)
		return names
	}
	for what, lists := range map[string][2][]string{
		"changed for the database": {list(`(?m)^\| (.*) \| the database`),
			want(func(s *setting) bool { return s.when == anyTime && s.scope == database })},
		"changed for a connection": {list(`(?m)^\| (.*) \| this connection only`),
			want(func(s *setting) bool { return s.when == anyTime && s.scope == connection })},
		"fixed": {list(`These are fixed once the database is open: ([^.]*)\.`),
			want(func(s *setting) bool { return s.when == fixed })},
	} {
		if !slices.Equal(lists[0], lists[1]) {
			t.Errorf("%s in docs/dialect.md:\n%v\nwant\n%v", what, lists[0], lists[1])
		}
	}
}
