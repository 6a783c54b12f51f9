// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

var _ Mapper = (*osFile)(nil)

// mapChunk is how much of a file is mapped at once. Chunks may reach beyond the end of the
// file; what it grows by then is in the mapping without any further call.
const mapChunk = 64 << 20

// maxMapChunks bounds the address space that a mapping takes: 16 TiB, or 1 GiB where
// addresses have 32 bits.
const maxMapChunks = 1 << (4 + 14*(^uint(0)>>63))

// osMapping maps a file chunk by chunk, each when it is first read.
type osMapping struct {
	f      *osFile
	limit  int64
	chunks atomic.Pointer[[][]byte] // by number; nil where nothing is mapped yet

	mu     sync.Mutex // guards the growth of chunks, and failed
	failed bool       // the kernel has refused a chunk: the rest is read
}

// Map implements Mapper.
func (f *osFile) Map(limit int64) (Mapping, error) {
	if limit < 0 {
		return nil, f.fail("map", fs.ErrInvalid)
	}
	m := &osMapping{f: f, limit: limit}
	m.chunks.Store(new([][]byte))
	if limit > 0 && m.chunk(0) == nil {
		return nil, f.fail("map", errors.ErrUnsupported)
	}
	return m, nil
}

// ReadAt implements Mapping.
func (m *osMapping) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || len(p) == 0 || off > m.limit-int64(len(p)) {
		return 0, ErrNotMapped
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		c := m.chunk(at / mapChunk)
		if c == nil {
			return 0, ErrNotMapped
		}
		part := c[at%mapChunk:]
		if len(part) > len(p)-n {
			part = part[:len(p)-n]
		}
		if !guardedCopy(p[n:], part) {
			return 0, ErrNotMapped
		}
		n += len(part)
	}
	// Memory comes in pages: after the end of the file, up to the end of its last page in
	// memory, there are zeros and no fault. Whatever was cut off there reaches to the end of the
	// requested bytes, so a last byte that is not zero proves that all is there.
	if p[n-1] == 0 && !m.goesOn(off+int64(n)) {
		return 0, ErrNotMapped
	}
	return n, nil
}

// goesOn reports whether the file has a page in memory after the one on which the bytes before end
// lie: then those are all the file's.
func (m *osMapping) goesOn(end int64) bool {
	page := int64(os.Getpagesize())
	next := (end + page - 1) / page * page
	if next >= m.limit {
		return false
	}
	c := m.chunk(next / mapChunk)
	var b [1]byte
	return c != nil && guardedCopy(b[:], c[next%mapChunk:])
}

// guardedCopy copies from a mapping and reports whether that could be done. Dst is memory, so whatever the runtime
// panics with is about the mapping. Where the system tells the address, the error has a method Addr; qemu-user does not
// tell it for arm and arm64.
func guardedCopy(dst, src []byte) (done bool) {
	was := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(was)
		if r := recover(); r != nil {
			if _, ok := r.(runtime.Error); !ok {
				panic(r)
			}
		}
	}()
	copy(dst, src)
	return true
}

// chunk returns a chunk of the mapping, making it if necessary, or nil.
func (m *osMapping) chunk(i int64) []byte {
	if c := *m.chunks.Load(); i < int64(len(c)) && c[i] != nil {
		return c[i]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.chunks.Load()
	switch {
	case i < int64(len(old)) && old[i] != nil:
		return old[i]
	case m.failed || i >= maxMapChunks:
		return nil
	}
	var b []byte
	err := m.f.withFd(func(fd uintptr) (err error) {
		b, err = unix.Mmap(int(fd), i*mapChunk, mapChunk, unix.PROT_READ, unix.MAP_SHARED)
		return err
	})
	if err != nil {
		m.failed = true
		return nil
	}
	grown := make([][]byte, max(int64(len(old)), i+1))
	copy(grown, old)
	grown[i] = b
	m.chunks.Store(&grown)
	return b
}

// Close implements Mapping.
func (m *osMapping) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = true
	var errs []error
	for _, c := range *m.chunks.Swap(new([][]byte)) {
		if c != nil {
			errs = append(errs, unix.Munmap(c))
		}
	}
	return errors.Join(errs...)
}
