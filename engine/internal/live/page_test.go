// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// golden is a page as every version of the program has to read it.
const golden = "" +
	"6c736d6c69766501" + "000102030405060708090a0b0c0d0e0f" + "0012345600000000" + "000000000000002a" +
	"0000000000002000" + "1122334455667788" + "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" + "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0" +
	"0000000000000007" + "0000000000012345" +
	"000000000000000d" +
	"0000000000000400" + "0102030405060708" + "00000000000000000000000000000000" + "00000000000000000000000000000000" +
	"0000000000000000" + "ffffffffffffff00" +
	"0000000000000000000000000000000000000000000000000000000000000000" +
	"0000000000000000000000000000000000000000000000000000000000000000" +
	"0000000000000099" + "b7e51ca572749dac"

func goldenPage() live.Page {
	p := live.Page{Salt: 0x123456, Seq: 42, Written: 0x99}
	for i := range p.Run {
		p.Run[i] = byte(i)
	}
	end := wal.Place{Stream: 0x12345}
	end.Off, end.Sum, end.Commits = 0x2000, format.Checksum{S0: 0x11223344, S1: 0x55667788}, 7
	for i := range end.Salt {
		end.Salt[i], end.Chain[i] = 0xa0, 0xc0
	}
	p.End = end
	p.Checkpoint.ID = 13
	p.Checkpoint.At.Off, p.Checkpoint.At.Stream = 0x400, -0x100
	p.Checkpoint.At.Sum = format.Checksum{S0: 0x01020304, S1: 0x05060708}
	return p
}

// twice is a file with the same in both slots.
func twice(slot []byte) []byte { return slices.Concat(slot, slot) }

func TestGoldenPage(t *testing.T) {
	page := goldenPage()
	var b [live.SlotBytes]byte
	page.Encode(&b)
	if got := hex.EncodeToString(b[:]); got != golden {
		t.Errorf("page is\n%s, want\n%s", got, golden)
	}
	want, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := live.Decode(twice(want)); got != page || err != nil {
		t.Errorf("Decode gives %+v, %v", got, err)
	}
}

// TestTornPages puts the beginning of one page before the end of another, at each byte where they differ.
func TestTornPages(t *testing.T) {
	one := goldenPage()
	other := one
	other.Seq++
	other.Written++
	other.End.Off += 300
	other.End.Stream += 300
	other.End.Sum = format.Checksum{S0: 9, S1: 8}
	other.Checkpoint.ID++
	other.Checkpoint.At.Stream += 200
	var a, b [live.SlotBytes]byte
	one.Encode(&a)
	other.Encode(&b)
	for cut := range len(a) {
		torn := append(append([]byte(nil), a[:cut]...), b[cut:]...)
		page, err := live.Decode(twice(torn))
		if whole := page == one || page == other; whole != (err == nil) || !whole && !errors.Is(err, live.ErrTorn) {
			t.Errorf("cut at %d: %+v, %v", cut, page, err)
		}
	}
	for bit := range 8 * len(a) {
		torn := a
		torn[bit/8] ^= 1 << (bit % 8)
		if page, err := live.Decode(twice(torn[:])); err == nil {
			t.Errorf("with bit %d changed: %+v", bit, page)
		}
	}
}

// TestTwoSlots: the later one counts, unless it is not whole.
func TestTwoSlots(t *testing.T) {
	old, newer := goldenPage(), goldenPage()
	newer.Written, newer.Seq = old.Written+1, old.Seq+1
	var a, b [live.SlotBytes]byte
	old.Encode(&a)
	newer.Encode(&b)
	torn := b
	torn[100]++
	for name, c := range map[string]struct {
		file []byte
		want live.Page
	}{
		"old first":       {slices.Concat(a[:], b[:]), newer},
		"new first":       {slices.Concat(b[:], a[:]), newer},
		"new one is torn": {slices.Concat(a[:], torn[:]), old},
		"old one is torn": {slices.Concat(torn[:], b[:]), newer},
	} {
		if got, err := live.Decode(c.file); got != c.want || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestWhatIsNoPage(t *testing.T) {
	page := goldenPage()
	var b [live.SlotBytes]byte
	encode := func(change func(*live.Page)) []byte {
		p := page
		change(&p)
		p.Encode(&b)
		return b[:]
	}
	newer := append([]byte(nil), encode(func(*live.Page) {})...)
	newer[7] = 2
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":                          {nil, live.ErrNotAPage},
		"zeros":                            {make([]byte, live.SlotBytes), live.ErrNotAPage},
		"too short":                        {newer[:live.SlotBytes-1], live.ErrNotAPage},
		"a newer version":                  {newer, live.ErrVersion},
		"a large id":                       {append([]byte(nil), encode(func(p *live.Page) { p.Checkpoint.ID = live.MaxID + 1 })...), live.ErrNotAPage},
		"a large salt":                     {append([]byte(nil), encode(func(p *live.Page) { p.Salt = 1 << 21 })...), live.ErrNotAPage},
		"a checkpoint after the log's end": {append([]byte(nil), encode(func(p *live.Page) { p.Checkpoint.At.Stream = 1 << 40 })...), live.ErrNotAPage},
	} {
		if p, err := live.Decode(twice(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", name, p, err, c.want)
		}
	}
}

// TestMayReplaceCut: what the end of a process leaves of the first two writes of a page, after any of their bytes, may
// be replaced.
func TestMayReplaceCut(t *testing.T) {
	page := goldenPage()
	var b [live.SlotBytes]byte
	page.Encode(&b)
	for _, first := range []int{0, live.SlotBytes} {
		var file []byte
		for _, at := range []int{first, live.SlotBytes - first} {
			for n := range len(b) + 1 {
				for _, size := range []int{at + n, live.PageBytes} { // a file that grows, and a mapping
					left := make([]byte, max(size, len(file)))
					copy(left, file)
					copy(left[at:], b[:n])
					if !live.MayReplace(left) {
						t.Errorf("slot at %d first, %d bytes written at %d, the file has %d: it is refused", first, n, at, len(left))
					}
				}
			}
			file = append(file, make([]byte, max(at+len(b)-len(file), 0))...)
			copy(file[at:], b[:])
		}
	}
}

func FuzzDecode(f *testing.F) {
	page := goldenPage()
	var b [live.SlotBytes]byte
	page.Encode(&b)
	f.Add(twice(b[:]))
	f.Add([]byte("lsmlive"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := live.Decode(data)
		if err != nil {
			return
		}
		var again [live.SlotBytes]byte
		p.Encode(&again)
		if q, err := live.Decode(twice(again[:])); q != p || err != nil {
			t.Errorf("%+v becomes %+v, %v", p, q, err)
		}
	})
}

// TestMayReplace: what a writer leaves that dies between two writes may be replaced, and no file of another program.
func TestMayReplace(t *testing.T) {
	slot, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	none, foreign := make([]byte, live.SlotBytes), slices.Repeat([]byte("notes of a user\n"), live.SlotBytes/16)
	cut := slices.Concat(slot[:100], none[100:])
	for name, c := range map[string]struct {
		one, other []byte
		may        bool
	}{
		"nothing":                         {nil, nil, true},
		"zeros":                           {none, none, true},
		"a page":                          {slot, slot, true},
		"the first slot alone":            {slot, nil, true},
		"the first slot, and none":        {slot, none, true},
		"the second slot, written first":  {none, slot, true},
		"a slot that is cut":              {cut, slot, true},
		"the second slot cut":             {slot, cut, true},
		"another program's file":          {foreign, foreign, false},
		"another program's short file":    {foreign[:30], nil, false},
		"another program's, after zeros":  {none, foreign, false},
		"another program's, after a slot": {slot, foreign, false},
		"longer than a page":              {slot, append(slices.Clone(slot), 0), false},
	} {
		if got := live.MayReplace(slices.Concat(c.one, c.other)); got != c.may {
			t.Errorf("%s: %v", name, got)
		}
	}
}
