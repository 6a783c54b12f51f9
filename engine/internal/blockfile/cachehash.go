// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// hashed is the table of a stretch, a block, in a compressed file, where pages begin at any
// offset: open addressing with linear probing. Readers take no lock. The table is replaced
// when it fills up or is almost empty, never moved within; a frame that is dropped leaves its place marked, so that
// what comes after it is still found.
type hashed struct {
	slots atomic.Pointer[[]atomic.Pointer[Frame]]
	used  int32 // places that are not empty; guarded by the cache's mutex
}

// gone marks the place of a frame that was dropped.
var gone = &Frame{}

const (
	minHashed = 16
	maxSparse = 8 // a table with more places for each frame is replaced by a smaller one
)

// place returns where the search for page p begins in a table of n places, a power of two.
func place(p base.PageNo, n int) int {
	return int(uint64(p)*0x9E3779B97F4A7C15>>32) & (n - 1)
}

// get returns the frame of page p, or nil.
func (h *hashed) get(p base.PageNo) *Frame {
	t := h.slots.Load()
	if t == nil {
		return nil
	}
	slots := *t
	for i := place(p, len(slots)); ; i = (i + 1) & (len(slots) - 1) {
		fr := slots[i].Load()
		if fr == nil {
			return nil
		}
		if fr.no == p {
			return fr
		}
	}
}

func (h *hashed) put(fr *Frame) bool {
	if h.get(fr.no) != nil {
		return false
	}
	t := h.slots.Load()
	if t == nil || 4*(int(h.used)+1) > 3*len(*t) {
		t = h.rebuild(t)
	}
	slots := *t
	for i := place(fr.no, len(slots)); ; i = (i + 1) & (len(slots) - 1) {
		switch old := slots[i].Load(); old {
		case nil:
			h.used++
			slots[i].Store(fr)
			return true
		case gone:
			slots[i].Store(fr)
			return true
		}
	}
}

// rebuild makes a table with room for as many frames again as there are.
func (h *hashed) rebuild(old *[]atomic.Pointer[Frame]) *[]atomic.Pointer[Frame] {
	var live []*Frame
	if old != nil {
		for i := range *old {
			if fr := (*old)[i].Load(); fr != nil && fr != gone {
				live = append(live, fr)
			}
		}
	}
	n := minHashed
	for n < 2*(len(live)+1) {
		n *= 2
	}
	slots := make([]atomic.Pointer[Frame], n)
	for _, fr := range live {
		i := place(fr.no, n)
		for slots[i].Load() != nil {
			i = (i + 1) & (n - 1)
		}
		slots[i].Store(fr)
	}
	h.used = int32(len(live))
	h.slots.Store(&slots)
	return &slots
}

func (h *hashed) remove(fr *Frame, live int) {
	t := h.slots.Load()
	if t == nil {
		return
	}
	slots := *t
	for i := place(fr.no, len(slots)); slots[i].Load() != nil; i = (i + 1) & (len(slots) - 1) {
		if slots[i].CompareAndSwap(fr, gone) {
			break
		}
	}
	if len(slots) > minHashed && live > 0 && len(slots) > maxSparse*live {
		h.rebuild(t)
	}
}

func (h *hashed) clear(dropped func(*Frame)) {
	t := h.slots.Swap(nil)
	h.used = 0
	if t == nil {
		return
	}
	for i := range *t {
		if fr := (*t)[i].Load(); fr != nil && fr != gone {
			dropped(fr)
		}
	}
}
