package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// PageDump returns a text that shows what page number page holds, for a person to read:
// where it lies, its footer and page sum, its cells with keys and values shortened,
// and all of its bytes. The page is read from the file, not from the cache; it need not
// be sound, nor belong to anything. The text's form may change.
//
// In a compressed file a page's number is the offset of its record, and the text shows the
// page decompressed. It fails if the file has no such page. The meta pages are not pages in
// this sense. Page tells the same as values.
func (db *DB) PageDump(page int64) (string, error) { return db.dump(page, shortText) }

// PageHexDump is PageDump with keys and values in hexadecimal, whole as far as they lie on
// the page.
func (db *DB) PageHexDump(page int64) (string, error) { return db.dump(page, wholeHex) }

func (db *DB) dump(page int64, show func(data []byte, n int) string) (string, error) {
	d, done, err := db.dumperOf(page)
	if err != nil {
		return "", err
	}
	defer done()
	d.show = show
	d.header()
	if err := format.ValidatePage(d.page); err != nil {
		d.linef("not a sound page: %v", err)
	} else {
		d.cells()
	}
	d.hex()
	return d.out.String(), nil
}

// dumperOf reads a page. The caller calls done when he has finished with it.
func (db *DB) dumperOf(page int64) (d *dumper, done func(), err error) {
	if err := db.enter("dump"); err != nil {
		return nil, nil, err
	}
	p := base.PageNo(page)
	geo := db.bf.Geometry()
	st := db.reg.Acquire()
	done = func() {
		db.reg.Release(st)
		db.leave()
	}
	d = &dumper{geo: geo, p: p, disk: st.Disk}
	if geo.Compressed {
		err = db.readRecord(d)
	} else {
		d.raw, err = db.bf.RawPage(p)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	d.page = geo.Content(p, d.raw)
	return d, done, nil
}

// readRecord reads the page of a compressed file. Only the oldest segment may hold moved
// blocks; a page that reaches into one is read with the redirects, if it cannot be without.
func (db *DB) readRecord(d *dumper) error {
	space := &blockfile.Space{File: db.bf}
	h, err := space.Record(d.p)
	if err != nil {
		return err
	}
	d.stored = h.Len
	d.packed = fmt.Sprintf("%d bytes of %s", h.Body, db.codec.Name())
	if d.raw, err = space.RawPage(d.p); err != nil && len(d.disk.Redirects) > 0 {
		space.Redirects = d.disk.Redirects
		d.raw, err = space.RawPage(d.p)
	}
	return err
}

// dumper writes the text of one page.
type dumper struct {
	geo  format.Geometry
	p    base.PageNo
	raw  []byte
	page format.Page
	disk *snapshot.Snapshot
	// stored is how many bytes a compressed page takes, packed says so with the codec.
	stored int
	packed string
	show   func(data []byte, n int) string // renders the beginning of n bytes
	out    strings.Builder
}

func (d *dumper) linef(format string, args ...any) {
	fmt.Fprintf(&d.out, format, args...)
	d.out.WriteByte('\n')
}

// header tells what the page is, without relying on its being sound.
func (d *dumper) header() {
	b := d.geo.Block(d.p)
	if d.geo.Compressed {
		d.linef("page %d: offset %d, block %d, %s", d.p, d.geo.Offset(d.p), b, d.packed)
	} else {
		d.linef("page %d: offset %d, block %d, page %d of %d in the block", d.p, d.geo.Offset(d.p), b, d.geo.IndexInBlock(d.p)+1, d.geo.PagesPerBlock())
	}
	if d.geo.Compressed {
		// Links stand beside the pages.
	} else if d.geo.IsLast(d.p) {
		d.linef("links to next block %d", d.geo.Link(d.p, d.raw))
	} else if d.geo.IsFirst(d.p) {
		d.linef("links to previous block %d", d.geo.Link(d.p, d.raw))
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
	d.linef("page sum: %s", d.check())
}

// check tells what the page sum says, which takes the seal of the page's segment.
func (d *dumper) check() string {
	space := d.space()
	stored := d.geo.StoredSum(d.p, d.raw)
	switch {
	case space == nil && stored == 0, space != nil && !space.Sealed && stored == 0:
		return "none"
	case space == nil:
		return "of no segment"
	case space.Unfit(d.p, d.raw) != "":
		return "BAD"
	}
	if old := space.Original(d.p); old != d.p {
		return fmt.Sprintf("good, as page %d, which it was before its block was moved", old)
	}
	return "good"
}

// space returns the space of the segment that the page belongs to, nil if it is none's.
func (d *dumper) space() *blockfile.Space {
	for _, l := range d.disk.Levels {
		for _, seg := range l.Segments() {
			blocks, err := seg.Blocks()
			if err != nil || !slices.Contains(blocks, d.geo.Block(d.p)) {
				continue
			}
			first, last := d.geo.Block(seg.First), d.geo.Block(seg.Last)
			if (d.geo.Block(d.p) != first || d.p >= seg.First) && (d.geo.Block(d.p) != last || d.p <= seg.Last) {
				return seg.Space
			}
		}
	}
	return nil
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
	line := fmt.Sprintf("  %3d @%-5d %s key %s", i, d.page.CellOffset(i), kindText(c.Kind), d.key(c.Kind, d.body(c.Body, c.KeyLen), c.KeyLen))
	if c.Kind&base.Insert != 0 {
		line += " value " + d.show(d.body(c.Body+c.KeyLen, c.ValLen), c.ValLen)
	}
	if ptr := d.page.Ptr() + base.PageNo(c.RelPtr); ptr != 0 {
		line += fmt.Sprintf(", FC pointer %d", ptr)
	}
	d.linef("%s", line)
}

// body returns the part of a record's body that lies on the page.
func (d *dumper) body(off, n int) []byte {
	eof := d.page.EOF()
	off = min(off, eof)
	return d.page[off:min(off+n, eof)]
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

func kindText(k base.Kind) string {
	var s []string
	for _, b := range []struct {
		bit  base.Kind
		name string
	}{
		{base.Insert, "insert"}, {base.PointDelete, "delete"}, {base.StartDelete, "range-start"},
		{base.EndDelete, "range-end"}, {base.Separator, "separator"}, {base.System, "system"},
	} {
		if k&b.bit != 0 {
			s = append(s, b.name)
		}
	}
	if len(s) == 0 {
		return "kind 0"
	}
	return strings.Join(s, "+")
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
