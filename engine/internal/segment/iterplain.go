// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// A plain record inserts a value, carries no mark, and lies on one page with its key and its value.
// Nearly all records are plain where pages are much longer than values. An iterator steps from one
// to the next on the same page without a look at anything else, and stores no pointer.

// NextPlain is Next if the next record is plain and on the same page; else it reports false and
// does not move.
func (it *Iter) NextPlain() bool { return it.cell+1 < it.cells && it.plain(it.cell+1) }

// PrevPlain is Prev under the same terms.
func (it *Iter) PrevPlain() bool { return it.cell > 0 && it.plain(it.cell-1) }

func (it *Iter) plain(i int) bool {
	off, h := it.page.CellStart(i)
	body, keyLen, valLen := off+format.ShortHeader, int(h>>16&0xFF), int(h>>24)
	if !format.ShortPlain(h) {
		if body, keyLen, valLen = it.page.PlainCell(i); body == 0 {
			return false
		}
	}
	if body+keyLen+valLen > it.eof {
		return false
	}
	it.cell, it.kind, it.apart, it.end = i, base.Insert, false, 0
	it.bodyOff, it.keyLen, it.valLen = body, keyLen, valLen
	return true
}

// Plain reports whether the current record is plain, so that PlainKey and PlainValue show it.
func (it *Iter) Plain() bool {
	return it.kind == base.Insert && !it.apart && it.bodyOff+it.keyLen+it.valLen <= it.eof
}

// PlainKey is Key for a plain record, and PlainValue its value.
func (it *Iter) PlainKey() []byte {
	end := it.bodyOff + it.keyLen
	return it.page[it.bodyOff:end:end]
}

// PlainValue is the value of a plain record.
func (it *Iter) PlainValue() []byte {
	start := it.bodyOff + it.keyLen
	end := start + it.valLen
	return it.page[start:end:end]
}
