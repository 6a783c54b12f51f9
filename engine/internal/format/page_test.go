// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// rawPage makes a content area of n bytes from cells, the offsets of the cells, and the
// footer.
func rawPage(n int, cells string, offsets []uint16, ptr uint64, flags uint16) format.Page {
	p := make(format.Page, n)
	data, err := hex.DecodeString(strings.ReplaceAll(cells, " ", ""))
	if err != nil {
		panic(err)
	}
	copy(p, data)
	for i, off := range offsets {
		binary.BigEndian.PutUint16(p[n-14-2*i:], off)
	}
	binary.BigEndian.PutUint64(p[n-12:], ptr)
	binary.BigEndian.PutUint16(p[n-4:], flags)
	binary.BigEndian.PutUint16(p[n-2:], uint16(len(offsets)))
	return p
}

// TestLeafPageWrittenByC reads the page that C lsm1 makes of a→1, b→2.
func TestLeafPageWrittenByC(t *testing.T) {
	p := rawPage(1020, "480001016131 480001016232", []uint16{0, 6}, 0, 0)
	if err := format.ValidatePage(p); err != nil {
		t.Fatal(err)
	}
	if p.NumCells() != 2 || p.IsBTree() || p.Ptr() != 0 || p.Flags() != 0 || p.EOF() != 1020-12-4 {
		t.Errorf("footer: %d cells, pointer %d, flags %#x, EOF %d", p.NumCells(), p.Ptr(), p.Flags(), p.EOF())
	}
	// The leaked bit 0x40 is gone.
	want := []format.LeafCell{
		{Kind: base.Insert, KeyLen: 1, ValLen: 1, Body: 4},
		{Kind: base.Insert, KeyLen: 1, ValLen: 1, Body: 10},
	}
	for i, w := range want {
		if c := p.LeafCell(i); c != w {
			t.Errorf("cell %d: %+v, want %+v", i, c, w)
		}
	}
}

func TestLeafCells(t *testing.T) {
	for _, test := range []struct {
		name, cell string
		want       format.LeafCell
		ok         bool
		odd        bool // the bytes are not the shortest for what they say
	}{
		{"empty key and value", "08 00 00 00", format.LeafCell{Kind: base.Insert, Body: 4}, true, false},
		{"longest plain value", "08 00 01 f8 ff 61", format.LeafCell{Kind: base.Insert, KeyLen: 1, ValLen: 2287, Body: 5}, true, false},
		{"kind of a file of C", "48 00 01 01 61 61", format.LeafCell{Kind: base.Insert, KeyLen: 1, ValLen: 1, Body: 4}, true, true},
		{"point delete has no value", "04 00 03 616263", format.LeafCell{Kind: base.PointDelete, KeyLen: 3, Body: 3}, true, false},
		{"range ends and separator", "13 05 01 61", format.LeafCell{Kind: 0x13, RelPtr: 5, KeyLen: 1, Body: 3}, true, false},
		{"system key", "28 00 04 08 00000000", format.LeafCell{Kind: 0x28, KeyLen: 4, ValLen: 8, Body: 4}, true, false},
		{"pointer backwards", "08 ff fffffffffffffffd 01 01", format.LeafCell{Kind: base.Insert, RelPtr: -3, KeyLen: 1, ValLen: 1, Body: 12}, true, false},
		{"long lengths", "08 00 f1 00 f9 0000", format.LeafCell{Kind: base.Insert, KeyLen: 240, ValLen: 2288, Body: 7}, true, true},
		{"longest key", "04 00 fb 7fffffff", format.LeafCell{Kind: base.PointDelete, KeyLen: 1<<31 - 1, Body: 7}, true, false},
		{"key too long", "04 00 fb 80000000", format.LeafCell{}, false, false},
		{"value too long", "08 00 00 fb 80000000", format.LeafCell{}, false, false},
		{"value absurdly long", "08 00 00 ff ffffffffffffffff", format.LeafCell{}, false, false},
	} {
		p := rawPage(100, test.cell, []uint16{0}, 0, 0)
		err := format.ValidatePage(p)
		if base.Wide == 0 && test.want.KeyLen > format.MaxKeyLen {
			test.ok = false
			if !errors.Is(err, errs.ErrTooBig) {
				t.Errorf("%s, with 32 bits: %v", test.name, err)
			}
		}
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if test.ok && p.LeafCell(0) != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, p.LeafCell(0), test.want)
		}
		body, key, value := p.PlainCell(0)
		plain := test.ok && test.want.Kind == base.Insert && test.want.RelPtr == 0 && test.want.KeyLen <= 240 && test.want.ValLen <= 2287 && !test.odd
		if want := test.want; plain && (body != want.Body || key != want.KeyLen || value != want.ValLen) || !plain && body != 0 {
			t.Errorf("%s as a plain record: %d, %d, %d", test.name, body, key, value)
		}
	}
}

func TestBTreeCells(t *testing.T) {
	p := rawPage(100, "000000 10 09 03 616263 30 f1 00 04 fffffffe 00 0a f1 07", []uint16{3, 9, 17}, 0x0102030405060708, format.FlagBTree)
	if err := format.ValidatePage(p); err != nil {
		t.Fatal(err)
	}
	if !p.IsBTree() || p.Ptr() != 0x0102030405060708 {
		t.Errorf("b-tree %v, pointer %#x", p.IsBTree(), p.Ptr())
	}
	for i, w := range []format.BTreeCell{
		{Child: 9, Kind: base.Separator, Key: []byte("abc")},
		{Child: 240, Kind: base.Separator | base.System, Key: []byte{0xFF, 0xFF, 0xFF, 0xFE}},
		{Child: 10, Ref: 247},
	} {
		if c := p.BTreeCell(i); c.Child != w.Child || c.Kind != w.Kind || !bytes.Equal(c.Key, w.Key) || c.Ref != w.Ref {
			t.Errorf("cell %d: %+v, want %+v", i, c, w)
		}
	}
	for name, cell := range map[string]string{
		"reference to page 0": "00 09 00",
		"key beyond the page": "10 09 f0",
	} {
		if err := format.ValidatePage(rawPage(100, cell, []uint16{0}, 0, format.FlagBTree)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestValidatePageHeaderInTheIndex: the header of the second record would end within the cell index, whose bytes look
// like the rest of it.
func TestValidatePageHeaderInTheIndex(t *testing.T) {
	for _, header := range []string{"08", "0800", "080001"} {
		n := 24 - len(header)/2
		cells := fmt.Sprintf("080001%02x", n-5) + strings.Repeat("61", n-4) + header
		p := rawPage(40, cells, []uint16{0, uint16(n)}, 0, 0)
		if p.EOF() != 24 {
			t.Fatalf("the cells end at %d", p.EOF())
		}
		if err := format.ValidatePage(p); err == nil {
			t.Errorf("a header of %d bytes and the index after it are accepted", len(header)/2)
		}
	}
}

func TestValidatePageRefuses(t *testing.T) {
	for name, p := range map[string]format.Page{
		"no footer":              make(format.Page, 11),
		"nothing":                nil,
		"more cells than fit":    rawPage(100, "", make([]uint16, 0), 0, 0)[:0:0],
		"cell in the cell index": rawPage(40, "", []uint16{26}, 0, 0),
		"cell in the footer":     rawPage(40, "", []uint16{30}, 0, 0),
		"cell far away":          rawPage(40, "", []uint16{65535}, 0, 0),
		"header reaches the end": rawPage(40, strings.Repeat("08", 26), []uint16{24}, 0, 0),
		"varint reaches the end": rawPage(40, strings.Repeat("ff", 26), []uint16{20}, 0, 0),
	} {
		if err := format.ValidatePage(p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := rawPage(40, "", nil, 0, 0)
	for _, n := range []uint16{15, 100, 32768, 65535} {
		binary.BigEndian.PutUint16(p[38:], n)
		if err := format.ValidatePage(p); err == nil {
			t.Errorf("%d cells in 40 bytes are accepted", n)
		}
	}
	// A page that is empty, or that the tail of a record fills, has no cells.
	if err := format.ValidatePage(make(format.Page, 256)); err != nil {
		t.Error(err)
	}
}

// TestLeafBuilder fills pages with random records and reads them back.
func TestLeafBuilder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 300 {
		size := []int{252, 256, 1020, 4096, 65532}[round%5]
		content := make([]byte, size)
		var b format.LeafBuilder
		b.Reset(content)
		type record struct {
			kind       base.Kind
			key, value []byte
		}
		var records []record
		for {
			r := record{base.Insert, make([]byte, rng.IntN(size/6)), make([]byte, rng.IntN(size/4))}
			if rng.IntN(5) == 0 {
				r.kind, r.value = base.PointDelete|base.RangeBits, nil
			}
			for i := range r.key {
				r.key[i] = byte(rng.Uint32())
			}
			for i := range r.value {
				r.value[i] = byte(rng.Uint32())
			}
			if !b.Fits(format.LeafHeaderLen(r.kind, len(r.key), len(r.value))) {
				break
			}
			b.StartCell(r.kind, len(r.key), len(r.value))
			records = append(records, r)
			if n := b.Body(r.key); n < len(r.key) {
				break
			}
			if n := b.Body(r.value); n < len(r.value) {
				break
			}
		}
		p := format.Page(content)
		if err := format.ValidatePage(p); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if p.NumCells() != len(records) || b.NumCells() != len(records) || p.Ptr() != 0 || p.Flags() != 0 {
			t.Fatalf("round %d: %d cells, want %d; pointer %d, flags %d", round, p.NumCells(), len(records), p.Ptr(), p.Flags())
		}
		for i, r := range records {
			c := p.LeafCell(i)
			if c.Kind != r.kind || c.RelPtr != 0 || c.KeyLen != len(r.key) || c.ValLen != len(r.value) {
				t.Fatalf("round %d, cell %d: %+v", round, i, c)
			}
			if c.Body-p.CellOffset(i) != format.LeafHeaderLen(r.kind, len(r.key), len(r.value)) {
				t.Fatalf("round %d, cell %d: header of %d bytes", round, i, c.Body-p.CellOffset(i))
			}
			body := append(bytes.Clone(r.key), r.value...)
			end := min(c.Body+len(body), p.EOF())
			if !bytes.Equal(p[c.Body:end], body[:end-c.Body]) || end < c.Body+len(body) && i+1 < len(records) {
				t.Fatalf("round %d, cell %d: wrong body", round, i)
			}
		}
	}
}

// TestBTreeBuilder fills b-tree pages; what a builder takes has to fit wherever the page
// will lie.
func TestBTreeBuilder(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, size := range []int{256, 1024, 4096, 65536} {
		g := geometry(t, size, 1<<20)
		var b format.BTreeBuilder
		b.Reset(size)
		var cells []format.BTreeCell
		for i := 0; ; i++ {
			c := format.BTreeCell{Child: base.PageNo(rng.Int64N(1 << 40)), Kind: base.Separator}
			switch rng.IntN(4) {
			case 0:
				c.Kind, c.Ref = 0, 1+base.PageNo(rng.IntN(1<<30))
			case 1:
				c.Kind |= base.System
				fallthrough
			default:
				c.Key = fmt.Appendf(nil, "%06d%s", i, strings.Repeat("k", rng.IntN(size/8)))
			}
			if !b.Add(c) {
				break
			}
			cells = append(cells, c)
		}
		if b.NumCells() != len(cells) || len(cells) < 3 {
			t.Fatalf("page size %d: %d cells, want %d", size, b.NumCells(), len(cells))
		}
		for _, p := range []base.PageNo{g.FirstPage(2), g.FirstPage(2) + 1, g.LastPage(2)} {
			raw := make([]byte, size)
			content := g.Content(p, raw)
			b.Write(content, 12345)
			if err := format.ValidatePage(content); err != nil {
				t.Fatal(err)
			}
			if !content.IsBTree() || content.Ptr() != 12345 || content.NumCells() != len(cells) {
				t.Fatalf("page size %d: pointer %d, %d cells", size, content.Ptr(), content.NumCells())
			}
			for i, w := range cells {
				if c := content.BTreeCell(i); c.Child != w.Child || c.Kind != w.Kind || !bytes.Equal(c.Key, w.Key) || c.Ref != w.Ref {
					t.Fatalf("page size %d, cell %d: %+v, want %+v", size, i, c, w)
				}
			}
		}
		b.Reset(size)
		if b.NumCells() != 0 {
			t.Error("Reset leaves cells")
		}
	}
}

func TestIndirectKey(t *testing.T) {
	if format.IndirectKey(256, 1024) || !format.IndirectKey(257, 1024) {
		t.Error("a key of more than a quarter of a page is referred to, no other")
	}
}

// FuzzPage: whatever ValidatePage accepts, the accessors can take.
func FuzzPage(f *testing.F) {
	f.Add([]byte(rawPage(244, "480001016131 480001016232", []uint16{0, 6}, 0, 0)), uint32(40))
	f.Add([]byte(rawPage(256, "000000 10 09 03 616263 30 f1 00 04 fffffffe 00 0a f1 07", []uint16{3, 9, 17}, 7, 1)), uint32(256))
	f.Add(make([]byte, 256), uint32(33))
	g := geometry(f, 256, 64<<10)
	f.Fuzz(func(t *testing.T, b []byte, number uint32) {
		if format.ValidatePage(format.Page(b)) == nil {
			readAll(t, format.Page(b))
		}
		if len(b) < 256 {
			return
		}
		p := g.FirstPage(1) + base.PageNo(number)
		page := g.Content(p, b[:256])
		if format.ValidatePage(page) == nil {
			readAll(t, page)
		}
		_ = g.SumGood(p, p, b[:256], 0) || g.SumGood(p, p, b[:256], 7)
		raw := bytes.Clone(b[:256])
		g.SealPage(p, raw, 7)
		if !g.SumGood(p, p, raw, 7) {
			t.Fatal("a page just sealed is not good")
		}
	})
}

func readAll(t *testing.T, p format.Page) {
	t.Helper()
	_, _ = p.Ptr(), p.Flags()
	eof := p.EOF()
	for i := range p.NumCells() {
		if p.IsBTree() {
			if c := p.BTreeCell(i); c.Ref == 0 && c.Kind == 0 || c.Ref < 0 {
				t.Fatalf("cell %d: %+v", i, c)
			}
			continue
		}
		c := p.LeafCell(i)
		if c.Body > eof || c.KeyLen < 0 || c.ValLen < 0 || c.Kind&base.Insert == 0 && c.ValLen != 0 {
			t.Fatalf("cell %d: %+v, EOF %d", i, c, eof)
		}
	}
}

// TestImpossibleRecords: on a leaf page records stand one right behind the other, and each is
// of a kind that there is. Zeros in the place of a record break one or the other.
func TestImpossibleRecords(t *testing.T) {
	four := func() format.Page {
		page := make(format.Page, 1024)
		var b format.LeafBuilder
		b.Reset(page)
		for _, v := range []string{"one", "two", "three", "four"} {
			b.StartCell(base.Insert, 3, len(v))
			b.Body([]byte("key"))
			b.Body([]byte(v))
		}
		return page
	}
	if err := format.ValidatePage(four()); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(p format.Page){
		"zeros in the place of a record":    func(p format.Page) { clear(p[p.CellOffset(1):p.CellOffset(2)]) },
		"zeros from the middle on":          func(p format.Page) { clear(p[p.CellOffset(2)+1 : p.EOF()]) },
		"zeros at the front":                func(p format.Page) { clear(p[:p.CellOffset(3)]) },
		"a gap":                             func(p format.Page) { p[p.CellOffset(0)+3]-- },
		"records over each other":           func(p format.Page) { p[p.CellOffset(0)+2]++ },
		"cells in another order":            func(p format.Page) { a := len(p) - 14; p[a+1], p[a-1] = p[a-1], p[a+1] },
		"a record of kind 0":                func(p format.Page) { p[p.CellOffset(3)] = 0 },
		"a record that inserts and deletes": func(p format.Page) { p[p.CellOffset(3)] |= byte(base.PointDelete) },
		"a record of an unknown kind":       func(p format.Page) { p[p.CellOffset(3)] |= 0x80 },
	} {
		page := four()
		change(page)
		if err := format.ValidatePage(page); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	page := four()
	page[page.CellOffset(3)] |= 0x40 // C lsm1 leaves that bit behind
	if err := format.ValidatePage(page); err != nil {
		t.Error(err)
	}
}
