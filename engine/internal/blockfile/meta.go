// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ReadMeta reads meta page 1 or 2.
func (f *File) ReadMeta(i int) ([]byte, error) { return ReadMeta(f.f, f.path, i) }

// ReadMeta reads meta page 1 or 2 of a file whose geometry is not known yet. What the
// file does not have of it reads as zeros: C lsm1 may leave a file of one meta page.
func ReadMeta(f vfs.File, path string, i int) ([]byte, error) {
	b := make([]byte, format.MetaSize)
	_, err := (&File{f: f, path: path}).readAt(b, int64(i-1)*format.MetaPageSize)
	return b, err
}

// WriteMeta writes a checkpoint to meta page 1 or 2, followed by zeros and the note, if
// there is room for it: no more of the page than its data part, because the bytes after it
// carry the file locks.
func (f *File) WriteMeta(i int, blob, note []byte) error {
	b := make([]byte, format.MetaSize)
	if len(blob) <= format.NoteOffset {
		copy(b[format.NoteOffset:], note)
	}
	copy(b, blob)
	f.stats.metaBytes.Add(int64(len(b)))
	return f.writeAt(b, int64(i-1)*format.MetaPageSize)
}

// metaFront is the part of a checkpoint that WriteFront writes: its id, in two words.
const metaFront = 8

// WriteRest writes all of a checkpoint to meta page 1 or 2 except its front. The note of the
// page, into which the checkpoint must not reach, stays as it is.
func (f *File) WriteRest(i int, blob []byte) error {
	b := make([]byte, format.NoteOffset)
	copy(b, blob)
	f.stats.metaBytes.Add(int64(len(b) - metaFront))
	return f.writeAt(b[metaFront:], int64(i-1)*format.MetaPageSize+metaFront)
}

// WriteFront writes the front of a checkpoint, the rest of which is durable on the page. A loss
// of power in the middle of the two leaves no page that looks like a newer checkpoint which was
// damaged: it has the id of what was there before, or is the whole checkpoint.
func (f *File) WriteFront(i int, blob []byte) error {
	b := make([]byte, metaFront)
	copy(b, blob)
	f.stats.metaBytes.Add(int64(len(b)))
	return f.writeAt(b, int64(i-1)*format.MetaPageSize)
}

// ClearMeta writes zeros to meta page 1 or 2, from an offset in the page up to the note.
func (f *File) ClearMeta(i, from int) error {
	b := make([]byte, format.NoteOffset-from)
	f.stats.metaBytes.Add(int64(len(b)))
	return f.writeAt(b, int64(i-1)*format.MetaPageSize+int64(from))
}

// WriteNote writes the note of meta page 1 or 2, and nothing else of the page.
func (f *File) WriteNote(i int, note []byte) error {
	f.stats.metaBytes.Add(int64(len(note)))
	return f.writeAt(note, int64(i-1)*format.MetaPageSize+format.NoteOffset)
}
