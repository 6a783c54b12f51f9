// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// forge changes a few bytes, or a number, and makes the sums fit again. Those of encrypted pages and of compressed
// ones cannot be made to fit in place.
func (d *damagedDB) forge(rng *rand.Rand, t target) (file []byte, what string) {
	switch t.place {
	case DamageMeta:
		page := rng.IntN(2) * (metaPages / 2)
		// Words and, where there are some, pointers: most are within the first 400 bytes.
		at := page + rng.IntN(100)*4
		old := binary.BigEndian.Uint32(t.file[at:])
		binary.BigEndian.PutUint32(t.file[at:], forgedWord(rng, old))
		secondreader.Repair(t.file)
		return t.file, fmt.Sprintf("the word at %d was %d", at, old)
	case DamageLog:
		at, end := t.stretch(rng, 1+rng.IntN(8))
		noise(rng, t.file[at:end])
		secondreader.RepairLog(d.files[path], d.files[path+"-log"], t.file)
		return t.file, fmt.Sprintf("bytes %d to %d are noise", at, end)
	}
	if d.key != nil || d.options.Compression != "none" {
		return t.file, ""
	}
	at, end := t.stretch(rng, t.unit)
	page := t.file[at:end]
	if len(page) < t.unit {
		return t.file, ""
	}
	before := slices.Clone(page)
	n := 1 + rng.IntN(8)
	first := rng.IntN(len(page) - n)
	if rng.IntN(2) == 0 {
		first = len(page) - 24 + rng.IntN(20) // the footer, the index of cells, or a link
		n = 1 + rng.IntN(2)
	}
	noise(rng, page[first:first+n])
	footer := len(page) - 4
	if (at+len(page))%damageBlock == 0 {
		footer -= 4 // after it is the link to the next block
	}
	fitSum(before, page, footer)
	return t.file, fmt.Sprintf("page at %d: %d bytes at %d", at, n, first)
}

// forgedWord returns what is put in place of a word.
func forgedWord(rng *rand.Rand, old uint32) uint32 {
	switch rng.IntN(5) {
	case 0:
		return old + 1
	case 1:
		return old - 1
	case 2:
		return uint32(rng.IntN(40))
	case 3:
		return old ^ 1<<rng.IntN(32)
	}
	return rng.Uint32()
}

// fitSum sets the 13 bits of a page's sum, which are in the flags at footer, so that its CRC is that of the page
// before.
func fitSum(before, page []byte, footer int) {
	delta := make([]byte, len(page))
	for i := range page {
		delta[i] = before[i] ^ page[i]
	}
	want := crc13(delta)
	// Each bit of the sum changes the CRC in its own way; those that come to what is wanted are found by elimination.
	var rows [13]struct{ crc, bits uint16 }
	for i := range rows {
		clear(delta)
		binary.BigEndian.PutUint16(delta[footer:], 8<<i)
		rows[i].crc, rows[i].bits = crc13(delta), 8<<i
	}
	var change uint16
	for bit, next := uint16(1), 0; bit < 1<<13; bit <<= 1 {
		pivot := slices.IndexFunc(rows[next:], func(r struct{ crc, bits uint16 }) bool { return r.crc&bit != 0 })
		if pivot < 0 {
			continue
		}
		rows[next], rows[next+pivot] = rows[next+pivot], rows[next]
		for i := range rows {
			if i != next && rows[i].crc&bit != 0 {
				rows[i].crc ^= rows[next].crc
				rows[i].bits ^= rows[next].bits
			}
		}
		if want&bit != 0 {
			want ^= rows[next].crc
			change ^= rows[next].bits
		}
		next++
	}
	flags := binary.BigEndian.Uint16(page[footer:])
	binary.BigEndian.PutUint16(page[footer:], flags^change)
}

// crc13 is the CRC of pages, as docs/file-format.md describes it.
func crc13(b []byte) (r uint16) {
	for _, c := range b {
		r ^= uint16(c)
		for range 8 {
			if r&1 != 0 {
				r = r>>1 ^ 0x18B8
			} else {
				r >>= 1
			}
		}
	}
	return r
}
