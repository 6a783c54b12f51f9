// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"
	"unsafe"
)

// direct is the table of a stretch where pages are numbered one by one: a place for each.
type direct [stretchPages]directPlace

// at returns the place of the page with an ordinal.
func (d *direct) at(ordinal int64) *directPlace { return &d[uint64(ordinal)%stretchPages] }

// directPlace is the place of a page.
type directPlace struct {
	frame atomic.Pointer[Frame]
	// end is the end of the page in the arena, which never goes; nil if it is not there. It is no more
	// than a hint: see hasten.
	end atomic.Pointer[pageEnd]
}

// pageEnd is the end of a page, with its footer, and the beginning of the head room after it.
type pageEnd struct {
	footer [2]uint64
	heads  [9]uint64
}

// of returns the place of a frame's page.
func (d *direct) of(fr *Frame) *directPlace { return d.at(fr.cache.geo.Ordinal(fr.no)) }

// endOf returns the end of the page that a frame has in the arena; nil if it is not there or too short.
func endOf(fr *Frame) *pageEnd {
	size := len(fr.raw)
	from := size - int(unsafe.Sizeof(pageEnd{}.footer))
	if fr.heap || from < 0 || cap(fr.raw) < from+int(unsafe.Sizeof(pageEnd{})) {
		return nil
	}
	return (*pageEnd)(unsafe.Pointer(&fr.raw[from]))
}

// hasten has the processor load what a search looks at first, the page's footer and heads, so that they
// come from memory together with the frame and not after it. Nobody holds the page, which may become
// another one meanwhile: what is loaded means nothing. It is compared with something only because the
// compiler would leave an unused load out.
func (d *directPlace) hasten() {
	if e := d.end.Load(); e != nil && (e.footer[0] == hardlyEver || e.heads[8] == hardlyEver) {
		met.Store(true)
	}
}

const hardlyEver = 0x9E3779B97F4A7C15

var met atomic.Bool

func (d *direct) put(fr *Frame) bool {
	at := d.of(fr)
	if !at.frame.CompareAndSwap(nil, fr) {
		return false
	}
	if hastens {
		at.end.Store(endOf(fr))
	}
	return true
}

func (d *direct) remove(fr *Frame, _ int) {
	at := d.of(fr)
	if at.frame.CompareAndSwap(fr, nil) {
		at.end.Store(nil)
	}
}

func (d *direct) clear(dropped func(*Frame)) {
	for i := range d {
		at := &d[i]
		if at.frame.Load() == nil && at.end.Load() == nil {
			continue // as most are; to write nil again costs ten times as much
		}
		at.end.Store(nil)
		if fr := at.frame.Swap(nil); fr != nil {
			dropped(fr)
		}
	}
}
