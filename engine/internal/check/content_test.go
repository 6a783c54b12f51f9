// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// edit changes the content of a page, seals it again, checks, and takes it back.
func (s *sample) edit(what string, p base.PageNo, text string, change func(page format.Page)) {
	s.t.Helper()
	old := s.page(p)
	raw := bytes.Clone(old)
	change(s.geo.Content(p, raw))
	s.seal(p, raw)
	s.expect(what, p, text)
	s.write(p, old)
}

// TestFindsWrongContent changes what pages say and seals them again, as a bug of
// the engine would.
func TestFindsWrongContent(t *testing.T) {
	s := newSample(t)
	geo := s.geo
	set := func(page format.Page, at int, v uint16) { binary.BigEndian.PutUint16(page[at:], v) }
	did := make(map[string]int)
	for _, seg := range s.segments() {
		last := seg.pages[len(seg.pages)-1]
		for j, p := range seg.pages {
			page := geo.Content(p, s.page(p))
			n := page.NumCells()
			if j%4 > 0 && j+3 < len(seg.pages) && !page.IsBTree() {
				continue // enough of the same
			}
			edit := func(what, text string, change func(page format.Page)) {
				did[what]++
				s.edit(what, p, text, change)
			}
			if n > 1 {
				edit("cells swapped", "", func(page format.Page) {
					a, b := page.CellOffset(0), page.CellOffset(1)
					set(page, len(page)-14, uint16(b))
					set(page, len(page)-16, uint16(a))
				})
				edit("cell points at itself twice", "", func(page format.Page) {
					set(page, len(page)-16, uint16(page.CellOffset(0)))
				})
			}
			if page.IsBTree() {
				edit("last b-tree key lost", "", func(page format.Page) { set(page, len(page)-2, uint16(n-1)) })
				edit("right-most child wrong", "", func(page format.Page) {
					binary.BigEndian.PutUint64(page[len(page)-12:], uint64(page.Ptr()-1))
				})
				for i := range n {
					c := page.BTreeCell(i)
					if c.Ref != 0 {
						edit("long b-tree key taken from elsewhere", "key from", func(page format.Page) {
							at := page.CellOffset(i) + 1
							at += varintSize(page[at])
							page[at+varintSize(page[at])-1] ^= 1
						})
					} else if i == 0 || i == n-1 {
						edit("b-tree key changed", "has the key", func(page format.Page) {
							k := page.BTreeCell(i).Key
							k[len(k)-1] ^= 1
						})
					}
				}
				continue
			}
			if p != last && n > 0 {
				edit("leaf page became a b-tree page", "", func(page format.Page) {
					set(page, len(page)-4, uint16(page.Flags()|format.FlagBTree))
					set(page, len(page)-2, 0)
				})
			}
			if n == 0 {
				continue
			}
			if j > 0 {
				edit("leaf page left out of the b-tree", "does not lead on", func(page format.Page) {
					set(page, len(page)-4, page.Flags()|format.FlagSkipThis)
				})
			}
			edit("all records of a page lost", "", func(page format.Page) { set(page, len(page)-2, 0) })
			first := page.LeafCell(0)
			kindAt := page.CellOffset(0)
			edit("impossible kind",
				"impossible kind", func(page format.Page) { page[kindAt] |= byte(base.Insert | base.PointDelete | 0x80) })
			if first.Kind&base.EndDelete == 0 {
				edit("range end without start",
					"ends a deleted range", func(page format.Page) { page[kindAt] |= byte(base.EndDelete) })
			}
			if i := n - 1; page.LeafCell(i).Kind&base.StartDelete == 0 {
				what := "range start without end"
				did[what]++
				old := s.page(p)
				raw := bytes.Clone(old)
				c := geo.Content(p, raw)
				c[c.CellOffset(i)] |= byte(base.StartDelete)
				s.seal(p, raw)
				s.expect(what, 0, "deleted range")
				s.write(p, old)
			}
			if first.Kind&base.System == 0 && first.KeyLen > 2 && first.Body+first.KeyLen < page.EOF() && n > 1 {
				edit("first key too great", "", func(page format.Page) { page[first.Body] = 0xFF })
			}
			if c := page.LeafCell(n - 1); c.Kind&base.Insert != 0 && c.ValLen > 2287 {
				// The longest lengths take three bytes, of which the last one is the low byte.
				what := "value longer than its room"
				did[what]++
				old := s.page(p)
				raw := bytes.Clone(old)
				page := geo.Content(p, raw)
				page[c.Body-2] += 8
				s.seal(p, raw)
				s.expect(what, 0, "")
				s.write(p, old)
			}
			if c := page.LeafCell(n - 1); c.Kind&base.System != 0 && c.Kind&base.Insert != 0 {
				edit("free-list entry of 7 bytes", "free-list entry", func(page format.Page) { page[c.Body-1]-- })
				edit("free-list entry for no block", "free-list entry", func(page format.Page) { page[c.Body] = 0 })
			}
		}
	}
	s.expectSound()
	t.Logf("changes: %v", did)
	for _, what := range []string{"long b-tree key taken from elsewhere",
		"b-tree key changed", "value longer than its room", "free-list entry of 7 bytes"} {
		if did[what] == 0 {
			t.Errorf("the sample has no place for %q", what)
		}
	}
}

// varintSize returns the length of the varint with the given first byte.
func varintSize(first byte) int {
	switch {
	case first <= 240:
		return 1
	case first <= 248:
		return 2
	}
	return int(first) - 246
}
