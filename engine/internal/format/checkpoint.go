package format

import (
	"encoding/binary"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Limits of a checkpoint.
const (
	// MaxCheckpointWords is the largest checkpoint we write. A meta page has room for
	// 1016 words, which C lsm1 can read but never regards as synced.
	MaxCheckpointWords = 1015
	maxReadWords       = MetaSize / 4
	minReadWords       = 25
	// MaxRHS bounds the segments of a database: C lsm1 refuses to add a level when the
	// levels, a merging one counted by its right-hand segments, reach 40.
	MaxRHS       = 40
	MaxRedirects = 16
	// MaxFreeEntries is how many free-list entries a checkpoint holds; the others are
	// stored in the segments as system keys.
	MaxFreeEntries = 24
)

// Compression ids below FirstCodec mean the uncompressed layout.
const (
	CompressionUnset uint32 = 0 // nothing has been written yet
	CompressionNone  uint32 = 1
	FirstCodec       uint32 = 2
)

// Level flags. C lsm1 uses two and keeps the others as they are, as long as the level lives:
// a merge, half done or not, is a new level without flags.
const (
	// LevelFreelistOnly says that a level holds only free-list entries.
	LevelFreelistOnly = 0x0001
	// The seal of the level's segment; bit 1 is one that C lsm1 uses in memory.
	levelSealShift = 2
	levelSealMask  = numSeals << levelSealShift
	// LevelFlags are the flags that are understood.
	LevelFlags = LevelFreelistOnly | levelSealMask
)

// Checkpoint is the content of a meta page: one snapshot of the level structure and
// where the log continues from it.
type Checkpoint struct {
	ID          base.SnapshotID
	Compression uint32
	Blocks      uint32 // highest block number ever allocated
	BlockSize   uint32 // bytes
	PageSize    uint32 // bytes
	Written     uint32 // pages written since the file was made, modulo 2^32
	Log         LogPos
	Append      [4]base.PageNo // where a new segment may start after an old one; 0 = unused
	Levels      []Level        // newest first
	Redirects   []Redirect     // of the oldest segment, by From ascending
	Free        []FreeEntry    // by Block ascending
}

// Level is one level of the database: a segment, or a merge in progress whose finished
// part is LHS and whose remaining inputs are RHS, newest first.
type Level struct {
	Age   uint16
	Flags uint16
	LHS   Segment
	RHS   []Segment
	Merge Merge // meaningful only if RHS is not empty
}

// Seal returns the seal of an ordinary level's segment, 0 if it has none.
func (l *Level) Seal() Seal {
	if len(l.RHS) > 0 {
		return 0 // C lsm1 writes what is merged so far
	}
	return Seal(l.Flags & levelSealMask >> levelSealShift)
}

// SetSeal sets the seal of an ordinary level's segment.
func (l *Level) SetSeal(s Seal) { l.Flags = l.Flags&^levelSealMask | uint16(s)<<levelSealShift }

// Segment is where one sorted run lies. In a compressed file Last is the offset of the
// segment's last byte. Root is 0 if the segment has no b-tree in use.
type Segment struct {
	First, Last, Root base.PageNo
	Size              int64 // pages; informative only
}

// Merge is how far a merge in progress has come.
type Merge struct {
	// BTree says that the b-tree of the next older level is an input as well; it is the
	// last one of Inputs.
	BTree      bool
	Skip       int
	Inputs     []MergeInput
	SplitPage  base.PageNo // cell that holds the smallest key not merged yet
	SplitCell  int
	CurrentPtr base.PageNo
}

// MergeInput is the next cell that a merge reads from one input; page 0 means that the
// input is at its end.
type MergeInput struct {
	Page base.PageNo
	Cell int
}

// Redirect says that what the oldest segment calls block From is block To.
type Redirect struct{ From, To base.BlockNo }

// FreeEntry is a free block and the newest snapshot that may still use it. ID
// NotFree cancels an entry of the same block stored in a segment.
type FreeEntry struct {
	Block base.BlockNo
	ID    base.SnapshotID
}

// NotFree marks a FreeEntry as a cancellation.
const NotFree base.SnapshotID = -1

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
func DecodeCheckpoint(meta []byte) (*Checkpoint, error) {
	if len(meta) < minReadWords*4 {
		return nil, errs.Corruptf("meta page is only %d bytes long", len(meta))
	}
	n := binary.BigEndian.Uint32(meta[8:])
	if n < minReadWords || n > maxReadWords || int(n)*4 > len(meta) {
		return nil, errs.Corruptf("checkpoint claims %d words; it must have %d to %d", n, minReadWords, maxReadWords)
	}
	words := make([]uint32, n)
	for i := range words {
		words[i] = binary.BigEndian.Uint32(meta[4*i:])
	}
	c1, c2 := checkpointSum(words)
	if c1 != words[n-2] || c2 != words[n-1] {
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

// validate checks what the words mean, as far as that is possible without the file.
func (c *Checkpoint) validate() error {
	if c.ID < base.EmptySnapshotID {
		return errs.Corruptf("snapshot id %d is below %d", c.ID, base.EmptySnapshotID)
	}
	g, err := c.Geometry()
	if err != nil {
		return err
	}
	if len(c.Levels) > 0 && c.Blocks == 0 {
		return errs.Corruptf("there are %d levels but no blocks", len(c.Levels))
	}
	v := checkpointRules{c: c, g: g}
	for i := range c.Levels {
		if err := v.level(i); err != nil {
			return err
		}
	}
	for i, p := range c.Append {
		if p != 0 && !v.pageOK(p) {
			return errs.Corruptf("append point %d (page %d) lies outside the file's %d blocks", i, p, c.Blocks)
		}
	}
	if len(c.Redirects) > MaxRedirects {
		return errs.Corruptf("%d redirects; the limit is %d", len(c.Redirects), MaxRedirects)
	}
	for i, r := range c.Redirects {
		if r.To <= 1 || r.To >= r.From || uint32(r.From) > c.Blocks || i > 0 && r.From <= c.Redirects[i-1].From {
			return errs.Corruptf("redirect %d (block %d to %d) is out of order or range", i, r.From, r.To)
		}
	}
	for i, f := range c.Free {
		if f.Block < 1 || uint32(f.Block) > c.Blocks || i > 0 && f.Block <= c.Free[i-1].Block || f.ID < NotFree {
			return errs.Corruptf("free-list entry %d (block %d, id %d) is out of order or range", i, f.Block, f.ID)
		}
	}
	return nil
}

// Geometry returns where pages lie in the file that c describes, as far as that is known
// without its codec.
func (c *Checkpoint) Geometry() (Geometry, error) {
	g, err := NewGeometry(int(c.PageSize), int(c.BlockSize))
	if c.Compression >= FirstCodec {
		g, err = NewCompressedGeometry(int(c.PageSize), int(c.BlockSize), int(c.PageSize))
	}
	if err != nil {
		return g, errs.Corruptf("%v", err)
	}
	return g, nil
}

type checkpointRules struct {
	c *Checkpoint
	g Geometry
}

// pageOK reports whether p can be a page of the file.
func (v *checkpointRules) pageOK(p base.PageNo) bool {
	b := v.g.Block(p)
	return p >= v.g.FirstPage(1) && p <= v.g.MaxPage(v.c.Blocks) && p >= v.g.FirstPage(b) && p <= v.g.LastPage(b)
}

func (v *checkpointRules) segment(where string, i int, s Segment) error {
	if !v.pageOK(s.First) || !v.pageOK(s.Last) || s.Root != 0 && !v.pageOK(s.Root) {
		return errs.Corruptf("level %d, %s: segment from %d to %d with root %d lies outside the file's %d blocks",
			i, where, s.First, s.Last, s.Root, v.c.Blocks)
	}
	return nil
}

func (v *checkpointRules) level(i int) error {
	l := &v.c.Levels[i]
	if err := v.segment("output", i, l.LHS); err != nil {
		return err
	}
	for _, s := range l.RHS {
		if err := v.segment("input", i, s); err != nil {
			return err
		}
	}
	if len(l.RHS) == 0 {
		return nil
	}
	if l.Merge.BTree && i+1 == len(v.c.Levels) {
		return errs.Corruptf("level %d merges with the b-tree of an older level, but it is the oldest", i)
	}
	for j, in := range l.Merge.Inputs {
		if in.Page != 0 && !v.pageOK(in.Page) {
			return errs.Corruptf("level %d, merge input %d: page %d lies outside the file's %d blocks", i, j, in.Page, v.c.Blocks)
		}
	}
	if l.Merge.SplitPage != 0 && !v.pageOK(l.Merge.SplitPage) {
		return errs.Corruptf("level %d: split key on page %d, outside the file's %d blocks", i, l.Merge.SplitPage, v.c.Blocks)
	}
	return nil
}

// Encode returns the bytes of c as they are at the front of a meta page. It fails if
// c does not fit.
func (c *Checkpoint) Encode() ([]byte, error) {
	w := make([]uint32, 0, 256)
	u64 := func(v uint64) { w = append(w, uint32(v>>32), uint32(v)) }
	seg := func(s Segment) {
		u64(uint64(s.First))
		u64(uint64(s.Last))
		u64(uint64(s.Root))
		u64(uint64(s.Size))
	}
	u64(uint64(c.ID))
	w = append(w, 0, c.Compression, c.Blocks, c.BlockSize, uint32(len(c.Levels)), c.PageSize, c.Written)
	u64(c.Log.Raw())
	w = append(w, c.Log.Sum.S0, c.Log.Sum.S1)
	for _, p := range c.Append {
		u64(uint64(p))
	}
	for i := range c.Levels {
		l := &c.Levels[i]
		w = append(w, uint32(l.Flags)<<16|uint32(l.Age), uint32(len(l.RHS)))
		seg(l.LHS)
		for _, s := range l.RHS {
			seg(s)
		}
		if len(l.RHS) == 0 {
			continue
		}
		w = append(w, uint32(len(l.Merge.Inputs)), uint32(l.Merge.Skip))
		for _, in := range l.Merge.Inputs {
			u64(uint64(in.Page))
			w = append(w, uint32(in.Cell))
		}
		u64(uint64(l.Merge.SplitPage))
		w = append(w, uint32(l.Merge.SplitCell))
		u64(uint64(l.Merge.CurrentPtr))
	}
	w = append(w, uint32(len(c.Redirects)))
	for _, r := range c.Redirects {
		w = append(w, uint32(r.From), uint32(r.To))
	}
	w = append(w, uint32(len(c.Free)))
	for _, f := range c.Free {
		w = append(w, uint32(f.Block))
		u64(uint64(f.ID))
	}
	w = append(w, 0, 0)
	if len(w) > MaxCheckpointWords {
		return nil, &errs.Error{Code: errs.CodeFull,
			Detail: fmt.Sprintf("checkpoint needs %d words; a meta page holds %d", len(w), MaxCheckpointWords)}
	}
	w[2] = uint32(len(w))
	w[len(w)-2], w[len(w)-1] = checkpointSum(w)
	out := make([]byte, 4*len(w))
	for i, v := range w {
		binary.BigEndian.PutUint32(out[4*i:], v)
	}
	return out, nil
}
