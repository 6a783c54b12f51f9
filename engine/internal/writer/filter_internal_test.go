// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestTreesHaveFilters: the live tree gets a filter, keeps it as the old one, and its successor gets
// one of its own. A tree that a log was replayed into has none, and the next one does.
func TestTreesHaveFilters(t *testing.T) {
	d := newDesk(t, func(v *tuning.Values) { v.AutoWork, v.Sync = false, tuning.Never })
	fill := func(what string) {
		t.Helper()
		for i := range 600 {
			must(t, d.put(fmt.Sprint(what, i), 10))
		}
		if st := d.Ledger.Newest(); !st.Live.HasFilter() {
			t.Errorf("%s: the live tree has no filter", what)
		}
	}
	fill("a")
	d.hold(func() { must(t, d.rotate()) })
	if st := d.Ledger.Newest(); !st.HasOld || !st.Old.HasFilter() || st.Live.HasFilter() {
		t.Error("the old tree has no filter, or the empty one has")
	}
	fill("b")
	if !d.sees("a1") || !d.sees("b1") {
		t.Error("a key is not seen")
	}
	w := d.again(1<<20, true)
	if st := w.Ledger.Newest(); st.Live.Len() != 1200 || st.Live.HasFilter() {
		t.Errorf("the tree that was replayed into has %d records, and a filter: %t", st.Live.Len(), st.Live.HasFilter())
	}
	d.Writer = w
	d.hold(func() { must(t, d.rotate()) })
	fill("c")
}

// TestFilterAfterAnEmptyLog: replaying nothing leaves a tree that will have a filter.
func TestFilterAfterAnEmptyLog(t *testing.T) {
	d := newDesk(t, func(v *tuning.Values) { v.AutoWork, v.Sync = false, tuning.Never })
	d.Writer = d.again(1<<20, true)
	for i := range 600 {
		must(t, d.put(fmt.Sprint(i), 10))
	}
	if st := d.Ledger.Newest(); !st.Live.HasFilter() {
		t.Error("the tree has no filter")
	}
}
