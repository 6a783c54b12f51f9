// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestExpectDoesNothingElse: pages may be expected that are in the cache, that are not, that do not exist,
// and when the cache is gone; none is read or held.
func TestExpectDoesNothingElse(t *testing.T) {
	x := newFixture(t, 1024, 4*blockfile.SlotBytes(1024))
	pages, _ := x.write(20, 0, 2)
	s := &blockfile.Space{File: x.file, Sealed: true}
	expect := func() {
		before := x.file.Stats()
		for _, p := range append([]base.PageNo{0, 1, x.geo.MaxPage(20) + 1, 1 << 60}, pages...) {
			s.ExpectSoon(p)
			s.Expect(p)
			s.ExpectFront(p)
		}
		if after := x.file.Stats(); after != before || x.file.Held() != 0 {
			t.Errorf("%+v, then %+v; %d pages are held", before, after, x.file.Held())
		}
	}
	expect()
	for _, p := range pages {
		fr, err := s.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		page := fr.Page()
		for _, size := range []int{0, 1, 64, len(page), 4 * len(page)} { // what follows the page may be anything
			blockfile.ExpectSpan(page, 0, size)
			blockfile.ExpectSpan(page, len(page)-1, size)
		}
		fr.Release()
		expect()
	}
	blockfile.ExpectRecord(make(format.Page, 1), 0) // what follows it may be anything
	x.file.Close()
	expect()
}
