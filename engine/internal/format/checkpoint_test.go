// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// closedByC is the meta page of a database that C lsm1 has closed: one level of one
// page, an append point behind it, no log.
const closedByC = `
	00000000 0000000b 00000023 00000001 00000001 00010000 00000001 00000400 00000001
	00000000 00000000 00000000 00000000
	00000000 0000000a 00000000 00000000 00000000 00000000 00000000 00000000
	00000000 00000000
	00000000 00000009 00000000 00000009 00000000 00000000 00000000 00000001
	00000000 00000000 df047a1a 07110b2f`

func metaOf(t testing.TB, words string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(words), ""))
	if err != nil {
		t.Fatal(err)
	}
	return append(b, make([]byte, format.MetaSize-len(b))...)
}

func TestCheckpointWrittenByC(t *testing.T) {
	meta := metaOf(t, closedByC)
	c, err := format.DecodeCheckpoint(meta)
	if err != nil {
		t.Fatal(err)
	}
	want := &format.Checkpoint{
		ID: 11, Compression: 1, Blocks: 1, BlockSize: 64 << 10, PageSize: 1024, Written: 1,
		Append: [4]base.PageNo{10},
		Levels: []format.Level{{LHS: format.Segment{First: 9, Last: 9, Size: 1}}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	blob, err := c.Encode()
	if err != nil || !bytes.Equal(blob, meta[:len(blob)]) || len(blob) != 35*4 {
		t.Errorf("encoded again: %x, %v", blob, err)
	}
	if format.PeekID(meta) != 11 || format.AllZero(meta) || !format.AllZero(meta[len(blob):]) {
		t.Error("id or emptiness of the meta page is wrong")
	}
	// A file may be cut behind the checkpoint.
	if _, err := format.DecodeCheckpoint(meta[:len(blob)]); err != nil {
		t.Error(err)
	}
	if _, err := format.DecodeCheckpoint(meta[:len(blob)-1]); err == nil {
		t.Error("a checkpoint without its last byte is accepted")
	}
}

// TestEmptyCheckpoint: a checkpoint before the first flush has no levels and no blocks.
func TestEmptyCheckpoint(t *testing.T) {
	c := &format.Checkpoint{ID: base.EmptySnapshotID, BlockSize: 1 << 20, PageSize: 4096, Log: format.LogPos{Sum: format.EmptyLogSum}}
	blob, err := c.Encode()
	if err != nil || len(blob) != 25*4 {
		t.Fatalf("%d bytes, %v", len(blob), err)
	}
	got, err := format.DecodeCheckpoint(blob)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// randomCheckpoint returns a checkpoint that uses every kind of entry.
func randomCheckpoint(rng *rand.Rand) *format.Checkpoint {
	c := &format.Checkpoint{
		ID: 10 + base.SnapshotID(rng.Int64N(1<<40)), Compression: uint32(rng.IntN(2)), Blocks: 1000, BlockSize: 64 << 10, PageSize: 1024,
		Written: rng.Uint32(),
		Log:     format.LogPos{Off: rng.Int64N(1 << 40), Toggle: rng.IntN(2) == 1, Sum: format.Checksum{S0: rng.Uint32(), S1: rng.Uint32()}},
	}
	page := func() base.PageNo { return 9 + base.PageNo(rng.IntN(64*1000-8)) }
	seg := func() format.Segment {
		return format.Segment{First: page(), Last: page(), Root: page() * base.PageNo(rng.IntN(2)), Size: rng.Int64N(1 << 33)}
	}
	for i := range c.Append {
		if rng.IntN(2) == 0 {
			c.Append[i] = page()
		}
	}
	for range rng.IntN(8) {
		l := format.Level{Age: uint16(rng.Uint32()), Flags: uint16(rng.IntN(2)), LHS: seg()}
		if n := rng.IntN(4); n > 0 {
			for range n {
				l.RHS = append(l.RHS, seg())
				l.Merge.Inputs = append(l.Merge.Inputs, format.MergeInput{Page: page(), Cell: rng.IntN(1000) - 1})
			}
			l.Merge.Skip, l.Merge.SplitPage, l.Merge.SplitCell, l.Merge.CurrentPtr = rng.IntN(4), page(), rng.IntN(50), page()
		}
		c.Levels = append(c.Levels, l)
	}
	if n := len(c.Levels); n > 1 && len(c.Levels[0].RHS) > 0 {
		c.Levels[0].Merge.BTree = true
		c.Levels[0].Merge.Inputs = append(c.Levels[0].Merge.Inputs, format.MergeInput{Page: page(), Cell: 3<<8 + 2})
	}
	for i := range rng.IntN(17) {
		c.Redirects = append(c.Redirects, format.Redirect{From: base.BlockNo(100 + i*3), To: base.BlockNo(2 + i)})
	}
	for i := range rng.IntN(25) {
		c.Free = append(c.Free, format.FreeEntry{Block: base.BlockNo(1 + i*7), ID: base.SnapshotID(rng.IntN(100) - 1)})
	}
	return c
}

func TestCheckpointRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	odd := 0
	for range 2000 {
		c := randomCheckpoint(rng)
		blob, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		odd += len(blob) / 4 % 2
		got, err := format.DecodeCheckpoint(append(blob, 0xAB, 0xCD)) // what follows is not looked at
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, c)
		}
		// Any flipped bit shows, in the words that the sum covers and in the sum.
		bit := rng.IntN(len(blob) * 8)
		blob[bit/8] ^= 1 << (bit % 8)
		if _, err := format.DecodeCheckpoint(blob); err == nil {
			t.Fatalf("bit %d of %d bytes flipped, and the checkpoint is accepted", bit, len(blob))
		}
	}
	if odd == 0 || odd == 2000 {
		t.Error("checkpoints of odd and even length have to be tried")
	}
}

// seal computes the checksum of a checkpoint from its definition.
func seal(b []byte) []byte {
	n := int(binary.BigEndian.Uint32(b[8:]))
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	c1, c2 := uint32(1), uint32(2)
	if n%2 == 1 {
		c1 += word(n-3) & 0xFFFF
		c2 += word(n-3) & 0xFFFF0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += word(i) + c2
		c2 += word(i+1) + c1
	}
	binary.BigEndian.PutUint32(b[4*n-8:], c1)
	binary.BigEndian.PutUint32(b[4*n-4:], c2)
	return b
}

// TestCheckpointRefuses: checkpoints whose checksum is right but which make no sense.
func TestCheckpointRefuses(t *testing.T) {
	base0 := metaOf(t, closedByC)
	if !bytes.Equal(seal(bytes.Clone(base0)), base0) {
		t.Fatal("the checksum's definition does not agree with C's checkpoint")
	}
	for _, test := range []struct {
		name string
		word int
		v    uint32
	}{
		{"id below 10", 1, 9},
		{"id negative", 0, 1 << 31},
		{"no blocks", 4, 0},
		{"block size no power of two", 5, 65537},
		{"block size too large", 5, 1 << 30},
		{"page size 0", 7, 0},
		{"page size 300", 7, 300},
		{"too few pages in a block", 7, 32 << 10},
		{"append point outside", 14, 65},
		{"append point on a meta page", 14, 3},
		{"append point beyond 32 bits", 13, 1},
		{"two levels of one", 6, 2},
		{"no level of one", 6, 0},
		{"levels without end", 6, 1 << 31},
		{"inputs without end", 22, 1 << 20},
		{"one input of none", 22, 1},
		{"first page 0", 24, 0},
		{"first page outside", 24, 65},
		{"first page negative", 23, 1 << 31},
		{"last page outside", 26, 65},
		{"root outside", 28, 65},
		{"redirects without end", 31, 1 << 31},
		{"one redirect of none", 31, 1},
		{"free entries without end", 32, 1<<32 - 1},
		{"one free entry of none", 32, 1},
	} {
		b := bytes.Clone(base0)
		binary.BigEndian.PutUint32(b[4*test.word:], test.v)
		if c, err := format.DecodeCheckpoint(seal(b)); err == nil || c != nil {
			t.Errorf("%s: %+v, %v", test.name, c, err)
		}
	}
	for _, n := range []uint32{0, 2, 24, 34, 36, 1017, 1 << 31, 1<<32 - 1} {
		b := bytes.Clone(base0)
		binary.BigEndian.PutUint32(b[8:], n)
		if int64(n)*4 <= int64(len(b)) && n > 4 {
			b = seal(b)
		}
		if c, err := format.DecodeCheckpoint(b); err == nil || c != nil {
			t.Errorf("%d words: %+v, %v", n, c, err)
		}
	}
	if _, err := format.DecodeCheckpoint(make([]byte, format.MetaSize)); err == nil {
		t.Error("an empty meta page is accepted")
	}
	if _, err := format.DecodeCheckpoint(nil); err == nil {
		t.Error("no meta page is accepted")
	}
}

// TestCheckpointRefusesLists: lists that are out of order or range.
func TestCheckpointRefusesLists(t *testing.T) {
	for name, change := range map[string]func(c *format.Checkpoint){
		"redirect upwards":       func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 5, To: 6}} },
		"redirect to itself":     func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 5, To: 5}} },
		"redirect to block 1":    func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 5, To: 1}} },
		"redirect from nowhere":  func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 101, To: 2}} },
		"redirects out of order": func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 6, To: 2}, {From: 5, To: 3}} },
		"redirect twice":         func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: 6, To: 2}, {From: 6, To: 3}} },
		"too many redirects": func(c *format.Checkpoint) {
			for i := range 17 {
				c.Redirects = append(c.Redirects, format.Redirect{From: base.BlockNo(50 + i), To: base.BlockNo(2 + i)})
			}
		},
		"free block 0":             func(c *format.Checkpoint) { c.Free = []format.FreeEntry{{Block: 0}} },
		"free block outside":       func(c *format.Checkpoint) { c.Free = []format.FreeEntry{{Block: 101}} },
		"free blocks out of order": func(c *format.Checkpoint) { c.Free = []format.FreeEntry{{Block: 3}, {Block: 2}} },
		"free block twice":         func(c *format.Checkpoint) { c.Free = []format.FreeEntry{{Block: 3}, {Block: 3}} },
		"free block of id -2":      func(c *format.Checkpoint) { c.Free = []format.FreeEntry{{Block: 3, ID: -2}} },
		"b-tree of no older level": func(c *format.Checkpoint) {
			c.Levels[0].RHS = []format.Segment{c.Levels[0].LHS}
			c.Levels[0].Merge = format.Merge{BTree: true, Inputs: make([]format.MergeInput, 2)}
		},
		"input outside": func(c *format.Checkpoint) {
			c.Levels[0].RHS = []format.Segment{c.Levels[0].LHS}
			c.Levels[0].Merge = format.Merge{Inputs: []format.MergeInput{{Page: 1 << 40}}}
		},
		"split key outside": func(c *format.Checkpoint) {
			c.Levels[0].RHS = []format.Segment{c.Levels[0].LHS}
			c.Levels[0].Merge = format.Merge{Inputs: make([]format.MergeInput, 1), SplitPage: 2}
		},
		"segment of an input outside": func(c *format.Checkpoint) {
			c.Levels[0].RHS = []format.Segment{{First: 1, Last: 9}}
			c.Levels[0].Merge = format.Merge{Inputs: make([]format.MergeInput, 1)}
		},
	} {
		c := &format.Checkpoint{ID: 11, Blocks: 100, BlockSize: 64 << 10, PageSize: 1024,
			Levels: []format.Level{{LHS: format.Segment{First: 9, Last: 20, Size: 11}}}}
		change(c)
		blob, err := c.Encode()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := format.DecodeCheckpoint(blob); err == nil || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestCheckpointLimit: 1015 words are the most that is written, 1016 the most that is
// read.
func TestCheckpointLimit(t *testing.T) {
	c := &format.Checkpoint{ID: 11, Blocks: 4000, BlockSize: 64 << 10, PageSize: 1024}
	for range 99 {
		c.Levels = append(c.Levels, format.Level{LHS: format.Segment{First: 9, Last: 9, Size: 1}})
	}
	blob, err := c.Encode()
	if err != nil || len(blob) != (25+990)*4 {
		t.Fatalf("%d words, %v", len(blob)/4, err)
	}
	if _, err := format.DecodeCheckpoint(blob); err != nil {
		t.Error(err)
	}
	c.Free = []format.FreeEntry{{Block: 1}}
	if blob, err := c.Encode(); err == nil {
		t.Errorf("%d words are written", len(blob)/4)
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(metaOf(f, closedByC))
	rng := rand.New(rand.NewPCG(2, 2))
	for range 5 {
		blob, err := randomCheckpoint(rng).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		either := func(b []byte) {
			c, err := format.DecodeCheckpoint(b)
			if (c == nil) == (err == nil) {
				t.Fatalf("checkpoint %+v and error %v", c, err)
			}
			if c != nil {
				again(t, c)
			}
		}
		either(b)
		// Nearly all mutations break the checksum: look behind it, too.
		if len(b) < 100 {
			return
		}
		if n := binary.BigEndian.Uint32(b[8:]); n < 25 || int(n)*4 > len(b) || n > 1016 {
			return
		}
		either(seal(bytes.Clone(b)))
	})
}

// again checks that a checkpoint that was accepted survives being written.
func again(t *testing.T, c *format.Checkpoint) {
	t.Helper()
	blob, err := c.Encode()
	if err != nil {
		return // 1016 words
	}
	got, err := format.DecodeCheckpoint(blob)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Fatalf("accepted once: %+v\nthen %+v, %v", c, got, err)
	}
}

// TestSealOfALevel: a seal shares the flags with others and leaves them alone.
func TestSealOfALevel(t *testing.T) {
	for _, flags := range []uint16{0, format.LevelFreelistOnly, 0x8003} {
		for _, seal := range []format.Seal{0, 1, 0x0AAA, format.NumSeals} {
			l := format.Level{Flags: flags}
			l.SetSeal(0x1555)
			l.SetSeal(seal)
			if l.Seal() != seal || l.Flags&^(format.LevelFlags&^format.LevelFreelistOnly) != flags {
				t.Errorf("flags %#04x with seal %d: %#04x, seal %d", flags, seal, l.Flags, l.Seal())
			}
			l.RHS = make([]format.Segment, 2)
			if l.Seal() != 0 {
				t.Error("a half-done merge has a seal")
			}
		}
	}
}
