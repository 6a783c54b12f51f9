// SPDX-License-Identifier: Apache-2.0

// Package vfs is the engine's view of files: what it needs of them and nothing else.
//
// [OS] is the operating system's file system. Package memfs keeps files in memory and
// can lose power; package faultfs wraps another FS and makes chosen operations fail.
// Everything in the engine that touches a file does so through these interfaces, so that a test
// can use any of them.
//
// A name is a path in the form the FS itself uses; the engine passes names that came
// out of Canonical. Errors of all methods carry the operation and the name and satisfy
// errors.Is with the sentinels of io/fs (ErrNotExist, ErrExist, ErrPermission,
// ErrClosed, ErrInvalid) where one of them fits.
//
// Rare abilities of an FS or a File are interfaces of their own, found by type assertion:
// [Mapper], [Comparer], [Stater], [Locator], [Owner], [OpenRemover], [WriteStarter], [ReadStarter],
// [Lister], [RangeLocker], [Remoter], [SlotHolder], [WriteMapper]. The engine does without one that is missing, and so
// can every implementation of FS.
package vfs

import (
	"io"
	"io/fs"
)

// OpenFlag says how a file is opened. The bits are combined with |.
type OpenFlag uint8

const (
	// ReadOnly is the absence of ReadWrite: writing calls fail with fs.ErrPermission.
	ReadOnly OpenFlag = 0
	// ReadWrite opens for reading and writing.
	ReadWrite OpenFlag = 1
	// Create makes the file if it is missing.
	Create OpenFlag = 2
	// MustCreate makes Create fail with fs.ErrExist if the file is there already. It
	// means nothing without Create.
	MustCreate OpenFlag = 4
	// NoFollow makes Open fail with ErrLink if the last part of the name is a symbolic
	// link. On Unix the kernel looks at that; elsewhere it is looked at just before. An FS
	// without links may ignore it.
	NoFollow OpenFlag = 8
	// FarLocks puts the locks of this handle far beyond the end of the data where a lock
	// keeps others from reading and writing (Windows); elsewhere it means nothing. All
	// handles of a file have to agree about it.
	FarLocks OpenFlag = 16
	// OptionalLocks makes Lock and Locked settle for locks among the handles of this
	// process that were opened with it, where the file cannot be locked otherwise, instead
	// of failing with ErrLockUnsupported. The program must then make sure that no other
	// process uses the file. Where the file can be locked it means nothing.
	OptionalLocks OpenFlag = 32
)

// DefaultPerm is the mode of a new file for which Open is given none. A database is
// its owner's business unless told otherwise.
const DefaultPerm fs.FileMode = 0o600

// FS is a file system. All methods may be called by any number of goroutines.
type FS interface {
	// Open opens a regular file; anything else, a directory above all, is an error
	// under every flag. A file made by Create gets mode perm, or DefaultPerm if perm
	// is 0, and its directory entry is durable only after SyncDir.
	Open(name string, flag OpenFlag, perm fs.FileMode) (File, error)
	// Remove removes the directory entry of a file, not of a directory. It is durable
	// only after SyncDir. Handles that are open keep working, where the platform
	// allows the removal of an open file at all (Windows may refuse).
	Remove(name string) error
	// Rename gives the file oldname the name newname, replacing a file of that name
	// in one step. It is durable only after SyncDir of both names.
	Rename(oldname, newname string) error
	// Stat describes the file, following links, or returns fs.ErrNotExist.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the directory entry of the file name durable, or its absence, by
	// syncing its parent directory. It does nothing where the platform cannot do that.
	SyncDir(name string) error
	// Canonical returns the one absolute name of the file, with links resolved. The
	// file may be missing; its directory must exist. Two names of one file give the
	// same result except for hard links and for letter case on file systems that
	// ignore it, which only locks can tell.
	Canonical(name string) (string, error)
}

// File is an open file. ReadAt, WriteAt, Size and Sync may be called by any number of
// goroutines; so may the others, except that nothing else may run during Close.
//
// Every call after Close fails with fs.ErrClosed.
type File interface {
	// ReadAt follows io.ReaderAt: a read that meets the end of the file returns what
	// there is and io.EOF.
	io.ReaderAt
	// WriteAt follows io.WriterAt. A write beyond the end extends the file; bytes
	// skipped on the way are zero.
	io.WriterAt
	// Close releases the handle and every lock taken through it. It does not sync.
	io.Closer
	// Size returns the length of the file in bytes.
	Size() (int64, error)
	// Truncate sets the length of the file in bytes; bytes added are zero.
	Truncate(size int64) error
	// Sync returns once the data and the size of the file are durable, as far as
	// written before the call. After an error nothing is known about what was written
	// since the last success, and calling again would tell nothing: the kernel may
	// have dropped the pages. On a ReadOnly handle it promises nothing.
	Sync() error
	// SectorSize is the unit in which the disk writes, in bytes: a write that is cut short by
	// power loss may damage the sectors it touches, and no others.
	SectorSize() int
	// Lock sets this handle's lock on slot to kind, without waiting. Slot n is byte
	// 4096-n of the file, n in 1..29, as in lsm1. It returns ErrLocked if another
	// handle, of this process or another, holds a conflicting lock, and an error that
	// is ErrLockUnsupported if the file system cannot lock. Either leaves the handle
	// with the lock it had; only on Windows a failed step from Shared to Exclusive may
	// end with none. A ReadOnly handle cannot take Exclusive (fs.ErrPermission).
	//
	// On Unix the locks are advisory. On Windows nobody else can read or write a byte
	// locked Exclusive, nor write one locked Shared: read the first page of a file
	// that others may have open only up to byte 4066, where the data ends.
	Lock(slot int, kind LockKind) error
	// Locked reports whether Lock of the count slots from first with kind (Shared or
	// Exclusive) would meet a lock held by another handle. It takes nothing, and it
	// works on a ReadOnly handle for both kinds. On Windows it takes the locks for a
	// moment, and cannot answer for Exclusive on a slot that this handle holds Shared
	// (ErrLockUnsupported).
	Locked(first, count int, kind LockKind) (bool, error)
}
