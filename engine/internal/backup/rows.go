// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"io"

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
	commits   uint64 // that the database has had, if it is encrypted
}

// file returns the file of a copy as pages.
func (o *Options) file(f vfs.File, path string) *blockfile.File {
	if o.Secret != nil {
		return blockfile.NewEncrypted(f, path, o.Geometry, o.Codec, o.Secret.Keys(), 0)
	}
	return blockfile.New(f, path, o.Geometry, o.Codec, 0)
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
func (c *Copy) rows(st *snapshot.State, f vfs.File) error {
	out, err := c.segment(st, f, nil, true)
	if err != nil {
		return err
	}
	return out.storeMeta(f, &c.o)
}

// rowsTo is rows into a stream.
func (c *Copy) rowsTo(st *snapshot.State, w io.Writer) error {
	first, err := c.segment(st, &stream{w: io.Discard, pos: 2 * format.MetaPageSize}, nil, false)
	if err != nil {
		return err
	}
	out := &stream{w: w}
	if err := first.storeMeta(out, &c.o); err != nil || !first.wrote {
		return err
	}
	again, err := c.segment(st, out, first, true)
	if err == nil && again.seg != first.seg {
		return errs.Corruptf("the rows of a snapshot were not the same when they were read again")
	}
	return err
}

// ctxRows is how many rows are copied between two looks at the context.
const ctxRows = 256

// segment writes the rows of a pinned state as one segment. With report set it reports
// progress. first is what it has made before of the same state, or nil: the meta pages of that are those of
// this one, too, so that it has the same key.
func (c *Copy) segment(st *snapshot.State, f vfs.File, first *copyFile, report bool) (*copyFile, error) {
	var cur cursor.Cursor
	if err := cur.Init(st.Live, st); err != nil {
		return nil, err
	}
	cur.ReadAhead()
	c.progress.Total = sizeOf(st)
	out := &copyFile{File: c.o.file(f, c.o.Source), commits: st.End.Commits}
	log := st.Disk.Log
	out.seal = format.MakeSeal(uint64(st.Disk.ID), log.Raw(), uint64(log.Sum.S0), uint64(log.Sum.S1))
	w := segment.NewWriter(out.File, out, 0)
	w.SetSeal(out.seal)
	if first != nil {
		w.SetSalt(first.seg.Salt)
	}
	n := int64(0)
	for ok := cur.First(); ok; ok = cur.Next() {
		if err := addRow(w, &cur); err != nil {
			return nil, err
		}
		n++
		if n%ctxRows != 0 && cur.ValueLen() <= reportBytes/ctxRows {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		if !report {
			continue
		}
		c.progress.Rows, c.progress.Bytes = n, w.Bytes()
		if err := c.report(false); err != nil {
			return nil, err
		}
	}
	err := cur.Err()
	if err != nil {
		return nil, err
	}
	if out.seg, out.wrote, err = w.Finish(); err != nil {
		return nil, err
	}
	out.point = w.AppendPoint()
	if report {
		c.progress.Rows, c.progress.Bytes = n, w.Bytes()+2*format.MetaPageSize
	}
	return out, nil
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
func sizeOf(st *snapshot.State) int64 {
	size := int64(st.Live.Size()) + int64(st.Old.Size())
	for _, l := range st.Disk.Levels {
		for _, seg := range l.Segments() {
			size += seg.Space.BytesIn(seg.Size)
		}
	}
	return size
}
