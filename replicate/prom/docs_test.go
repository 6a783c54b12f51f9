// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// documented reads the table of metrics in docs/replication.md: of each name its type and its meaning.
func documented(t *testing.T) map[string][2]string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/replication.md")
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string][2]string)
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 6 && strings.HasPrefix(cells[1], " `lsmlite_") {
			table[strings.Trim(cells[1], " `")] = [2]string{strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])}
		}
	}
	return table
}

// expectDocumented compares all that is exported with the table.
func expectDocumented(t *testing.T, exported map[string][2]string) {
	t.Helper()
	want := documented(t)
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		if want[name] != exported[name] {
			t.Errorf("%s is %q, and documented as %q", name, exported[name], want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is documented and not exported", name)
	}
}
