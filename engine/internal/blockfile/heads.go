// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"bytes"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// heads say where on a leaf page a key is, mostly without a look at the page's keys: of every step-th
// key they are the first four bytes after the prefix that all of them share. A search in them
// meets two or three lines of the processor's cache. From key to key, it would wait for another one at
// each step.
//
// They lie in the head room, the end of the page's slot in the arena, with the prefix after them if
// there is room. They cover the keys at the front of the page that are the user's and on this page
// only. The keys that follow are the engine's own, and one that goes on on the next page.
type heads struct {
	count  uint16 // 0: there are none
	step   uint16
	prefix uint16 // the prefix's length, and where it begins in the slot
	at     uint32
}

const (
	headBytes = 4
	// headShare is how many times larger a page is than its head room: there is a head for each
	// key if a record takes 64 bytes.
	headShare = 16
	// minHeads is from how many keys on there are heads.
	minHeads = 2
)

// headRoom returns the size of the head room of a page.
func headRoom(pageSize int) int { return pageSize / headShare }

// makeHeads makes the heads of a leaf page, which begins front bytes after the beginning of slot, in
// the part of slot from room on. It returns none if they are of no use, or if the page's keys are not in order.
func makeHeads(slot []byte, page format.Page, front, room int) heads {
	keys, most := headed(page), (len(slot)-room)/headBytes
	if keys < minHeads || most < minHeads {
		return heads{}
	}
	first, last := page.LeafCell(0), page.LeafCell(keys-1)
	prefix := shared(page[first.Body:first.Body+first.KeyLen], page[last.Body:last.Body+last.KeyLen])
	step := (keys + most - 1) / most
	list := headList(slot, room, (keys+step-1)/step)
	for i := range list {
		c := page.LeafCell(i * step)
		key := page[c.Body : c.Body+c.KeyLen]
		if !bytes.HasPrefix(key, prefix) {
			return heads{}
		}
		list[i] = head(key[len(prefix):])
		if i > 0 && list[i] < list[i-1] {
			return heads{}
		}
	}
	at := front + first.Body
	if end := room + len(list)*headBytes; len(prefix) <= len(slot)-end {
		at = end
		copy(slot[end:], prefix)
	}
	return heads{count: uint16(len(list)), step: uint16(step), prefix: uint16(len(prefix)), at: uint32(at)}
}

// headList returns the heads in the slot.
func headList(slot []byte, room, count int) []uint32 {
	first := &slot[room:][:count*headBytes][0]
	return unsafe.Slice((*uint32)(unsafe.Pointer(first)), count)
}

// headed returns how many keys of a leaf page have heads.
func headed(page format.Page) int {
	n, eof := page.NumCells(), page.EOF()
	for i := range n {
		if c := page.LeafCell(i); c.Kind&base.System != 0 || c.Body+c.KeyLen > eof {
			return i
		}
	}
	return n
}

// shared returns the prefix that two keys have in common.
func shared(a, b []byte) []byte {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return a[:i]
		}
	}
	return a[:n]
}

// head returns the first four bytes of a key as a number. Where a key is shorter, zeros follow.
func head(key []byte) uint32 {
	if len(key) >= headBytes {
		return uint32(key[0])<<24 | uint32(key[1])<<16 | uint32(key[2])<<8 | uint32(key[3])
	}
	return uint32(base.Head(key) >> 32)
}

// narrow returns bounds for the first of the page's n cells whose key is not less than a user key: all
// cells before lo have lesser keys, and all from hi on greater ones.
func (h *heads) narrow(slot []byte, room int, key []byte, n int) (lo, hi int) {
	count, step := int(h.count), int(h.step)
	if h.prefix > 0 {
		prefix := slot[h.at:][:h.prefix]
		if !bytes.HasPrefix(key, prefix) {
			if bytes.Compare(key, prefix) < 0 {
				return 0, 0
			}
			return (count-1)*step + 1, n
		}
		key = key[len(prefix):]
	}
	want := head(key)
	list := headList(slot, room, count)
	from, size := 0, count
	for size > 1 {
		half := size >> 1
		if list[from+half-1] < want {
			from += half
		}
		size -= half
	}
	if list[from] < want {
		from++
	}
	to := from
	for to < count && list[to] == want {
		to++
	}
	if from > 0 {
		lo = (from-1)*step + 1
	}
	if hi = n; to < count {
		hi = to * step
	}
	return lo, hi
}
