// SPDX-License-Identifier: Apache-2.0

package main

/*
#include <stdlib.h>
#include "abi.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// envFS is the files of a program's environment. What that has no function for, it does without: files are not
// renamed, folders not synced.
//
// Handles of one file may have environments of their own, each of which ends with its handle. So the files that
// are open move to the environment of a handle that stays: see moveTo.
type envFS struct {
	mu    sync.Mutex
	env   *C.lsm_env
	files map[*envFile]bool
}

func newEnvFS(env *C.lsm_env) *envFS { return &envFS{env: env, files: map[*envFile]bool{}} }

func (e *envFS) current() *C.lsm_env {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.env
}

// moveTo opens all files again in another environment, with the locks that they have, and closes them in this one.
// A file for which that fails can no longer be used.
func (e *envFS) moveTo(env *C.lsm_env) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.env = env
	for f := range e.files {
		f.moveTo(env)
	}
}

// envError is an error of an environment as one of io/fs.
func envError(op, name string, rc C.int) error {
	if rc == C.LSM_OK {
		return nil
	}
	var err error
	switch rc {
	case C.LSM_IOERR_NOENT:
		err = fs.ErrNotExist
	case C.LSM_FULL:
		err = syscall.ENOSPC
	case C.LSM_READONLY:
		err = fs.ErrPermission
	default:
		err = ownCode(rc)
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Open implements vfs.FS. xOpen makes a file that is missing, so whether it is there is found out first, where
// that matters.
func (e *envFS) Open(name string, flag vfs.OpenFlag, _ fs.FileMode) (vfs.File, error) {
	if flag&vfs.ReadWrite == 0 {
		return e.open(name, C.LSM_OPEN_READONLY)
	}
	if flag&vfs.Create == 0 || flag&vfs.MustCreate != 0 {
		_, err := e.Stat(name)
		switch {
		case flag&vfs.Create == 0 && err != nil:
			return nil, err
		case flag&vfs.Create != 0 && err == nil:
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
		}
	}
	return e.open(name, 0)
}

func (e *envFS) open(name string, flags C.int) (*envFile, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := &envFile{fs: e, name: name, readOnly: flags != 0, held: map[int]vfs.LockKind{}}
	if err := f.open(e.env); err != nil {
		return nil, err
	}
	e.files[f] = true
	return f, nil
}

// open opens the file in an environment.
func (f *envFile) open(env *C.lsm_env) error {
	z := C.CString(f.name)
	defer C.free(unsafe.Pointer(z))
	flags := C.int(0)
	if f.readOnly {
		flags = C.LSM_OPEN_READONLY
	}
	var file *C.lsm_file
	if rc := C.lsmliteCallOpen(env, z, flags, &file); rc != C.LSM_OK {
		return envError("open", f.name, rc)
	}
	f.env, f.f, f.sector = env, file, int(C.lsmliteCallSectorSize(env, file))
	return nil
}

// moveTo opens the file in another environment. The old locks are gone before the new ones are taken.
func (f *envFile) moveTo(env *C.lsm_env) {
	f.mu.Lock()
	defer f.mu.Unlock()
	oldEnv, old := f.env, f.f
	f.f = nil // unless the file is opened again: nobody may close it twice
	f.broken = f.open(env)
	if old != nil {
		C.lsmliteCallClose(oldEnv, old)
	}
	for slot, kind := range f.held {
		if f.broken == nil {
			f.broken = envError("lock", f.name, C.lsmliteCallLock(f.env, f.f, C.int(slot), lockKind(kind)))
		}
	}
}

// Remove implements vfs.FS.
func (e *envFS) Remove(name string) error {
	z := C.CString(name)
	defer C.free(unsafe.Pointer(z))
	return envError("remove", name, C.lsmliteCallUnlink(e.current(), z))
}

// Rename implements vfs.FS: an environment cannot.
func (e *envFS) Rename(oldname, _ string) error {
	return &fs.PathError{Op: "rename", Path: oldname, Err: errors.ErrUnsupported}
}

// Stat implements vfs.FS.
func (e *envFS) Stat(name string) (fs.FileInfo, error) {
	f, err := e.open(name, C.LSM_OPEN_READONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	return envInfo{filepath.Base(name), size}, err
}

// SyncDir implements vfs.FS: xSync is all there is.
func (e *envFS) SyncDir(string) error { return nil }

// Canonical implements vfs.FS.
func (e *envFS) Canonical(name string) (string, error) {
	z := C.CString(name)
	defer C.free(unsafe.Pointer(z))
	n := C.int(0)
	if rc := C.lsmliteCallFullpath(e.current(), z, nil, &n); rc != C.LSM_OK {
		return "", envError("path", name, rc)
	}
	for range 2 { // the folder may have changed between the calls
		out := C.malloc(C.size_t(max(n, 1)))
		room := n
		rc := C.lsmliteCallFullpath(e.current(), z, (*C.char)(out), &n)
		full := C.GoStringN((*C.char)(out), max(min(n, room)-1, 0))
		C.free(out)
		if rc != C.LSM_OK {
			return "", envError("path", name, rc)
		}
		if n <= room {
			return full, nil
		}
	}
	return "", envError("path", name, C.LSM_IOERR)
}

// envInfo describes a file, as far as an environment can.
type envInfo struct {
	name string
	size int64
}

func (i envInfo) Name() string       { return i.name }
func (i envInfo) Size() int64        { return i.size }
func (i envInfo) Mode() fs.FileMode  { return 0o644 }
func (i envInfo) ModTime() time.Time { return time.Time{} }
func (i envInfo) IsDir() bool        { return false }
func (i envInfo) Sys() any           { return nil }

// envFile is an open file of an environment.
type envFile struct {
	fs       *envFS
	name     string
	readOnly bool

	mu     sync.RWMutex // held for reading by every call, for writing by those that end the use of f
	env    *C.lsm_env
	f      *C.lsm_file
	sector int
	closed bool
	broken error

	locks sync.Mutex
	held  map[int]vfs.LockKind

	grow  sync.Mutex
	size  int64 // the file is at least this long
	known bool  // and not longer, unless another handle writes
}

func (f *envFile) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// use holds the file open for a call.
func (f *envFile) use(op string, writes bool) error {
	f.mu.RLock()
	switch {
	case f.closed:
		f.mu.RUnlock()
		return f.fail(op, fs.ErrClosed)
	case f.broken != nil:
		err := f.broken
		f.mu.RUnlock()
		return err
	case writes && f.readOnly:
		f.mu.RUnlock()
		return f.fail(op, fs.ErrPermission)
	}
	return nil
}

// maxCall bounds how many bytes one call of an environment reads or writes.
const maxCall = 1 << 30

// ReadAt implements vfs.File. xRead does not report the end of the file, but fills up with zeros.
func (f *envFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.use("read", false); err != nil {
		return 0, err
	}
	defer f.mu.RUnlock()
	if off < 0 {
		return 0, f.fail("read", fs.ErrInvalid)
	}
	size, err := f.length(off + int64(len(p)))
	if err != nil {
		return 0, err
	}
	n := int(max(min(size-off, int64(len(p))), 0))
	for at := 0; at < n; {
		part := p[at:min(n, at+maxCall)]
		if rc := C.lsmliteCallRead(f.env, f.f, C.lsm_i64(off)+C.lsm_i64(at), unsafe.Pointer(&part[0]), C.int(len(part))); rc != C.LSM_OK {
			return at, envError("read", f.name, rc)
		}
		at += len(part)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements vfs.File.
func (f *envFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.use("write", true); err != nil {
		return 0, err
	}
	defer f.mu.RUnlock()
	if off < 0 {
		return 0, f.fail("write", fs.ErrInvalid)
	}
	for at := 0; at < len(p); {
		part := p[at:min(len(p), at+maxCall)]
		if rc := C.lsmliteCallWrite(f.env, f.f, C.lsm_i64(off)+C.lsm_i64(at), unsafe.Pointer(&part[0]), C.int(len(part))); rc != C.LSM_OK {
			return at, envError("write", f.name, rc)
		}
		at += len(part)
	}
	f.grow.Lock()
	f.size = max(f.size, off+int64(len(p)))
	f.grow.Unlock()
	return len(p), nil
}

// Close implements vfs.File.
func (f *envFile) Close() error {
	f.fs.mu.Lock()
	delete(f.fs.files, f)
	f.fs.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	if f.f == nil {
		return nil
	}
	return envError("close", f.name, C.lsmliteCallClose(f.env, f.f))
}

// Size implements vfs.File.
func (f *envFile) Size() (int64, error) {
	if err := f.use("size", false); err != nil {
		return 0, err
	}
	defer f.mu.RUnlock()
	return f.length(1<<63 - 1)
}

// length returns the length of the file, or of as much of it as is known to be there, if that is enough.
func (f *envFile) length(enough int64) (int64, error) {
	f.grow.Lock()
	defer f.grow.Unlock()
	if f.size >= enough || f.known && !f.readOnly {
		return f.size, nil
	}
	var n C.lsm_i64
	if rc := C.lsmliteCallLength(f.env, f.f, &n); rc == C.LSM_OK || n > 0 {
		f.size = max(f.size, int64(n))
	} else if err := f.search(); err != nil {
		return 0, err
	}
	f.known = true
	return f.size, nil
}

// searchStep and searchZeros are how a file is searched for its end, if xRemap cannot tell: it is after the last
// eight bytes that are not all zero, before so many zeros.
const (
	searchStep  = 1 << 20
	searchZeros = 64 << 20
)

func (f *envFile) search() error {
	buf := make([]byte, searchStep)
	end := f.size
	for off := int64(0); off < end+searchZeros; off += searchStep {
		if rc := C.lsmliteCallRead(f.env, f.f, C.lsm_i64(off), unsafe.Pointer(&buf[0]), searchStep); rc != C.LSM_OK {
			return envError("read", f.name, rc)
		}
		n := len(buf)
		for n > 0 && binary.NativeEndian.Uint64(buf[n-8:]) == 0 {
			n -= 8
		}
		if n > 0 {
			end = off + int64(n)
		}
	}
	f.size = end
	return nil
}

// Truncate implements vfs.File.
func (f *envFile) Truncate(size int64) error {
	if err := f.use("truncate", true); err != nil {
		return err
	}
	defer f.mu.RUnlock()
	if size < 0 {
		return f.fail("truncate", fs.ErrInvalid)
	}
	f.grow.Lock()
	defer f.grow.Unlock()
	if err := envError("truncate", f.name, C.lsmliteCallTruncate(f.env, f.f, C.lsm_i64(size))); err != nil {
		return err
	}
	f.size, f.known = size, true
	return nil
}

// Sync implements vfs.File.
func (f *envFile) Sync() error {
	if err := f.use("sync", false); err != nil {
		return err
	}
	defer f.mu.RUnlock()
	if f.readOnly {
		return nil
	}
	return envError("sync", f.name, C.lsmliteCallSync(f.env, f.f))
}

// SectorSize implements vfs.File.
func (f *envFile) SectorSize() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return max(f.sector, 512)
}

// Lock implements vfs.File.
func (f *envFile) Lock(slot int, kind vfs.LockKind) error {
	if err := f.use("lock", kind == vfs.Exclusive); err != nil {
		return err
	}
	defer f.mu.RUnlock()
	f.locks.Lock()
	defer f.locks.Unlock()
	rc := C.lsmliteCallLock(f.env, f.f, C.int(slot), lockKind(kind))
	if rc == C.LSM_BUSY {
		return f.fail("lock", vfs.ErrLocked)
	}
	if f.held[slot] = kind; kind == vfs.Unlock {
		delete(f.held, slot)
	}
	return envError("lock", f.name, rc)
}

// Locked implements vfs.File.
func (f *envFile) Locked(first, count int, kind vfs.LockKind) (bool, error) {
	if err := f.use("lock", false); err != nil {
		return false, err
	}
	defer f.mu.RUnlock()
	rc := C.lsmliteCallTestLock(f.env, f.f, C.int(first), C.int(count), lockKind(kind))
	if rc == C.LSM_BUSY {
		return true, nil
	}
	return false, envError("lock", f.name, rc)
}

func lockKind(k vfs.LockKind) C.int {
	switch k {
	case vfs.Exclusive:
		return C.LSM_LOCK_EXCL
	case vfs.Shared:
		return C.LSM_LOCK_SHARED
	}
	return C.LSM_LOCK_UNLOCK
}

// Stat implements vfs.Stater.
func (f *envFile) Stat() (fs.FileInfo, error) {
	size, err := f.Size()
	return envInfo{filepath.Base(f.name), size}, err
}

// String names the file in messages.
func (f *envFile) String() string { return fmt.Sprintf("file %s of an environment", f.name) }
