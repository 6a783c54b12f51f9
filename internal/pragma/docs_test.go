// SPDX-License-Identifier: Apache-2.0

package pragma_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
)

// docRow is a row of a Markdown table whose first cell is code.
var docRow = regexp.MustCompile("(?m)^\\| (`[^|]*) \\| (.*) \\|$")

// docTable returns the first table of a chapter of docs/dialect.md: the first cell of each
// row, which names a PRAGMA, and the second.
func docTable(t *testing.T, chapter string) (names []string, text map[string]string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/dialect.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, found := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n### "+chapter+"\n")
	if !found {
		t.Fatalf("docs/dialect.md has no chapter %q", chapter)
	}
	page, _, _ = strings.Cut(page, "\n#")
	text = map[string]string{}
	for _, m := range docRow.FindAllStringSubmatch(page, -1) {
		names = append(names, m[1])
		text[m[1]] = m[2]
	}
	return names, text
}

// TestDocuments compares the table with those of docs/dialect.md, in both directions: the
// same PRAGMAs in the same order, with the same arguments and the same help, after which the
// document may say more.
func TestDocuments(t *testing.T) {
	for kind, chapter := range map[pragma.Kind]string{pragma.Shows: "What is inside", pragma.Works: "Work"} {
		documented, text := docTable(t, chapter)
		var want []string
		for _, p := range pragma.All() {
			if p.Kind != kind {
				continue
			}
			cell := "`" + strings.ReplaceAll(p.Usage(), " or ", "`, `") + "`"
			want = append(want, cell)
			if got, found := text[cell]; found && !strings.HasPrefix(got, p.Help) {
				t.Errorf("docs/dialect.md says of %s:\n%s\nand the table:\n%s", p.Name, got, p.Help)
			}
		}
		if !slices.Equal(documented, want) {
			t.Errorf("%q in docs/dialect.md has\n%v\nand the table of PRAGMAs\n%v", chapter, documented, want)
		}
	}
}

// TestTable: every row has a name of its own and help, and Args are shown where there are
// arguments.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pragma.All() {
		if seen[p.Name] || p.Help == "" || strings.HasSuffix(p.Help, ".") {
			t.Errorf("%s: seen before: %v, help %q", p.Name, seen[p.Name], p.Help)
		}
		seen[p.Name] = true
		if pragma.Named(p.Name).Name != p.Name {
			t.Errorf("%s is not found by its name", p.Name)
		}
		// One argument more than Args shows is too many, and the error shows how it is meant.
		tooMany := make([]string, 1+strings.Count(p.Args, ",")+min(len(p.Args), 1))
		_, err := p.Run(t.Context(), &pragma.Call{}, tooMany)
		if err == nil || !strings.Contains(err.Error(), "PRAGMA "+p.Usage()+": "+p.Help) {
			t.Errorf("%s with %d arguments: %v", p.Name, len(tooMany), err)
		}
	}
	if pragma.Named("journal_mode") != nil || len(seen) != len(pragma.Names()) {
		t.Errorf("%d names of %d PRAGMAs", len(pragma.Names()), len(seen))
	}
}

// TestStoreWithoutMaintenance: a store that has only rows is not asked for more.
func TestStoreWithoutMaintenance(t *testing.T) {
	for _, p := range pragma.All() {
		var args []string
		if p.Args != "" {
			args = []string{"1"}
		}
		if p.Name == "table_info" || p.Name == "database_list" {
			continue // they need no store
		}
		_, err := p.Run(t.Context(), &pragma.Call{}, args)
		if err == nil || !strings.Contains(err.Error(), "does not offer it") {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
