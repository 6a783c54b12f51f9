// Package blockfile is the database file as blocks and pages: cached and checked reads
// of single pages, read-ahead for whole runs, appending of new pages, the two meta
// pages, and sync.
//
// It owns the page cache and every read and write of the database file. Segments read
// through a Space, which adds the redirects of the oldest segment. Pages are immutable
// once written, so a page that was handed out stays right for as long as somebody holds
// it, whatever happens to its block later. All methods of File and Space may be called
// from any goroutine; an Appender belongs to one.
package blockfile

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// File is the database file.
type File struct {
	f    vfs.File
	path string
	geo  format.Geometry

	cache   cache
	blocks  atomic.Uint32 // highest block number that may be read
	written atomic.Uint32 // pages written, modulo 2^32, as the checkpoint counts them
	stats   counters
}

type counters struct {
	misses, pagesRead, pagesWritten atomic.Int64
}

// Stats counts page traffic since the file was opened.
type Stats struct {
	CacheMisses  int64 // page lookups that the cache could not answer
	PagesRead    int64
	PagesWritten int64
	CacheBytes   int64
}

// New makes a File over an open file. cacheBytes bounds the page cache.
func New(f vfs.File, path string, geo format.Geometry, cacheBytes int64) *File {
	b := &File{f: f, path: path, geo: geo}
	b.cache.init(geo, cacheBytes)
	return b
}

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
	return Stats{
		CacheMisses: f.stats.misses.Load(), PagesRead: f.stats.pagesRead.Load(),
		PagesWritten: f.stats.pagesWritten.Load(), CacheBytes: f.cache.used.Load(),
	}
}

// Sync makes every page and meta page written so far durable.
func (f *File) Sync() error {
	if err := f.f.Sync(); err != nil {
		return &base.Error{Code: base.CodeIO, Op: "sync", Path: f.path, Err: err}
	}
	return nil
}

// readAt reads into b from offset off and returns how much the file has there; the rest
// of b is cleared.
func (f *File) readAt(b []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(b, off)
	if n == len(b) {
		return n, nil
	}
	clear(b[n:])
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, nil
	}
	return 0, &base.Error{Code: base.CodeIO, Op: "read", Path: f.path,
		Detail: fmt.Sprintf("%d bytes at offset %d", len(b), off), Err: err}
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
		return 0, f.corrupt(p, base.Corruptf("the page lies behind the end of the file"))
	}
	return n / f.geo.PageSize, nil
}

func (f *File) writeAt(b []byte, off int64) error {
	if _, err := f.f.WriteAt(b, off); err != nil {
		return ioError("write", f.path, fmt.Sprintf("%d bytes at offset %d", len(b), off), err)
	}
	return nil
}

// corrupt adds page and file to what a decoder found.
func (f *File) corrupt(p base.PageNo, err error) error {
	var ce *base.CorruptionError
	if !errors.As(err, &ce) {
		return err
	}
	ce.AtPage(p)
	ce.File = f.path
	if ce.Offset < 0 && p > 0 {
		ce.Offset = f.geo.Offset(p)
	}
	return ce
}

// inRange reports whether page p can hold data.
func (f *File) inRange(p base.PageNo) bool {
	return p >= f.geo.FirstPage(1) && p <= f.geo.MaxPage(f.blocks.Load())
}

func (f *File) outOfRange(p base.PageNo) error {
	return f.corrupt(p, base.Corruptf("a page number outside the file's %d blocks", f.Blocks()))
}

// RawPage reads page p afresh from the file, for checking and dumps. It verifies
// nothing, except that the file has such a page.
func (f *File) RawPage(p base.PageNo) ([]byte, error) {
	if !f.inRange(p) {
		return nil, f.outOfRange(p)
	}
	raw := make([]byte, f.geo.PageSize)
	if _, err := f.readPages(raw, p); err != nil {
		return nil, err
	}
	return raw, nil
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

// WriteMeta writes a checkpoint to meta page 1 or 2, followed by zeros: no more of the
// page than its data part, because the bytes behind carry the file locks.
func (f *File) WriteMeta(i int, blob []byte) error {
	b := make([]byte, format.MetaSize)
	copy(b, blob)
	return f.writeAt(b, int64(i-1)*format.MetaPageSize)
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
		return ioError("truncate", f.path, "", err)
	}
	return nil
}

// Size returns the length of the file in bytes.
func (f *File) Size() (int64, error) { return f.f.Size() }
