// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// victim is a specimen being damaged.
type victim struct {
	*specimen
	rng       *rand.Rand
	data, log []byte
}

// unit is how much a damage of one page damages.
func (v *victim) unit() int {
	if v.geo.Compressed {
		return 512
	}
	return v.geo.PageSize
}

// page returns a random page after the meta pages.
func (v *victim) page() []byte {
	n := (len(v.data) - 2*format.MetaPageSize) / v.unit()
	if n <= 0 {
		return nil
	}
	at := 2*format.MetaPageSize + v.rng.IntN(n)*v.unit()
	return v.data[at : at+v.unit()]
}

// block returns a random block, without the meta pages.
func (v *victim) block() []byte {
	n := (len(v.data) + v.geo.BlockSize - 1) / v.geo.BlockSize
	b := v.rng.IntN(n)
	end := min(len(v.data), (b+1)*v.geo.BlockSize)
	return v.data[min(end, max(b*v.geo.BlockSize, 2*format.MetaPageSize)):end]
}

// segment returns a random segment.
func (v *victim) segment() format.Segment {
	var list []format.Segment
	for _, l := range v.ck.Levels {
		list = append(append(list, l.LHS), l.RHS...)
	}
	if len(list) == 0 {
		return format.Segment{}
	}
	return list[v.rng.IntN(len(list))]
}

func (v *victim) meta(i int) []byte { return v.data[i*format.MetaPageSize:][:format.MetaSize] }

func (v *victim) fill(b []byte) {
	for i := range b {
		b[i] = byte(v.rng.Uint32())
	}
}

func (v *victim) flip(b []byte, n int) {
	for range n {
		if len(b) > 0 {
			bit := v.rng.IntN(8 * len(b))
			b[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func swap(a, b []byte) {
	n := min(len(a), len(b))
	c := bytes.Clone(a[:n])
	copy(a, b[:n])
	copy(b, c)
}

// kinds are what is done to files.
var kinds = []struct {
	name string
	do   func(v *victim)
}{
	{"page: zeros", func(v *victim) { clear(v.page()) }},
	{"page: random bytes", func(v *victim) { v.fill(v.page()) }},
	{"page: sector of zeros", func(v *victim) { p := v.page(); clear(p[:min(len(p), 512)]) }},
	{"page: bits", func(v *victim) { v.flip(v.page(), 1+v.rng.IntN(4)) }},
	{"page: two swapped", func(v *victim) { swap(v.page(), v.page()) }},
	{"page: copied over another", func(v *victim) { copy(v.page(), v.page()) }},
	{"page: older one", func(v *victim) {
		if len(v.older) > 0 {
			old := v.older[v.rng.IntN(len(v.older))]
			n := (min(len(old), len(v.data)) - 2*format.MetaPageSize) / v.unit()
			at := 2*format.MetaPageSize + v.rng.IntN(n)*v.unit()
			copy(v.data[at:at+v.unit()], old[at:])
		}
	}},
	{"pages: several of zeros", func(v *victim) {
		for range 2 + v.rng.IntN(8) {
			clear(v.page())
		}
	}},
	{"pages: a stretch of random bytes", func(v *victim) {
		n := min(len(v.data)-2*format.MetaPageSize, v.unit()*(2+v.rng.IntN(20)))
		if n > 0 {
			at := 2*format.MetaPageSize + v.rng.IntN(len(v.data)-2*format.MetaPageSize-n+1)
			v.fill(v.data[at : at+n])
		}
	}},
	{"b-tree: root of zeros", func(v *victim) { v.atPage(v.segment().Root, clearBytes) }},
	{"segment: first page of zeros", func(v *victim) { v.atPage(v.segment().First, clearBytes) }},
	{"segment: last page of random bytes", func(v *victim) { v.atPage(v.segment().Last, v.fill) }},
	{"block: zeros", func(v *victim) { clear(v.block()) }},
	{"block: random bytes", func(v *victim) { v.fill(v.block()) }},
	{"block: two swapped", func(v *victim) {
		a, b := v.block(), v.block()
		if len(a) == v.geo.BlockSize && len(b) == v.geo.BlockSize {
			swap(a, b)
		}
	}},
	{"block: a link", func(v *victim) {
		n := base.BlockNo(len(v.data) / v.geo.BlockSize)
		if n > 0 {
			off := v.geo.LinkOffset(base.BlockNo(1+v.rng.IntN(int(n))), v.rng.IntN(2) == 0)
			v.fill(v.data[off : off+4])
		}
	}},
	{"file: cut", func(v *victim) {
		if n := len(v.data) - 2*format.MetaPageSize; n > 0 {
			v.data = v.data[:2*format.MetaPageSize+v.rng.IntN(n)]
		}
	}},
	{"meta: one page of zeros", func(v *victim) { clear(v.meta(v.rng.IntN(2))) }},
	{"meta: one page of random bytes", func(v *victim) { v.fill(v.meta(v.rng.IntN(2))) }},
	{"meta: a bit", func(v *victim) { v.flip(v.meta(v.rng.IntN(2))[:200], 1) }},
	{"meta: a bit in both", func(v *victim) { v.flip(v.meta(0)[:200], 1); v.flip(v.meta(1)[:200], 1) }},
	{"meta: sectors in both", func(v *victim) {
		for i := range 2 {
			at := v.rng.IntN(7) * 512
			v.fill(v.meta(i)[at : at+512])
		}
	}},
	{"meta: both of zeros", func(v *victim) { clear(v.meta(0)); clear(v.meta(1)) }},
	{"meta: both of random bytes", func(v *victim) { v.fill(v.meta(0)); v.fill(v.meta(1)) }},
	{"meta: both gone, and a page", func(v *victim) { clear(v.meta(0)); v.fill(v.meta(1)); clear(v.page()) }},
	{"log: a bit", func(v *victim) { v.flip(v.log, 1) }},
	{"log: a sector of zeros", func(v *victim) {
		if len(v.log) > 512 {
			at := v.rng.IntN(len(v.log)/512) * 512
			clear(v.log[at : at+512])
		}
	}},
	{"log: a stretch of random bytes", func(v *victim) {
		if len(v.log) > 0 {
			at := v.rng.IntN(len(v.log))
			v.fill(v.log[at:min(len(v.log), at+v.rng.IntN(2000))])
		}
	}},
	{"log: cut", func(v *victim) {
		if len(v.log) > 0 {
			v.log = v.log[:v.rng.IntN(len(v.log))]
		}
	}},
	{"several: page, link and meta page", func(v *victim) {
		clear(v.page())
		v.fill(v.meta(v.rng.IntN(2)))
		v.atPage(v.segment().Root, v.fill)
	}},
}

func clearBytes(b []byte) { clear(b) }

func (v *victim) atPage(p base.PageNo, do func([]byte)) {
	if p == 0 {
		return
	}
	off := v.geo.Offset(p)
	if v.geo.Compressed {
		off = off / 512 * 512
	}
	if off < int64(len(v.data)) {
		do(v.data[off:min(int64(len(v.data)), off+int64(v.unit()))])
	}
}
