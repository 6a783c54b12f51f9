// SPDX-License-Identifier: Apache-2.0

package segment

// appendSplit is AppendValue for a value that ends on the page after the record's first one, as most
// of those do that are shorter than a page and not Inline. It reports false if it is no such value, or
// if anything is wrong, and leaves the rest to a Body.
//
// The length of the second piece follows from the record, not from the page it is on: so the
// processor has both copies under way before the end of that page, where its footer is, has come
// from memory. The footer is looked at afterwards.
func (it *Iter) appendSplit(dst []byte) ([]byte, bool) {
	start := it.bodyOff + it.keyLen
	left := it.valLen - (it.eof - start)
	if start > it.eof || left >= it.seg.Space.Geometry().PageSize || it.no == it.seg.LastPage {
		return dst, false
	}
	p, err := it.nextPage(it.no)
	if err != nil {
		return dst, false
	}
	page, held, err := it.getPage(p)
	defer held.Release()
	if err != nil || left > len(page) {
		return dst, false
	}
	value := append(append(grow(dst, it.valLen), it.page[start:it.eof]...), page[:left]...)
	rem := tail{left: int64(left)}
	if page.IsBTree() || left > page.EOF() || rem.over(page) != "" {
		return dst, false
	}
	if it.cell == it.cells-1 {
		it.end, it.endRoom = p, rem.room
	}
	return value, true
}
