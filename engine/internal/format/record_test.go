// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestRecordHeads(t *testing.T) {
	for _, test := range []struct {
		name string
		b    []byte
		want format.RecordHead
		ok   bool
	}{
		{"a page of 33 bytes", []byte{0x80, 0x80, 0xa1}, format.RecordHead{Body: 33, Len: 39}, true},
		{"a padding of 463 bytes", []byte{0x80, 0x03, 0xcf}, format.RecordHead{Pad: true, Body: 463, Len: 469}, true},
		{"the longest page", []byte{0xff, 0xff, 0xff}, format.RecordHead{Body: format.MaxRecord, Len: format.MaxRecord + 6}, true},
		{"an empty padding with fields", []byte{0x80, 0, 0x80}, format.RecordHead{Pad: true, Len: 6}, true},
		{"one byte of padding", []byte{1}, format.RecordHead{Pad: true, Len: 1}, true},
		{"five bytes of padding", []byte{5, 0, 0}, format.RecordHead{Pad: true, Len: 5}, true},
		{"zeros", []byte{0, 0, 0}, format.RecordHead{}, false},
		{"a short padding that is none", []byte{6, 0, 0}, format.RecordHead{}, false},
		{"a last byte without mark", []byte{0x80, 0x80, 0x21}, format.RecordHead{}, false},
		{"half a field", []byte{0x80, 0x80}, format.RecordHead{}, false},
		{"nothing", nil, format.RecordHead{}, false},
	} {
		h, ok := format.DecodeRecordHead(test.b)
		if ok != test.ok || ok && h != test.want {
			t.Errorf("%s: %+v, %v", test.name, h, ok)
		}
	}
	if h, ok := format.DecodeRecordTail([]byte{9, 9, 0x80, 0x80, 0xa1}); !ok || h.Len != 39 || h.Pad {
		t.Errorf("a tail: %+v, %v", h, ok)
	}
	if h, ok := format.DecodeRecordTail([]byte{0x80, 0x80, 3}); !ok || h.Len != 3 || !h.Pad {
		t.Errorf("the tail of a short padding: %+v, %v", h, ok)
	}
	if _, ok := format.DecodeRecordTail([]byte{0x80, 0xa1}); ok {
		t.Error("two bytes are taken for a size field")
	}
}

func TestRecordSizesComeBack(t *testing.T) {
	for n := 0; n <= format.MaxRecord; n += 1 + n/7 {
		for _, pad := range []bool{false, true} {
			var b [3]byte
			format.PutRecordSize(b[:], n, pad)
			for _, decode := range []func([]byte) (format.RecordHead, bool){format.DecodeRecordHead, format.DecodeRecordTail} {
				if h, ok := decode(b[:]); !ok || h.Pad != pad || h.Body != n || h.Len != n+6 {
					t.Fatalf("%d, %v: %+v, %v", n, pad, h, ok)
				}
			}
		}
	}
	for n := 1; n < 5000; n += 1 + n/5 {
		b := format.AppendPad([]byte("x"), n)
		if len(b) != n+1 || b[0] != 'x' || !format.SoundPad(b[1:]) {
			t.Errorf("a padding of %d bytes: % x", n, b[:min(len(b), 10)])
		}
		b[len(b)-1] ^= 2
		if format.SoundPad(b[1:]) {
			t.Errorf("a padding of %d bytes may end as it likes", n)
		}
	}
}

func FuzzRecordHead(f *testing.F) {
	f.Add([]byte{0x80, 0x80, 0xa1})
	f.Add(format.AppendPad(nil, 4))
	f.Add(format.AppendPad(nil, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range []func([]byte) (format.RecordHead, bool){format.DecodeRecordHead, format.DecodeRecordTail} {
			if h, ok := decode(b); ok && (h.Len < 1 || h.Len > format.MaxRecord+6 || h.Body < 0 || h.Body > h.Len) {
				t.Fatalf("% x: %+v", b, h)
			}
		}
		if format.SoundPad(b) && len(b) > 0 {
			h, _ := format.DecodeRecordHead(b)
			if h.Len != len(b) || !h.Pad {
				t.Fatalf("% x is no padding", b)
			}
		}
	})
}

func TestCompressedGeometry(t *testing.T) {
	g, err := format.NewCompressedGeometry(1024, 64<<10, 1100)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		b           base.BlockNo
		first, last base.PageNo
		prev, next  int64
	}{
		{1, 8196, 65531, 8192, 65532},
		{2, 65540, 131067, 65536, 131068},
		{7, 6*65536 + 4, 7*65536 - 5, 6 * 65536, 7*65536 - 4},
	} {
		if g.FirstPage(test.b) != test.first || g.LastPage(test.b) != test.last {
			t.Errorf("block %d: %d to %d", test.b, g.FirstPage(test.b), g.LastPage(test.b))
		}
		if g.LinkOffset(test.b, false) != test.prev || g.LinkOffset(test.b, true) != test.next {
			t.Errorf("links of block %d at %d and %d", test.b, g.LinkOffset(test.b, false), g.LinkOffset(test.b, true))
		}
		for _, p := range []base.PageNo{test.first, test.last, test.first + 1} {
			if g.Block(p) != test.b || g.Offset(p) != int64(p) || g.IsFirst(p) != (p == test.first) || g.IsLast(p) != (p == test.last) {
				t.Errorf("page %d: block %d, first %v, last %v", p, g.Block(p), g.IsFirst(p), g.IsLast(p))
			}
			if n := len(g.Content(p, make([]byte, 1024))); n != 1024 {
				t.Errorf("page %d has %d bytes of content", p, n)
			}
		}
	}
	if g.PagesPerBlock() != 64<<10 || g.MaxPage(3) != 3*65536-5 {
		t.Errorf("%d pages a block, the last is %d", g.PagesPerBlock(), g.MaxPage(3))
	}
	// Padding fills a sector, or what is left of the block.
	for last, want := range map[int64]int{8196: 507, 8703: 0, 8704: 511, 65024: 507, 65530: 1, 65531: 0, 65536 + 511: 0, 65536 + 510: 1} {
		if got := g.PadTo(last, 512); got != want {
			t.Errorf("behind %d: %d bytes of padding, want %d", last, got, want)
		}
	}
	if n := g.PadTo(8196, 4096); n != 4091 {
		t.Errorf("sectors of 4096 bytes: %d", n)
	}
	// What may become longer than a block is refused, and nothing else.
	for _, test := range []struct {
		page, block, bound int
		ok                 bool
	}{
		{65536, 64 << 10, 65536, false}, {32768, 64 << 10, 32768 + 200, true}, {32768, 64 << 10, 65521, true}, {32768, 64 << 10, 65522, false},
		{65536, 128 << 10, 70000, true}, {65536, 64 << 20, format.MaxRecord + 1, false}, {100, 64 << 10, 100, false},
	} {
		if _, err := format.NewCompressedGeometry(test.page, test.block, test.bound); (err == nil) != test.ok {
			t.Errorf("page %d, block %d, bound %d: %v", test.page, test.block, test.bound, err)
		}
	}
	if _, err := format.NewCompressedGeometry(65536, 64<<10, 66000); err == nil || !strings.Contains(err.Error(), "66000 bytes when compressed or encrypted") {
		t.Error(err)
	}
}

// TestCompressedCheckpointPages: page numbers are offsets of data bytes.
func TestCompressedCheckpointPages(t *testing.T) {
	for p, ok := range map[base.PageNo]bool{8196: true, 8195: false, 65531: true, 65532: false, 65536: false, 65539: false, 65540: true, 131067: true, 131068: false, 131076: false} {
		c := format.Checkpoint{ID: 11, Compression: 10003, Blocks: 2, BlockSize: 64 << 10, PageSize: 1024,
			Levels: []format.Level{{LHS: format.Segment{First: p, Last: p, Size: 1}}}}
		blob, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		meta := append(blob, bytes.Repeat([]byte{0}, format.MetaSize-len(blob))...)
		if _, err := format.DecodeCheckpoint(meta); (err == nil) != ok {
			t.Errorf("a segment on page %d: %v", p, err)
		}
	}
}
