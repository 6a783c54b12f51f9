// SPDX-License-Identifier: Apache-2.0

package segment

// AppendPart appends the n bytes of the current value from byte from on to dst, which grows once.
// The value must have them. No page after the last of them is read. Those before are, because only
// they tell where the next one is; many are read past the page cache.
func (it *Iter) AppendPart(dst []byte, from, n int) ([]byte, error) {
	if v, ok := it.Inline(); ok {
		return append(dst, v[from:from+n]...), nil
	}
	if n == 0 {
		return dst, nil
	}
	b := it.bodyAt(it.no, it.page, it.bodyOff+it.keyLen+from, n, it.valLen-from-n)
	b.ahead = false
	b.long = (from+n)/it.seg.Space.Geometry().PageSize >= longPages
	part, err := b.appendTo(dst)
	it.lookups += b.lookups
	b.Close()
	return part, err
}
