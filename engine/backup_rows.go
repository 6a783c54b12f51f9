package engine

import (
	"io"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// copyAge is the age of the one segment of a copy. Segments that are flushed later have
// to be merged this many times before the copy is merged with them: rewriting all of it
// for the sake of a few small segments would not be worth it.
const copyAge = 4

// copyFile is the database file that the rows of a state are written to.
type copyFile struct {
	*blockfile.File
	numBlocks base.BlockNo
	seg       format.Segment
	seal      format.Seal
	wrote     bool // there is a segment; else there were no rows
	point     base.PageNo
}

// Allocate implements blockfile.Allocator: the blocks of a new file in their order.
func (c *copyFile) Allocate() (base.BlockNo, error) {
	if err := format.CheckBlocks(uint64(c.numBlocks) + 1); err != nil {
		return 0, err
	}
	c.numBlocks++
	c.SetBlocks(uint32(c.numBlocks))
	return c.numBlocks, nil
}

// rows writes the rows that a pinned state shows as a database of one segment.
func (b *backup) rows(st *snapshot.State, f vfs.File) error {
	c, err := b.segment(st, f, true)
	if err != nil {
		return err
	}
	return c.storeMeta(f)
}

// rowsTo is rows into a stream. The meta pages come first, so the segment is written
// twice: the first time to nowhere, to learn where it ends.
func (b *backup) rowsTo(st *snapshot.State, w io.Writer) error {
	c, err := b.segment(st, &stream{w: io.Discard, pos: 2 * format.MetaPageSize}, false)
	if err != nil {
		return err
	}
	out := &stream{w: w}
	if err := c.storeMeta(out); err != nil {
		return err
	}
	if c.wrote {
		again, err := b.segment(st, out, true)
		if err != nil {
			return err
		}
		if again.seg != c.seg {
			return errs.Corruptf("the rows of a snapshot were not the same when they were read again")
		}
	}
	return b.report(true)
}

// ctxRows is how many rows are copied between two looks at the context.
const ctxRows = 256

// segment writes the rows of a pinned state as one segment.
func (b *backup) segment(st *snapshot.State, f vfs.File, report bool) (*copyFile, error) {
	geo, err := geometryOf(b.o.PageSize, b.o.BlockSize, b.codec)
	if err != nil {
		return nil, &Error{Code: CodeMisuse, Op: "backup", Path: b.db.path, Err: err}
	}
	var cur cursor.Cursor
	if err := cur.Init(st.Live, st); err != nil {
		return nil, err
	}
	cur.ReadAhead()
	b.progress.Total = b.db.sizeOf(st)
	c := &copyFile{File: blockfile.New(f, b.db.path, geo, b.codec, 0)}
	log := st.Disk.Log
	c.seal = format.MakeSeal(uint64(st.Disk.ID), log.Raw(), uint64(log.Sum.S0), uint64(log.Sum.S1))
	w := segment.NewWriter(c.File, c, 0)
	w.SetSeal(c.seal)
	n := int64(0)
	for ok := cur.First(); ok; ok = cur.Next() {
		if err := addRow(w, &cur); err != nil {
			return nil, err
		}
		n++
		if n%ctxRows == 0 || cur.ValueLen() > reportBytes/ctxRows {
			if err := b.ctx.Err(); err != nil {
				return nil, err
			}
			if report {
				b.progress.Rows, b.progress.Bytes = n, w.Bytes()
				if err := b.report(false); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := cur.Err(); err != nil {
		return nil, err
	}
	if c.seg, c.wrote, err = w.Finish(); err != nil {
		return nil, err
	}
	c.point = w.AppendPoint()
	if report {
		b.progress.Rows, b.progress.Bytes = n, w.Bytes()+2*format.MetaPageSize
	}
	return c, nil
}

// addRow writes the row that a cursor stands on, a long value piece by piece.
func addRow(w *segment.Writer, cur *cursor.Cursor) error {
	body, value, long := cur.Body()
	if !long {
		return w.Add(base.Insert, cur.Key(), value)
	}
	defer body.Close()
	err := w.AddBody(base.Insert, cur.Key(), &body)
	cur.Passed(&body)
	return err
}

// sizeOf returns about how many bytes the levels and trees of a state are.
func (db *DB) sizeOf(st *snapshot.State) int64 {
	size := int64(st.Live.Size()) + int64(st.Old.Size())
	for _, l := range st.Disk.Levels {
		for _, seg := range l.Segments() {
			if db.codec != nil {
				size += seg.Size
			} else {
				size += seg.Size * int64(db.opts.PageSize)
			}
		}
	}
	return size
}

// storeMeta writes the meta pages of the copy: both say the same, so that damage to one
// does not lose the database. A copy without rows gets that of a new database.
func (c *copyFile) storeMeta(f vfs.File) error {
	geo := c.Geometry()
	ck := &format.Checkpoint{
		ID: base.EmptySnapshotID + 1, Compression: codecID(c.Codec()),
		PageSize: uint32(geo.PageSize), BlockSize: uint32(geo.BlockSize),
		Blocks: uint32(c.numBlocks), Written: c.Written(),
		Levels: []format.Level{{Age: copyAge, LHS: c.seg}},
		Append: [4]base.PageNo{c.point},
	}
	ck.Levels[0].SetSeal(c.seal)
	if !c.wrote {
		return storeEmpty(f, ck)
	}
	return storeBoth(f, ck)
}

// storeEmpty writes the meta pages of a new database, of which only the second is used.
func storeEmpty(f vfs.File, ck *format.Checkpoint) error {
	empty := format.Checkpoint{ID: base.EmptySnapshotID, Log: newLog(), PageSize: ck.PageSize, BlockSize: ck.BlockSize}
	var page [format.MetaPageSize]byte
	if err := fillMeta(page[:], &empty, false); err != nil {
		return err
	}
	_, err := f.WriteAt(page[:], format.MetaPageSize)
	return err
}

// newLog returns where the log of a copy begins. Its checksum begins with numbers that no
// other log begins with, so that a log that was left lying where a copy is put is not taken
// for the copy's own: what it holds is of another state.
func newLog() format.LogPos {
	return format.LogPos{Sum: format.Checksum{S0: rand.Uint32(), S1: rand.Uint32()}}
}

// storeBoth writes a checkpoint to both meta pages.
func storeBoth(f vfs.File, ck *format.Checkpoint) error {
	ck.Log = newLog()
	ck.ID++
	var pages [2 * format.MetaPageSize]byte
	for i := range 2 {
		if err := fillMeta(pages[i*format.MetaPageSize:], ck, i == 1); err != nil {
			return err
		}
	}
	_, err := f.WriteAt(pages[:], 0)
	return err
}

// fillMeta puts a checkpoint and its note on a meta page of a copy.
func fillMeta(page []byte, ck *format.Checkpoint, second bool) error {
	blob, err := ck.Encode()
	if err != nil {
		return err
	}
	if len(blob) <= format.NoteOffset {
		note := format.Note{Copy: second, Restored: true, For: format.RefOf(blob), Log: ck.Log}
		copy(page[format.NoteOffset:], note.Encode())
	}
	copy(page, blob)
	return nil
}
