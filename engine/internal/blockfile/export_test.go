// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Hastens says that the table of the cache knows where in the arena pages end.
const Hastens = hastens

// EndKnown reports whether it does for page p. It panics if that is the end of another page.
func EndKnown(f *File, p base.PageNo) bool {
	c := &f.cache
	t := *c.table.Load()
	if b := c.geo.Block(p); int(b) >= len(t) || t[b] == nil {
		return false
	}
	at := &t[c.geo.Block(p)].direct.frames[c.geo.IndexInBlock(p)]
	fr, end := at.frame.Load(), at.end.Load()
	if end != nil && (fr == nil || &fr.raw[len(fr.raw)-1] != (*byte)(unsafe.Add(unsafe.Pointer(end), 15))) {
		panic("the end of another page")
	}
	return end != nil
}

// SlotBytes returns how much of the cache's budget a page takes.
func SlotBytes(pageSize int) int64 { return int64(pageSize + headRoom(pageSize)) }
