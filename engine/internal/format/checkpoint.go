// SPDX-License-Identifier: Apache-2.0

package format

import (
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
	// CompressionEncrypted says that the file is encrypted: the id of its codec is in the crypto area.
	CompressionEncrypted uint32 = 11100
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
	// Salt makes the key of the segment's pages in an encrypted file. It stands in the crypto
	// area, not in the checkpoint.
	Salt [16]byte
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
