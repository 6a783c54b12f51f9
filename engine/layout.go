// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/inspect"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// MaxLayoutExtents is how many extents a Layout has at most. MaxLayoutKey is how many bytes of a key it has.
const (
	MaxLayoutExtents = 1 << 16
	MaxLayoutKey     = inspect.MaxKey
)

// Layout is all that a picture of a database needs, as one state shows it. Sizes are in bytes.
type Layout struct {
	Path                string // canonical
	PageSize, BlockSize int64
	Codec               string // name of the codec, empty if the file is neither compressed nor encrypted
	Cipher              string // name of the cipher, empty if the file is not encrypted
	FileBytes           int64  // length of the file, which may end before its last block does, or after it; 0 if it is not known
	Blocks, FreeBlocks  int64

	// Snapshot is the id of the levels, and Checkpoint that of the newest checkpoint that both meta pages hold.
	// Commit is how many commits since Open the state shows.
	Snapshot, Checkpoint, Commit int64

	Levels   int
	Segments []LayoutSegment // newest level first, and in each the output first, then the inputs, newest first
	Jobs     []LayoutJob     // flushes and merges that are being worked on
	// Extents are the parts of the file, ascending. Each byte of its blocks is in one of them, and so is what
	// follows the last block. Grain is how many blocks have one use in them: 1 if they are exact. If that were
	// more than MaxLayoutExtents, Grain is more, and each so many blocks have the use that most of their bytes
	// have.
	Extents []Extent
	Grain   int64

	Log          [3]LogRegion // what is needed of the log, as in LogStructure
	LogFileBytes int64        // -1 if that is not known

	LiveBytes, OldBytes int64 // sizes of the tree that is written to, and of the one that waits to be flushed

	Pins []Pin // oldest first
}

// LayoutSegment is a segment of a Layout.
type LayoutSegment struct {
	SegmentInfo
	Level, Age   int
	FreelistOnly bool  // holds only free-list entries
	Bytes        int64 // of the file
	Blocks       int64 // in which it lies; the first and the last may be shared with others
	// FirstKey and LastKey are those of the first and the last record, delete marks included; of an input of a
	// half-done merge, the first is that from which on it is still read. They are nil if there is none, or if it
	// cannot be read.
	FirstKey, LastKey *LayoutKey
	// Problem says what could not be read of the segment: a link from block to block, or a key. Then Blocks and
	// the extents may have a part of it only.
	Problem string
}

// LayoutKey is the beginning of a key.
type LayoutKey struct {
	Bytes []byte // MaxLayoutKey at most
	Len   int    // of the whole key
}

// LayoutJob is a flush or a merge that is being worked on. Its numbers may be some steps old.
type LayoutJob struct {
	Flush  bool  // the tree that waits is an input
	Inputs []int // segments of the Layout
	// Output is the segment that the job adds to, because its merge was published in part; else -1.
	Output     int
	InputPages int64 // of them; of a merge that was published in part, of what was left of them when it went on
	Pages      int64 // written so far
}

// The uses of extents.
const (
	ExtentMeta     = "meta"      // the meta pages
	ExtentSegment  = "segment"   // pages of a segment
	ExtentRest     = "rest"      // of a block of which a segment or the meta pages use a part
	ExtentWriting  = "writing"   // set aside for a segment that is being written
	ExtentSetAside = "set aside" // C lsm1 goes on there with a half-done merge
	ExtentFree     = "free"      // may be written
	ExtentWaiting  = "waiting"   // free, and may be written once there is another checkpoint
	ExtentPinned   = "pinned"    // free, and may be written once a pin has ended
	ExtentTail     = "tail"      // of the file after its last block
	ExtentUnknown  = "unknown"   // neither used nor free, or of a segment with a Problem
)

// Extent is a part of the database file: bytes Start up to End, not included.
type Extent struct {
	Start, End int64
	Use        string // one of the constants
	Segment    int    // the number of the segment in the Layout, or -1
	Job        int    // the number of the job that writes there, or -1 if that is not known
	Until      int64  // the newest snapshot that may use what is waiting or pinned; else 0
}

// Layout returns what a picture of the database needs. It takes no turn, so it never waits for a writer or for work,
// and may be called from an Observer. It keeps a commit waiting while the free blocks are gone through, which is some
// milliseconds where there are a hundred thousand.
//
// The first call reads, for each segment, a few pages, through the page cache, and of segments that were there when the
// database was opened a page for each block: 1,000 for each GiB. After that, it reads what is new. Damage that it
// meets is reported in the Problem of a segment. It fails if the database is closed or ctx ends.
//
// Of a database that another process writes, it is that of the newest checkpoint which the handle shows. It fails with
// ErrSnapshotGone if that process has made others before the free list was read.
func (db *DB) Layout(ctx context.Context) (Layout, error) {
	if err := db.enter("layout"); err != nil {
		return Layout{}, err
	}
	defer db.leave()
	v := inspect.View{Cache: &db.facts, Limit: MaxLayoutExtents}
	progress := db.worker.JobStates()
	for _, p := range progress {
		v.Jobs = append(v.Jobs, inspect.Job{Flush: p.Flush, Inputs: p.Inputs, Blocks: p.Blocks})
	}
	var log [3]LogRegion
	blocksKnown := false
	v.State, v.File = db.pinBooks(func(b ledger.Books, known bool) {
		blocksKnown = known
		v.Space = inspect.ReadSpace(b, time.Now())
		for i, r := range b.Log {
			log[i] = LogRegion(r)
		}
	})
	defer db.ledger.Release(v.State)
	if !blocksKnown {
		return Layout{}, &Error{Code: CodeSnapshotGone, Op: "layout", Path: db.path,
			Detail: "the free list of the newest checkpoint could not be read before the process that writes made another one; try again"}
	}
	made, err := v.Layout(ctx)
	if err != nil {
		return Layout{}, worker.WaitError("layout", db.path, "the layout", err)
	}
	out := Layout{
		Path: db.path, PageSize: int64(db.opts.PageSize), BlockSize: int64(db.opts.BlockSize), FileBytes: db.files.Length(),
		Blocks: v.Space.Blocks, FreeBlocks: v.Space.Free, Grain: made.Grain,
		Snapshot: int64(v.State.Disk.ID), Checkpoint: int64(v.Space.Synced), Commit: int64(v.State.Seq),
		Log:       log,
		LiveBytes: int64(v.State.Live.Size()), OldBytes: int64(v.State.Old.Size()),
	}
	_, out.LogFileBytes = db.logOf()
	if codec := db.usedCodec(); codec != nil || db.secret != nil {
		out.Codec = codecName(codec)
	}
	out.Cipher = db.Encryption().Cipher
	for _, p := range v.Space.Held.Pins {
		out.Pins = append(out.Pins, Pin(p))
	}
	addSegments(&out, &v, made)
	addJobs(&out, &v, progress, made)
	return out, nil
}

// addSegments adds the segments of the state that v is of.
func addSegments(out *Layout, v *inspect.View, made *inspect.Layout) {
	levels := v.State.Disk.Levels
	out.Levels = len(levels)
	for i, l := range levels {
		for j, seg := range l.Segments() {
			f := made.Facts[len(out.Segments)]
			s := LayoutSegment{
				SegmentInfo: SegmentInfo{Role: role(l, j), First: int64(seg.First), Last: int64(seg.Last), Root: int64(seg.Root), Pages: seg.Size},
				Level:       i, Age: int(l.Age), FreelistOnly: l.FreelistOnly,
				Bytes: v.File.BytesIn(seg.Size), Blocks: f.Blocks, Problem: f.Problem,
			}
			s.FirstKey, s.LastKey = layoutKey(f.First), layoutKey(f.Last)
			out.Segments = append(out.Segments, s)
		}
	}
}
