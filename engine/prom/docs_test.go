// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/prom"
)

// TestDocumentation compares the table of all metrics in docs/metrics.md with what is
// exported: names, types and meanings, in both directions. Limits that the last column names
// are those of the code.
func TestDocumentation(t *testing.T) {
	c, registry := register(t, prom.Options{})
	db := open(t, "/x.lsm", engine.Options{Observer: c.Observer()})
	defer db.Close()
	families, err := registry.Gather()
	must(t, err)
	type entry struct{ kind, help string }
	exported := make(map[string]entry)
	for _, f := range families {
		exported[f.GetName()] = entry{strings.ToLower(f.GetType().String()), f.GetHelp()}
	}

	raw, err := os.ReadFile("../../docs/metrics.md")
	must(t, err)
	_, table, ok := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n## All metrics\n")
	if !ok {
		t.Fatal("docs/metrics.md has no table of all metrics")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	units := map[string]bool{"s": true, "KB": true, "bytes": true, "pages": true, "blocks": true, "1": true}
	limits := map[string]string{"lsmlite_segments": fmt.Sprintf("the limit is %d", merge.MaxSegments)}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[0]), "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name := strings.Trim(cells[0], "`")
		is, ok := exported[name]
		if !ok {
			t.Errorf("%s is documented, but not exported, or documented twice", name)
			continue
		}
		delete(exported, name)
		if cells[1] != is.kind {
			t.Errorf("%s is documented as a %s and exported as a %s", name, cells[1], is.kind)
		}
		if cells[3] != is.help {
			t.Errorf("%s is documented to mean %q and exported to mean %q", name, cells[3], is.help)
		}
		if limit := limits[name]; !strings.Contains(cells[4], limit) {
			t.Errorf("%s: %q does not say %q", name, cells[4], limit)
		}
		if !units[cells[2]] {
			t.Errorf("%s has the unit %q", name, cells[2])
		}
	}
	for name := range exported {
		t.Errorf("%s is exported, but not documented", name)
	}
}
