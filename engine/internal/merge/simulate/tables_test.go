// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge/simulate"
)

// The flags of TestTables.
var (
	rows       = flag.Float64("rows", 1e7, "make tables up to this number of rows, such as 1e10")
	only       = flag.String("only", "", "print only scenarios that have this in their name or preset")
	autoMerge  = flag.Int("automerge", 0, "with this setting instead of the preset's")
	maxGarbage = flag.Int("maxgarbage", 0, "with the newer levels up to so many percent of the oldest before all are merged")
)

// scenarios are the ways of writing that the tables show, for a database of the given size.
var scenarios = []struct {
	name string
	make func(rows float64) (keys simulate.Keys, load, operations float64)
}{
	{"random inserts", func(n float64) (simulate.Keys, float64, float64) { return simulate.Keys{}, 0, n }},
	{"sorted inserts", func(n float64) (simulate.Keys, float64, float64) { return simulate.Keys{Sorted: true}, 0, n }},
	{"overwrites", func(n float64) (simulate.Keys, float64, float64) { return simulate.Keys{Fixed: n}, n, 4 * n }},
	{"inserts and deletes", func(n float64) (simulate.Keys, float64, float64) {
		return simulate.Keys{Fixed: 2 * n, Deleting: 0.5}, n, 4 * n
	}},
	{"a queue of 1,000 rows", func(n float64) (simulate.Keys, float64, float64) {
		return simulate.Keys{Sorted: true, Depth: 1000}, 0, n
	}},
	{"a queue of 1,000,000 rows", func(n float64) (simulate.Keys, float64, float64) {
		return simulate.Keys{Sorted: true, Depth: 1e6}, 0, n
	}},
}

// TestTables makes the tables of docs/performance.md and holds each of their points to what the policy
// promises, unless flags change that. To see them: go test -run TestTables -v -rows 1e10.
func TestTables(t *testing.T) {
	changed := *autoMerge > 0 || *maxGarbage > 0
	for _, preset := range []string{"default", "high-performance"} {
		o, _ := engine.Preset(preset)
		for _, s := range scenarios {
			if !strings.Contains(s.name+", "+preset, *only) {
				continue
			}
			var points []simulate.Point
			for n := 1e6; n <= *rows; n *= 10 {
				keys, load, operations := s.make(n)
				c := configOf(o, keys)
				if *autoMerge > 0 {
					c.Settings.AutoMerge = *autoMerge
				}
				if *maxGarbage > 0 {
					c.Settings.MaxGarbage = *maxGarbage
				}
				if c.Load = load; load > 0 {
					c.Sizes = []float64{load, operations}
				} else {
					c.Sizes = []float64{operations}
				}
				p := simulate.Run(c)
				points = append(points, p[len(p)-1])
				if !changed {
					bounds(t, s.name+", preset "+preset, p[len(p)-1], keys, o.PageSize)
				}
			}
			t.Logf("%s, preset %s\n%s", s.name, preset, simulate.Table(points, o.PageSize))
		}
	}
}
