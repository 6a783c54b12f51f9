// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
)

const sectorSize = 512

// damageKind is a way to damage a file.
type damageKind struct {
	name string
	// caught says that the page sums and the checksum of the log notice every damage of this kind.
	caught bool
	// do damages bytes from..to of a file and returns the file, and words about it; no words if there was nothing to
	// do.
	// It may write in place.
	do func(d *damagedDB, rng *rand.Rand, in target) (file []byte, what string)
}

// target is what is damaged.
type target struct {
	place    DamagePlace
	file     []byte
	from, to int
	older    [][]byte // what the file was at earlier times
	unit     int      // bytes of a page
}

// stretch returns where some bytes of the target are that begin at a multiple of their number.
func (t target) stretch(rng *rand.Rand, n int) (at, end int) {
	at = t.from + rng.IntN((t.to-t.from+n-1)/n)*n
	return at, min(at+n, t.to)
}

// damageKinds are all of them. Those of pages and blocks are of sectors where there are no pages.
var damageKinds = []damageKind{
	{"one bit", true, flipBits(1)},
	{"2 to 4 bits", false, func(d *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		return flipBits(2+rng.IntN(3))(d, rng, t)
	}},
	{"one byte", true, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at := t.from + rng.IntN(t.to-t.from)
		t.file[at] ^= byte(1 + rng.IntN(255))
		return t.file, fmt.Sprintf("byte %d is %#x", at, t.file[at])
	}},
	{"some bytes", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at := t.from + rng.IntN(t.to-t.from)
		end := min(at+2+rng.IntN(60), t.to)
		noise(rng, t.file[at:end])
		return t.file, fmt.Sprintf("bytes %d to %d are noise", at, end)
	}},
	{"a sector of zeros", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at, end := t.stretch(rng, sectorSize)
		clear(t.file[at:end])
		return t.file, fmt.Sprintf("bytes %d to %d are zero", at, end)
	}},
	{"a sector of noise", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at, end := t.stretch(rng, sectorSize)
		noise(rng, t.file[at:end])
		return t.file, fmt.Sprintf("bytes %d to %d are noise", at, end)
	}},
	{"a sector of an older version", false, older(sectorSize)},
	{"a page of an older version", false, older(0)},
	{"a page of zeros", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at, end := t.stretch(rng, t.unit)
		clear(t.file[at:end])
		return t.file, fmt.Sprintf("bytes %d to %d are zero", at, end)
	}},
	{"a write torn at a border of sectors", false, torn},
	{"two pages swapped", false, swapped(0)},
	{"two blocks swapped", false, swapped(damageBlock)},
	{"a page written to another place", false, misdirected(0)},
	{"a block twice", false, misdirected(damageBlock)},
	{"a page of the other file", false, func(d *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		from := d.files[path+"-log"]
		if t.place == DamageLog {
			from = d.files[path]
		}
		if len(from) < t.unit {
			return t.file, ""
		}
		at, end := t.stretch(rng, t.unit)
		source := rng.IntN(len(from)/t.unit) * t.unit
		copy(t.file[at:end], from[source:])
		return t.file, fmt.Sprintf("bytes %d to %d are those at %d of the other file", at, end, source)
	}},
	{"the end cut off", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		at := t.from + rng.IntN(t.to-t.from)
		if rng.IntN(2) == 0 {
			at, _ = t.stretch(rng, sectorSize)
		}
		if t.place == DamageMeta && at < sectorSize {
			at = sectorSize // nothing at all is a database that was never written
		}
		return t.file[:at], fmt.Sprintf("cut off at %d", at)
	}},
	{"more at the end", false, func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		n := 1 + rng.IntN(3*t.unit)
		more := make([]byte, n)
		noise(rng, more)
		return append(t.file, more...), fmt.Sprintf("%d bytes of noise at the end", n)
	}},
}

func noise(rng *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}

func flipBits(n int) func(*damagedDB, *rand.Rand, target) ([]byte, string) {
	return func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		var at []int
		for range n {
			bit := t.from*8 + rng.IntN((t.to-t.from)*8)
			if slices.Contains(at, bit) {
				continue
			}
			at = append(at, bit)
			t.file[bit/8] ^= 1 << (bit % 8)
		}
		return t.file, fmt.Sprintf("bits %v flipped", at)
	}
}

// older puts what was there at an earlier time in place of a page, or of so many bytes: where that was something else.
func older(n int) func(*damagedDB, *rand.Rand, target) ([]byte, string) {
	return func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		size := n
		if n == 0 {
			size = t.unit
		}
		if len(t.older) == 0 {
			return t.file, ""
		}
		old := t.older[rng.IntN(len(t.older))]
		to := min(t.to, len(old))
		var changed []int
		for at := t.from; at+size <= to; at += size {
			if !bytes.Equal(old[at:at+size], t.file[at:at+size]) {
				changed = append(changed, at)
			}
		}
		if len(changed) == 0 {
			return t.file, ""
		}
		at := changed[rng.IntN(len(changed))]
		copy(t.file[at:at+size], old[at:])
		return t.file, fmt.Sprintf("bytes %d to %d are those of an older version", at, at+size)
	}
}

// torn leaves the front of a page as it is, and its end as it was at an earlier time, or zeros; or the other way
// around.
func torn(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
	if t.unit <= sectorSize {
		return t.file, ""
	}
	at, end := t.stretch(rng, t.unit)
	border := at + (1+rng.IntN(t.unit/sectorSize-1))*sectorSize
	if border >= end {
		return t.file, ""
	}
	from, to := border, end
	if rng.IntN(3) == 0 {
		from, to = at, border
	}
	if len(t.older) > 0 {
		if old := t.older[rng.IntN(len(t.older))]; to <= len(old) {
			copy(t.file[from:to], old[from:to])
			return t.file, fmt.Sprintf("of bytes %d to %d, those from %d to %d are older", at, end, from, to)
		}
	}
	clear(t.file[from:to])
	return t.file, fmt.Sprintf("of bytes %d to %d, those from %d to %d are zero", at, end, from, to)
}

// swapped swaps two pages, or two stretches of so many bytes.
func swapped(n int) func(*damagedDB, *rand.Rand, target) ([]byte, string) {
	return func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		a, b, size := t.two(rng, n)
		if size == 0 {
			return t.file, ""
		}
		one := slices.Clone(t.file[a : a+size])
		copy(t.file[a:a+size], t.file[b:b+size])
		copy(t.file[b:], one)
		return t.file, fmt.Sprintf("%d bytes at %d and %d swapped", size, a, b)
	}
}

// misdirected copies a page, or so many bytes, over others.
func misdirected(n int) func(*damagedDB, *rand.Rand, target) ([]byte, string) {
	return func(_ *damagedDB, rng *rand.Rand, t target) ([]byte, string) {
		a, b, size := t.two(rng, n)
		if size == 0 {
			return t.file, ""
		}
		copy(t.file[a:a+size], t.file[b:b+size])
		return t.file, fmt.Sprintf("%d bytes at %d are those at %d", size, a, b)
	}
}

// two returns where two different pages are, or two stretches of n bytes; of a block those after the meta pages.
func (t target) two(rng *rand.Rand, n int) (a, b, size int) {
	if n == 0 {
		n = t.unit
	}
	first := (t.from + n - 1) / n
	if count := t.to/n - first; count >= 2 {
		i := rng.IntN(count)
		j := (i + 1 + rng.IntN(count-1)) % count
		return (first + i) * n, (first + j) * n, n
	}
	return 0, 0, 0
}

// empty reports whether there is no such part.
func (d *damagedDB) empty(place DamagePlace) bool {
	_, t := d.damaged(place)
	return t.to-t.from < sectorSize
}

// damaged returns what is to be damaged in a copy of the files.
func (d *damagedDB) damaged(place DamagePlace) (name string, t target) {
	name = path
	t = target{place: place, unit: d.options.PageSize}
	switch place {
	case DamageMeta:
		t.to, t.unit = metaPages, metaPages/2
	case DamageData:
		t.from, t.to = metaPages, len(d.files[path])
		if t.unit = d.options.PageSize; d.options.Compression != "none" || d.key != nil {
			t.unit = sectorSize // pages begin anywhere
		}
	case DamageLog:
		name, t.unit = path+"-log", sectorSize
		t.to = len(d.files[name])
	}
	t.file, t.older = slices.Clone(d.files[name]), d.older[name]
	return name, t
}
