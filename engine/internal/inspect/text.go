// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Text returns what the page holds for a person to read, keys and values shortened.
func (p *Page) Text() string { return (&dumper{Page: p, show: shortText}).text() }

// HexText is Text with keys and values in hexadecimal, and not shortened.
func (p *Page) HexText() string { return (&dumper{Page: p, show: wholeHex}).text() }

// dumper writes the text of one page.
type dumper struct {
	*Page
	show func(data []byte, n int) string // renders the beginning of n bytes
	out  strings.Builder
}

func (d *dumper) linef(format string, args ...any) {
	fmt.Fprintf(&d.out, format, args...)
	d.out.WriteByte('\n')
}

func (d *dumper) text() string {
	d.header()
	if err := d.damage(); err != nil {
		d.linef("not a sound page: %v", err)
	} else {
		d.cells()
	}
	d.hex()
	return d.out.String()
}

// header tells what the page is, without relying on its being sound.
func (d *dumper) header() {
	b := d.geo.Block(d.no)
	if d.stored > 0 {
		d.linef("page %d: offset %d, block %d, %s", d.no, d.geo.Offset(d.no), b, d.packed)
	} else {
		d.linef("page %d: offset %d, block %d, page %d of %d in the block",
			d.no, d.geo.Offset(d.no), b, d.geo.IndexInBlock(d.no)+1, d.geo.PagesPerBlock())
		d.link()
	}
	kind := "leaf page"
	if d.page.IsBTree() {
		kind = "b-tree page"
	}
	flags := ""
	if d.page.Flags()&format.FlagSkipNext != 0 {
		flags += ", SKIP_NEXT"
	}
	if d.page.Flags()&format.FlagSkipThis != 0 {
		flags += ", SKIP_THIS"
	}
	d.linef("%s%s: %d cells, pointer %d", kind, flags, d.page.NumCells(), d.page.Ptr())
	d.linef("page sum: %s", d.sum())
}

// link tells the block link that the page carries, if it does.
func (d *dumper) link() {
	if d.geo.IsLast(d.no) {
		d.linef("links to next block %d", d.geo.Link(d.no, d.raw))
	} else if d.geo.IsFirst(d.no) {
		d.linef("links to previous block %d", d.geo.Link(d.no, d.raw))
	}
}

// cells lists the cells of a page that is sound.
func (d *dumper) cells() {
	for i := range d.page.NumCells() {
		if d.page.IsBTree() {
			d.btreeCell(i)
		} else {
			d.leafCell(i)
		}
	}
}

func (d *dumper) btreeCell(i int) {
	c := d.page.BTreeCell(i)
	if c.Ref != 0 {
		d.linef("  %3d @%-5d child %d, key is the first of page %d", i, d.page.CellOffset(i), c.Child, c.Ref)
		return
	}
	d.linef("  %3d @%-5d child %d, key %s", i, d.page.CellOffset(i), c.Child, d.key(c.Kind, c.Key, len(c.Key)))
}

func (d *dumper) leafCell(i int) {
	c := d.page.LeafCell(i)
	key := d.key(c.Kind, d.body(c.Body, c.KeyLen), c.KeyLen)
	line := fmt.Sprintf("  %3d @%-5d %s key %s", i, d.page.CellOffset(i), kindText(c.Kind), key)
	if c.Kind&base.Insert != 0 {
		line += " value " + d.show(d.body(c.Body+c.KeyLen, c.ValLen), c.ValLen)
	}
	if ptr := d.page.Ptr() + base.PageNo(c.RelPtr); ptr != 0 {
		line += fmt.Sprintf(", FC pointer %d", ptr)
	}
	d.linef("%s", line)
}

// key renders a key of n bytes; a free-list entry's is a block number.
func (d *dumper) key(kind base.Kind, key []byte, n int) string {
	if kind&base.System != 0 && n == 4 && len(key) == 4 {
		return fmt.Sprintf("block %d", format.FreeKeyBlock(key))
	}
	return d.show(key, n)
}

// wholeHex renders the beginning of n bytes of data, of which some may be elsewhere.
func wholeHex(data []byte, n int) string {
	s := fmt.Sprintf("%x", data)
	if n > len(data) {
		s += fmt.Sprintf("… (%d bytes, %d on this page)", n, len(data))
	}
	return s
}

// shortText renders the beginning of n bytes of data, of which some may be elsewhere.
func shortText(data []byte, n int) string {
	const most = 32
	s := fmt.Sprintf("%q", data[:min(len(data), most)])
	if n > most || n > len(data) {
		s += fmt.Sprintf("… (%d bytes, %d on this page)", n, len(data))
	}
	return s
}

// hex shows all bytes, 16 to a line; a line like the one before it is a star.
func (d *dumper) hex() {
	const width = 16
	starred := false
	for off := 0; off < len(d.raw); off += width {
		line := d.raw[off : off+width]
		if off > 0 && off+width < len(d.raw) && bytes.Equal(line, d.raw[off-width:off]) {
			if !starred {
				d.linef("*")
			}
			starred = true
			continue
		}
		starred = false
		text := []byte(string(line))
		for i, c := range text {
			if c < 0x20 || c > 0x7E {
				text[i] = '.'
			}
		}
		d.linef("%04x: % x  %s", off, line, text)
	}
}
