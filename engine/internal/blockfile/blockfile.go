// Package blockfile is the database file as blocks and pages: cached and checked reads
// of single pages, read-ahead for whole runs, appending of new pages, the two meta
// pages, and sync.
//
// It owns the page cache and every read and write of the database file. Segments read
// through a Space, which adds the redirects of the oldest segment. How pages lie in the file,
// side by side or as compressed records, is its layout's, which New chooses. Pages are
// immutable once written, so a page that was handed out stays right as long as it is held,
// whatever happens to its block later. All methods of File and Space may be called from any
// goroutine; an Appender belongs to one.
package blockfile

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// File is the database file.
type File struct {
	f    vfs.File
	path string
	geo  format.Geometry
	// mapping is what pages are copied from where that can be done; nil: always read.
	mapping vfs.Mapping

	layout  layout
	cache   cache
	blocks  atomic.Uint32 // highest block number that may be read
	written atomic.Uint32 // pages written, modulo 2^32, as the checkpoint counts them
	stats   counters
}

// Stats counts what was read and written since the file was opened.
type Stats struct {
	CacheLookups int64 // pages that readers asked for; merges read past the cache
	CacheMisses  int64 // of those, the ones that had to be read
	CacheBytes   int64 // held now

	// Pages read from the file: one for each miss, those read ahead of a scan with it and
	// those of long values, those that merges and checks read in long runs, and single ones
	// for their links or for a dump.
	MissPages, AheadPages, RunPages, RawPages int64
	PagesWritten                              int64
	// BytesRead counts all that was read, DataBytes and MetaBytes what was written to
	// pages and to meta pages.
	BytesRead, DataBytes, MetaBytes int64
	Syncs                           int64

	ReadErrors  int64 // reads that the operating system failed
	WriteErrors int64 // and writes, truncations and syncs
	BadPages    int64 // pages that were read and found damaged
}

// PagesRead returns how many pages were read from the file.
func (s *Stats) PagesRead() int64 { return s.MissPages + s.AheadPages + s.RunPages + s.RawPages }

// SetMapping lets pages be copied from a mapping of the file, which stays the caller's, in
// place of being read. It must be called before anything is read, and the mapping must
// last until nothing is any more.
func (f *File) SetMapping(m vfs.Mapping) { f.mapping = m }

// PagesIn returns how many pages a segment has whose size, as lsm1 counts it, is given:
// about, in a compressed file, where that is a number of bytes.
func (f *File) PagesIn(size int64) int64 { return f.layout.pagesIn(size) }

// BytesIn returns how many bytes of the file such a segment takes.
func (f *File) BytesIn(size int64) int64 { return f.layout.bytesIn(size) }

// Codec returns the codec of a compressed file, nil for another.
func (f *File) Codec() compress.Codec { return f.layout.codec() }

// Geometry returns where pages lie.
func (f *File) Geometry() format.Geometry { return f.geo }

// Path returns the file's name, for error messages.
func (f *File) Path() string { return f.path }

// SetBlocks tells how many blocks the file has: pages beyond them do not exist.
func (f *File) SetBlocks(n uint32) { f.blocks.Store(n) }

// Blocks returns what SetBlocks said.
func (f *File) Blocks() uint32 { return f.blocks.Load() }

// Written returns the number of pages written in the life of the database, modulo 2^32.
func (f *File) Written() uint32 { return f.written.Load() }

// SetWritten sets the starting point of Written, from the checkpoint.
func (f *File) SetWritten(n uint32) { f.written.Store(n) }

// Stats returns the counters.
func (f *File) Stats() Stats {
	c := &f.stats
	return Stats{
		CacheLookups: c.lookups.sum(), CacheMisses: c.misses.Load(), CacheBytes: f.cache.used.Load(),
		MissPages: c.missPages.Load(), AheadPages: c.aheadPages.Load(), RunPages: c.runPages.Load(), RawPages: c.rawPages.Load(),
		PagesWritten: c.pagesWritten.Load(), BytesRead: c.bytesRead.Load(), DataBytes: c.dataBytes.Load(), MetaBytes: c.metaBytes.Load(),
		Syncs:      c.syncs.Load(),
		ReadErrors: c.readErrors.Load(), WriteErrors: c.writeErrors.Load(), BadPages: c.badPages.Load(),
	}
}

// Sync makes every page and meta page written so far durable.
func (f *File) Sync() error {
	f.stats.syncs.Add(1)
	if err := f.f.Sync(); err != nil {
		f.stats.writeErrors.Add(1)
		return ioerr.New("sync", f.path, "", err)
	}
	return nil
}

// readAt reads into b from offset off and returns how much the file has there; the rest
// of b is cleared.
func (f *File) readAt(b []byte, off int64) (int, error) {
	if f.mapping != nil {
		if n, err := f.mapping.ReadAt(b, off); err == nil {
			return n, nil
		}
	}
	n, err := f.f.ReadAt(b, off)
	f.stats.bytesRead.Add(int64(n))
	if n == len(b) {
		return n, nil
	}
	clear(b[n:])
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, nil
	}
	f.stats.readErrors.Add(1)
	return 0, ioerr.New("read", f.path, fmt.Sprintf("%d bytes at offset %d", len(b), off), err)
}

// readPages fills b with whole pages from page p on and returns how many of them the
// file has, at least one. Pages are written whole before anything refers to them, so a
// page behind the end of the file was cut off: zeros in its place would pass for a page
// without records.
func (f *File) readPages(b []byte, p base.PageNo) (int, error) {
	n, err := f.readAt(b, f.geo.Offset(p))
	if err != nil {
		return 0, err
	}
	if n < f.geo.PageSize {
		return 0, f.corrupt(p, errs.Corruptf("the page lies behind the end of the file"))
	}
	return n / f.geo.PageSize, nil
}

func (f *File) writeAt(b []byte, off int64) error {
	if _, err := f.f.WriteAt(b, off); err != nil {
		f.stats.writeErrors.Add(1)
		return ioerr.Write("write", f.path, fmt.Sprintf("%d bytes at offset %d", len(b), off), err)
	}
	return nil
}

// corrupt adds page and file to what a decoder found.
func (f *File) corrupt(p base.PageNo, err error) error {
	var ce *errs.CorruptionError
	if !errors.As(err, &ce) {
		return err
	}
	ce.AtPage(int64(p))
	ce.File = f.path
	if ce.Offset < 0 && p > 0 {
		ce.Offset = f.geo.Offset(p)
	}
	return ce
}

// MaxContent returns a number of bytes that all pages of the file together cannot hold more
// than. A length that was read from a page and goes beyond it is damaged.
func (f *File) MaxContent() int64 { return f.layout.maxContent() }

// blockBytes is the size of all blocks together.
func (f *File) blockBytes() int64 { return int64(f.Blocks()) * int64(f.geo.BlockSize) }

// inRange reports whether page p can hold data.
func (f *File) inRange(p base.PageNo) bool {
	return p >= f.geo.FirstPage(1) && p <= f.geo.MaxPage(f.blocks.Load())
}

func (f *File) outOfRange(p base.PageNo) error {
	return f.corrupt(p, errs.Corruptf("a page number outside the file's %d blocks", f.Blocks()))
}

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

// WriteNote writes the note of meta page 1 or 2, and nothing else of the page.
func (f *File) WriteNote(i int, note []byte) error {
	f.stats.metaBytes.Add(int64(len(note)))
	return f.writeAt(note, int64(i-1)*format.MetaPageSize+format.NoteOffset)
}

// Truncate cuts the file behind block b. Nothing that the newest checkpoint refers to
// may lie there.
func (f *File) Truncate(b base.BlockNo) error {
	end := int64(b) * int64(f.geo.BlockSize)
	size, err := f.f.Size()
	if err == nil && size > end {
		err = f.f.Truncate(end)
	}
	if err != nil {
		f.stats.writeErrors.Add(1)
		return ioerr.Write("truncate", f.path, "", err)
	}
	return nil
}
