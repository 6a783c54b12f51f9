// SPDX-License-Identifier: Apache-2.0

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
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// File is the database file.
type File struct {
	f    vfs.File
	path string
	geo  format.Geometry
	// mapping is what pages are copied from where that can be done; nil: always read.
	mapping vfs.Mapping

	keys    *crypt.Keys // nil unless the file is encrypted
	layout  layout
	cache   cache
	demand  demand
	blocks  atomic.Uint32 // highest block number that may be read
	written atomic.Uint32 // pages written, modulo 2^32, as the checkpoint counts them
	stats   counters

	syncing  sched.Mutex // held during a sync
	unsynced error       // of the first sync that has failed

	starter   vfs.WriteStarter // nil: the file cannot do that
	unstarted unstarted
	regions   regions
}

// SetMapping lets pages be copied from a mapping of the file, which stays the caller's, in
// place of being read. It must be called before anything is read, and the mapping must
// last until nothing is any more.
func (f *File) SetMapping(m vfs.Mapping) { f.mapping = m }

// PagesIn returns how many pages a segment has whose size, as lsm1 counts it, is given:
// about, in a compressed file, where that is a number of bytes.
func (f *File) PagesIn(size int64) int64 { return f.layout.pagesIn(size) }

// BytesIn returns how many bytes of the file such a segment takes.
func (f *File) BytesIn(size int64) int64 { return f.layout.bytesIn(size) }

// SizeWithin returns the size that a checkpoint states of a segment, or the greatest one that a segment can have in a
// file of that many bytes: memory is reserved by it, and a file that was made to do harm may state any number.
func (f *File) SizeWithin(size, length int64) int64 {
	return min(max(size, 0), length/f.layout.bytesIn(1)+1)
}

// Codec returns the codec of a compressed file, nil for another, and for one that is encrypted only.
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

// Held returns how many pages of the cache have holders.
func (f *File) Held() int { return f.cache.held() }

// Close gives the memory of the page cache back, when the last holder of a page has released it.
// The open file stays the caller's.
func (f *File) Close() { f.cache.close() }

// Sync makes every page and meta page written so far durable. Its first error is final: the system
// reports what it could not write to one sync of an open file only, and counts it as written from then
// on. So one sync is made at a time, and after one has failed none is made.
func (f *File) Sync() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if mutant.Is(mutant.PoisonForgotten) {
		f.unsynced = nil
	}
	if f.unsynced != nil {
		return f.unsynced
	}
	f.stats.syncs.Add(1)
	if err := f.f.Sync(); err != nil {
		f.stats.writeErrors.Add(1)
		f.unsynced = ioerr.New("sync", f.path, "", err)
	}
	return f.unsynced
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
	f.stats.bytesRead.count(int64(n))
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
// file has, at least one. Pages are written whole before anything refers to them, so a page after
// the end of the file was cut off: zeros in its place would pass for a page without records.
func (f *File) readPages(b []byte, p base.PageNo) (int, error) {
	n, err := f.readAt(b, f.geo.Offset(p))
	if err != nil {
		return 0, err
	}
	if n < f.geo.PageSize {
		return 0, f.corrupt(p, errs.Corruptf("the page is after the end of the file"))
	}
	return n / f.geo.PageSize, nil
}

// RawLink reads the link of block b to the next one (next) or the previous one, as it is in
// the file, whatever it says.
func (f *File) RawLink(b base.BlockNo, next bool) (base.BlockNo, error) {
	var link [format.LinkSize]byte
	_, err := f.readAt(link[:], f.geo.LinkOffset(b, next))
	return format.BlockLink(link[:]), err
}

func (f *File) writeAt(b []byte, off int64) error {
	if _, err := f.f.WriteAt(b, off); err != nil {
		f.stats.writeErrors.Add(1)
		return ioerr.Write("write", f.path, fmt.Sprintf("%d bytes at offset %d", len(b), off), err)
	}
	return nil
}

// corrupt adds page and file to what a decoder found. What is damaged in an encrypted file may as well have been
// changed: nobody can tell.
func (f *File) corrupt(p base.PageNo, err error) error {
	var ce *errs.CorruptionError
	if !errors.As(err, &ce) {
		return err
	}
	ce.AtPage(int64(p))
	if ce.File = f.path; f.keys != nil {
		ce.Code = errs.CodeTampered
	}
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

// Length returns the length of the file in bytes.
func (f *File) Length() (int64, error) {
	size, err := f.f.Size()
	if err != nil {
		return 0, ioerr.Write("stat", f.path, "", err)
	}
	return size, nil
}

// Truncate cuts the file after block b. Nothing that the newest checkpoint refers to
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
