// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// docPage is a page of an uncompressed file as the document describes it.
type docPage struct {
	t                   *testing.T
	number              int64
	pageSize, blockSize int
	raw                 []byte
	front, back         int // bytes taken by a block link
	seal                uint16
}

func newDocPage(t *testing.T, number int64, pageSize, blockSize int, raw []byte) *docPage {
	t.Helper()
	p := &docPage{t: t, number: number, pageSize: pageSize, blockSize: blockSize, raw: raw}
	perBlock := int64(blockSize / pageSize)
	first := (number-1)/perBlock*perBlock + 1
	if first == 1 {
		first = 1 + int64((8192+pageSize-1)/pageSize)
	}
	switch {
	case number%perBlock == 0:
		p.back = 4
	case number == first:
		p.front = 4
	}
	return p
}

// examplePage returns a page of an example's file, whose page sum must be right.
func examplePage(t *testing.T, file []byte, number int64) *docPage {
	t.Helper()
	off := (number - 1) * examplePageSize
	p := newDocPage(t, number, examplePageSize, exampleBlockSize, file[off:off+examplePageSize])
	if p.seal = docSeal(t, file, number); p.crc() != p.seal {
		t.Fatalf("page %d has the CRC %04x, and the seal of its segment is %04x", number, p.crc(), p.seal)
	}
	return p
}

func (p *docPage) content() []byte { return p.raw[p.front : len(p.raw)-p.back] }

func (p *docPage) flags() uint16 {
	c := p.content()
	return binary.BigEndian.Uint16(c[len(c)-4:])
}

// crc computes the CRC of the page sum by the text of the document, bit by bit.
func (p *docPage) crc() uint16 {
	reg := uint16(0)
	for _, b := range append(binary.BigEndian.AppendUint64(nil, uint64(p.number)), p.raw...) {
		reg ^= uint16(b)
		for range 8 {
			odd := reg & 1
			reg >>= 1
			if odd == 1 {
				reg ^= 0x18B8
			}
		}
	}
	return reg
}

// docSeal returns the seal of the level whose segment has a page, from the meta page with
// the larger id. No level of an example is a merge.
func docSeal(t *testing.T, file []byte, page int64) uint16 {
	t.Helper()
	word := func(i int) uint32 { return binary.BigEndian.Uint32(file[4*i:]) }
	long := func(i int) int64 { return int64(word(i))<<32 | int64(word(i+1)) }
	meta := 0
	if long(1024) > long(0) {
		meta = 1024
	}
	for i := range int(word(meta + 6)) {
		at := meta + 21 + 10*i
		if word(at+1) != 0 {
			t.Fatal("an example has a merge")
		}
		if long(at+2) <= page && page <= long(at+4) {
			return uint16(word(at)>>18) & 0x1FFF
		}
	}
	t.Fatalf("page %d belongs to no level", page)
	return 0
}

// annotate takes a page apart.
func (p *docPage) annotate() string {
	var d dump
	fmt.Fprintf(&d, "page %d, at byte %d of the file; offsets within the page\n", p.number, (p.number-1)*int64(p.pageSize))
	if p.front > 0 {
		d.line(0, p.raw[:4], "link: the previous block; means nothing on the segment's first page")
	}
	c := p.content()
	n := len(c)
	cells := int(binary.BigEndian.Uint16(c[n-2:]))
	flags := p.flags()
	eof := n - 12 - 2*cells
	offset := func(i int) int { return int(binary.BigEndian.Uint16(c[n-14-2*i:])) }
	first := eof
	if cells > 0 {
		first = offset(0)
	}
	if first > 0 {
		d.line(p.front, c[:first], "the rest of a record that starts on an earlier page")
	}
	end := first
	for i := range cells {
		if flags&1 != 0 {
			end = p.btreeCell(&d, c, offset(i), i)
		} else {
			end = p.leafCell(&d, c, offset(i), eof, i)
		}
	}
	if end < eof {
		d.line(p.front+end, c[end:eof], "unused")
	}
	for i := cells - 1; i >= 0; i-- {
		d.line(p.front+n-14-2*i, c[n-14-2*i:n-12-2*i], "cell %d is at %d", i, offset(i))
		if cells > 5 && i == cells-2 {
			skipped := c[n-14-2*(i-1) : n-14]
			d.line(p.front+n-14-2*(i-1), skipped, "cells %d to 1", i-1)
			i = 1
		}
	}
	what := "FC pointer"
	if flags&1 != 0 {
		what = "right-most child: page"
	}
	d.line(p.front+n-12, c[n-12:n-4], "%s %d", what, binary.BigEndian.Uint64(c[n-12:]))
	d.line(p.front+n-4, c[n-4:n-2], "flags %d, page sum %04x", flags&7, flags>>3)
	d.line(p.front+n-2, c[n-2:], "%d cells", cells)
	if p.back > 0 {
		d.line(n, p.raw[n:], "link: the next block")
	}
	return elide(d.String(), cells)
}

// elide leaves out the cells between the second and the last one, where there are many.
func elide(text string, cells int) string {
	if cells <= 5 {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	var out []string
	keep := true
	for _, l := range lines {
		if _, after, ok := strings.Cut(l, "cell "); ok && strings.Contains(l, ": record ") {
			var i int
			if _, err := fmt.Sscanf(after, "%d", &i); err == nil {
				if i == 2 {
					out = append(out, fmt.Sprintf("      … cells 2 to %d\n", cells-2))
				}
				keep = i < 2 || i == cells-1
			}
		}
		if strings.Contains(l, "unused") || strings.Contains(l, " is at ") {
			keep = true
		}
		if keep {
			out = append(out, l)
		}
	}
	return strings.Join(out, "")
}

// kinds names the bits of a record's type.
func kinds(b byte) string {
	var names []string
	for i, name := range []string{"START", "END", "POINT", "INSERT", "SEPARATOR", "SYSTEM"} {
		if b>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

func (p *docPage) leafCell(d *dump, c []byte, off, eof, i int) (end int) {
	at := off + 1
	varint := func() int {
		v, n := docVarint(c[at:])
		at += n
		return int(v)
	}
	rel := varint()
	keyLen, valLen := varint(), 0
	if c[off]&0x08 != 0 {
		valLen = varint()
	}
	valueText := ""
	if c[off]&0x08 != 0 {
		valueText = fmt.Sprintf(", value length %d", valLen)
	}
	d.line(p.front+off, c[off:at], "cell %d: record %s, FC pointer +%d, key length %d%s", i, kinds(c[off]), rel, keyLen, valueText)
	d.line(p.front+at, c[at:at+keyLen], "key %q", c[at:at+keyLen])
	at += keyLen
	if valLen == 0 {
		return at
	}
	here := min(valLen, eof-at)
	switch {
	case here < valLen:
		d.line(p.front+at, c[at:at+here], "value, its first %d bytes", here)
	case here > dumpBytes:
		d.line(p.front+at, c[at:at+here], "value")
	default:
		d.line(p.front+at, c[at:at+here], "value %q", c[at:at+here])
	}
	return at + here
}

func (p *docPage) btreeCell(d *dump, c []byte, off, i int) (end int) {
	at := off + 1
	child, n := docVarint(c[at:])
	at += n
	keyLen, n := docVarint(c[at:])
	at += n
	if c[off] == 0 {
		p.t.Fatal("the example has no indirect cells")
	}
	d.line(p.front+off, c[off:at], "cell %d: child page %d, key length %d", i, child, keyLen)
	d.line(p.front+at, c[at:at+int(keyLen)], "key %q", c[at:at+int(keyLen)])
	return at + int(keyLen)
}

// sumVectors makes the table of page sums: some pages of no database, sealed by
// package format, and two of the examples. Package format and the document must agree on
// all of them.
func sumVectors(t *testing.T, examples ...*docPage) string {
	t.Helper()
	var d strings.Builder
	d.WriteString("page size  block size  page  content                                  CRC   seal   sum   flags field\n")
	add := func(p *docPage, what string) {
		if p.crc() != p.seal {
			t.Errorf("page %d has the CRC %04x, and its seal is %04x", p.number, p.crc(), p.seal)
		}
		bare := *p
		bare.raw = bytes.Clone(p.raw)
		at := len(bare.raw) - p.back - 4
		bare.raw[at], bare.raw[at+1] = 0, bare.raw[at+1]&7
		fmt.Fprintf(&d, "%9d  %10d  %4d  %-39s  %04x  %04x  %04x   %04x\n",
			p.pageSize, p.blockSize, p.number, what, bare.crc(), p.seal, p.flags()>>3, p.flags())
	}
	sealed := func(number int64, pageSize, blockSize int, seal uint16, raw []byte) *docPage {
		g, err := format.NewGeometry(pageSize, blockSize)
		if err != nil {
			t.Fatal(err)
		}
		g.SealPage(base.PageNo(number), raw, format.Seal(seal))
		p := newDocPage(t, number, pageSize, blockSize, raw)
		p.seal = seal
		return p
	}
	zeros := func(number int64, seal uint16) *docPage { return sealed(number, 256, 64<<10, seal, make([]byte, 256)) }

	add(zeros(34, 1), "zeros")
	add(zeros(34, 0x1FFF), "zeros")
	add(zeros(35, 1), "zeros")
	for seal := uint16(1); ; seal++ {
		if p := zeros(34, seal); p.flags() == 0 { // a page sum may be 0
			add(p, "zeros")
			break
		}
	}
	raw := make([]byte, 256)
	raw[255] = 2
	add(sealed(256, 256, 64<<10, 0x0ABC, raw), "zeros, next block 2")
	raw = make([]byte, 256)
	raw[3] = 1
	add(sealed(257, 256, 64<<10, 0x0ABC, raw), "zeros, previous block 1")
	raw = make([]byte, 65536)
	for i := range raw {
		raw[i] = byte(i % 251)
	}
	raw[65532], raw[65533] = 0, 5
	add(sealed(5, 65536, 1<<20, 0x0ABC, raw), "byte i is i mod 251; flags 5")
	for i, p := range examples {
		add(p, []string{"the leaf page of the second example", "the b-tree page above"}[i])
	}
	return d.String()
}
