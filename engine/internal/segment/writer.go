// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Writer writes one segment from records in ascending order. The b-tree grows with the
// leaf pages:
//
//  1. When a leaf page on which a cell starts is complete, and it is not the first page,
//     the key of its first cell goes into the lowest b-tree page, together with the
//     number of the leaf page before it.
//  2. If that b-tree page is full, it is written after the leaf page just completed,
//     with the left leaf as its right-most child, and the key goes one level up.
//  3. Finish writes the unfinished right edge bottom up. The root is the last page.
//
// Keys too long for the b-tree are referred to on their leaf page instead.
type Writer struct {
	app  *blockfile.Appender
	geo  format.Geometry
	leaf format.LeafBuilder
	no   base.PageNo // current leaf page, 0 before the first
	out  format.Segment
	// before is the size of what the segment had when Continue began.
	before int64

	known    bool        // the current leaf page is complete, and the b-tree knows it
	left     base.PageNo // newest leaf page that the b-tree knows
	pushKey  []byte      // key of the current page's first cell
	pushKind base.Kind
	levels   []*format.BTreeBuilder // lowest first

	index  *Index // of the finished segment, if it is to have one
	fences fence.Builder
	filter *filter.Builder // nil if it is to have none

	records int64
	prev    []byte // previous key, to enforce the order
	prevTop base.Kind
}

// Bytes returns how many bytes of the file the pages written so far take.
func (w *Writer) Bytes() int64 { return w.app.Bytes() }

// LastPage returns the last page of the finished segment.
func (w *Writer) LastPage() base.PageNo { return w.app.LastPage() }

// NewWriter starts a segment in a new block, or at an append point if start is not 0.
func NewWriter(f *blockfile.File, alloc blockfile.Allocator, start base.PageNo) *Writer {
	return &Writer{app: f.NewAppender(alloc, start), geo: f.Geometry()}
}

// SetSeal makes seal that of the segment, before anything is added.
func (w *Writer) SetSeal(seal format.Seal) { w.app.SetSeal(seal) }

// SetSalt makes salt that of the segment's key in an encrypted file, before anything is added; see
// blockfile.Appender.
func (w *Writer) SetSalt(salt crypt.Salt) { w.app.SetSalt(salt) }

// Pages returns the number of pages begun.
func (w *Writer) Pages() int64 { return w.app.Pages() }

// Blocks returns the blocks used so far; see blockfile.Appender.
func (w *Writer) Blocks() []base.BlockNo { return w.app.Blocks() }

// Spill writes pages that wait for it, if that is about to be due; see blockfile.Appender.
func (w *Writer) Spill() (bool, error) { return w.app.Spill() }

// AppendPoint returns where another segment may start after the finished one, or 0.
func (w *Writer) AppendPoint() base.PageNo { return w.app.AppendPoint() }

// Add appends a record. Keys must be strictly ascending, user keys before system keys;
// input that is not in order is refused, because it can only come from a damaged file.
func (w *Writer) Add(kind base.Kind, key, value []byte) error {
	if kind&base.Insert == 0 {
		value = nil
	}
	if err := w.start(kind, key, len(value)); err != nil {
		return err
	}
	return w.body(value)
}

// AddBody is Add for an insert whose value is read from body, all of it, piece by piece.
func (w *Writer) AddBody(kind base.Kind, key []byte, body *Body) error {
	if err := w.start(kind, key, body.left); err != nil {
		return err
	}
	for {
		piece, err := body.Next()
		if err != nil || len(piece) == 0 {
			return err
		}
		if err := w.body(piece); err != nil {
			return err
		}
	}
}

// AddParts is Add for an insert whose value of n bytes comes in parts: fill hands them to add, in order.
func (w *Writer) AddParts(key []byte, n int, fill func(add func(part []byte) error) error) error {
	if err := w.start(base.Insert, key, n); err != nil {
		return err
	}
	left := n
	err := fill(func(part []byte) error {
		if left -= len(part); left < 0 {
			return errs.Corruptf("a value of %d bytes has more", n)
		}
		return w.body(part)
	})
	if err == nil && left > 0 {
		err = errs.Corruptf("a value of %d bytes lacks %d", n, left)
	}
	return err
}

// start begins a record: what it writes is followed by the valueLen bytes of its value.
func (w *Writer) start(kind base.Kind, key []byte, valueLen int) error {
	if w.records > 0 && base.CompareTopic(w.prevTop, w.prev, kind, key) >= 0 {
		return errs.Corruptf("key %q does not come after the key before it, %q", clip(key), clip(w.prev))
	}
	w.prev, w.prevTop = append(w.prev[:0], key...), kind
	w.records++
	if w.filter != nil && kind&base.System == 0 {
		w.filter.Add(kind, key)
	}
	if w.no == 0 || w.known || !w.leaf.Fits(format.LeafHeaderLen(kind, len(key), valueLen)) {
		if err := w.nextLeaf(); err != nil {
			return err
		}
	}
	if w.leaf.NumCells() == 0 {
		w.pushKey, w.pushKind = append(w.pushKey[:0], key...), kind
	}
	w.leaf.StartCell(kind, len(key), valueLen)
	return w.body(key)
}

// body writes a part of a record's body, over as many pages as it takes.
func (w *Writer) body(data []byte) error {
	for {
		data = data[w.leaf.Body(data):]
		if len(data) == 0 {
			return nil
		}
		if err := w.nextLeaf(); err != nil {
			return err
		}
	}
}

// nextLeaf completes the current leaf page, if there is one, and starts another.
func (w *Writer) nextLeaf() error {
	if err := w.completeLeaf(); err != nil {
		return err
	}
	no, content, err := w.app.Next()
	if err != nil {
		return err
	}
	if w.no == 0 {
		w.out.First, w.left = no, no
		if w.index != nil {
			w.fences.First(no)
		}
	}
	w.no, w.known = no, false
	w.leaf.Reset(content)
	return nil
}

// completeLeaf makes the current leaf page known to the b-tree.
func (w *Writer) completeLeaf() error {
	was := w.known
	w.known = true
	if w.no == 0 || was || w.no == w.out.First || w.leaf.NumCells() == 0 {
		return nil
	}
	cell := format.BTreeCell{Child: w.left, Kind: w.pushKind, Key: w.pushKey}
	if format.IndirectKey(len(w.pushKey), w.geo.PageSize) {
		cell.Ref = w.no
	}
	w.left = w.no
	if w.index != nil && w.pushKind&base.System == 0 {
		w.fences.Add(w.pushKey, w.no)
	}
	for depth := 0; ; depth++ {
		if depth == len(w.levels) {
			b := &format.BTreeBuilder{}
			b.Reset(w.geo.PageSize)
			w.levels = append(w.levels, b)
		}
		b := w.levels[depth]
		if b.Add(cell) {
			return nil
		}
		no, err := w.writeBTree(b, cell.Child)
		if err != nil {
			return err
		}
		b.Reset(w.geo.PageSize)
		cell.Child = no
	}
}

func (w *Writer) writeBTree(b *format.BTreeBuilder, right base.PageNo) (base.PageNo, error) {
	no, content, err := w.app.Next()
	if err != nil {
		return 0, err
	}
	b.Write(content, right)
	return no, nil
}

// Finish completes the segment and returns where it lies; ok is false if no record was
// added and nothing written. The segment is in the file but not synced, and nothing
// refers to it.
func (w *Writer) Finish() (seg format.Segment, ok bool, err error) {
	if w.no == 0 {
		return seg, false, nil
	}
	if err := w.completeLeaf(); err != nil {
		return seg, false, err
	}
	if _, err := w.writeEdge(); err != nil {
		return seg, false, err
	}
	if err := w.app.Finish(); err != nil {
		return seg, false, err
	}
	w.out.Last, w.out.Size, w.out.Salt = w.app.End(), w.before+w.app.Size(), w.app.Salt()
	w.finishIndex()
	return w.out, true, nil
}

// writeEdge writes the unfinished right edge of the b-tree, bottom up. It returns the
// right-most child of the root.
func (w *Writer) writeEdge() (child base.PageNo, err error) {
	w.out.Root = 0
	next := w.left
	for _, b := range w.levels {
		child = next
		if next, err = w.writeBTree(b, child); err != nil {
			return 0, err
		}
		w.out.Root = next
	}
	return child, nil
}

// clip shortens a key for an error message.
func clip(key []byte) []byte {
	if len(key) > 40 {
		return key[:40]
	}
	return key
}
