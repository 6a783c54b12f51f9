// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// peekID returns the snapshot id that a meta page claims, without checking the page.
func peekID(meta []byte) base.SnapshotID {
	return base.SnapshotID(binary.BigEndian.Uint64(meta))
}

// AllZero reports whether b holds only zero bytes, as a meta page that was never
// written does.
func AllZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// checkpointSum computes the checksum of a checkpoint of the given words, of which the
// last two (the stored checksum) are not part.
func checkpointSum(words []uint32) (c1, c2 uint32) {
	n := len(words)
	c1, c2 = 1, 2
	if n%2 == 1 {
		c1 += words[n-3] & 0x0000FFFF
		c2 += words[n-3] & 0xFFFF0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += c2 + words[i]
		c2 += c1 + words[i+1]
	}
	return c1, c2
}

// wordReader hands out the words of a checkpoint and remembers when they ran out.
type wordReader struct {
	words []uint32
	bad   bool
}

func (r *wordReader) u32() uint32 {
	if len(r.words) == 0 {
		r.bad = true
		return 0
	}
	w := r.words[0]
	r.words = r.words[1:]
	return w
}

func (r *wordReader) u64() uint64 {
	hi := r.u32()
	return uint64(hi)<<32 | uint64(r.u32())
}

func (r *wordReader) page() base.PageNo { return base.PageNo(r.u64()) }

// count reads the length of a list whose elements take wordsEach words, and refuses one
// that the remaining words cannot hold.
func (r *wordReader) count(wordsEach int) int {
	n := r.u32()
	if uint64(n)*uint64(wordsEach) > uint64(len(r.words)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// DecodeCheckpoint reads the checkpoint at the front of a meta page and checks
// everything that can be checked without the file: checksum, sizes, counts, order and
// ranges of page and block numbers. It returns a checkpoint or an error, never both.
func DecodeCheckpoint(meta []byte) (*Checkpoint, error) { return decodeCheckpoint(meta, true) }

// DecodeUnsummed is DecodeCheckpoint without a look at the checksum, for a meta page that is known to be damaged:
// what it says must be compared with the pages that it names.
func DecodeUnsummed(meta []byte) (*Checkpoint, error) { return decodeCheckpoint(meta, false) }

func decodeCheckpoint(meta []byte, summed bool) (*Checkpoint, error) {
	if len(meta) < minReadWords*4 {
		return nil, errs.Corruptf("meta page is only %d bytes long", len(meta))
	}
	words := wordsOf(meta)
	if words == nil {
		return nil, errs.Corruptf("checkpoint claims %d words; it must have %d to %d", binary.BigEndian.Uint32(meta[8:]), minReadWords, maxReadWords)
	}
	n := len(words)
	c1, c2 := checkpointSum(words)
	if summed && (c1 != words[n-2] || c2 != words[n-1]) {
		return nil, errs.Corruptf("checkpoint checksum is %08x %08x, stored is %08x %08x", c1, c2, words[n-2], words[n-1])
	}
	r := &wordReader{words: words[:n-2]}
	c := &Checkpoint{ID: base.SnapshotID(r.u64())}
	r.u32() // the word count
	c.Compression = r.u32()
	c.Blocks = r.u32()
	c.BlockSize = r.u32()
	nLevel := r.u32()
	c.PageSize = r.u32()
	c.Written = r.u32()
	raw := r.u64()
	s0 := r.u32()
	s1 := r.u32()
	c.Log = makeLogPos(raw, s0, s1)
	for i := range c.Append {
		c.Append[i] = r.page()
	}
	for ; nLevel > 0 && !r.bad; nLevel-- {
		c.Levels = append(c.Levels, r.level())
	}
	for i := r.count(2); i > 0; i-- {
		c.Redirects = append(c.Redirects, Redirect{From: base.BlockNo(r.u32()), To: base.BlockNo(r.u32())})
	}
	for i := r.count(3); i > 0; i-- {
		c.Free = append(c.Free, FreeEntry{Block: base.BlockNo(r.u32()), ID: base.SnapshotID(r.u64())})
	}
	if r.bad || len(r.words) != 0 {
		return nil, errs.Corruptf("checkpoint of %d words does not have the length its lists need", n)
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Whole reports whether the checkpoint on a meta page has the right checksum, whatever it says.
func Whole(meta []byte) bool {
	words := wordsOf(meta)
	if words == nil {
		return false
	}
	c1, c2 := checkpointSum(words)
	return c1 == words[len(words)-2] && c2 == words[len(words)-1]
}

// wordsOf returns the words of the checkpoint on a meta page, nil if there cannot be as many as it says.
func wordsOf(meta []byte) []uint32 {
	n := binary.BigEndian.Uint32(meta[8:])
	if n < minReadWords || n > maxReadWords || int(n)*4 > len(meta) {
		return nil
	}
	words := make([]uint32, n)
	for i := range words {
		words[i] = binary.BigEndian.Uint32(meta[4*i:])
	}
	return words
}

func (r *wordReader) segment() Segment {
	return Segment{First: r.page(), Last: r.page(), Root: r.page(), Size: int64(r.u64())}
}

func (r *wordReader) level() (l Level) {
	w := r.u32()
	l.Age, l.Flags = uint16(w), uint16(w>>16)
	nRight := r.u32()
	if nRight > MaxRHS {
		r.bad = true
		return l
	}
	l.LHS = r.segment()
	if nRight == 0 {
		return l
	}
	for range nRight {
		l.RHS = append(l.RHS, r.segment())
	}
	nInput := r.u32()
	if nInput != nRight && nInput != nRight+1 {
		r.bad = true
		return l
	}
	l.Merge.BTree = nInput == nRight+1
	l.Merge.Skip = int(r.u32())
	for range nInput {
		l.Merge.Inputs = append(l.Merge.Inputs, MergeInput{Page: r.page(), Cell: int(int32(r.u32()))})
	}
	l.Merge.SplitPage = r.page()
	l.Merge.SplitCell = int(int32(r.u32()))
	l.Merge.CurrentPtr = r.page()
	return l
}
