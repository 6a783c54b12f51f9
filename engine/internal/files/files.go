// SPDX-License-Identifier: Apache-2.0

// Package files owns the two files of a database: the database file and its log. It opens,
// makes, locks, names and removes them, and notices when their names become those of other
// files. Their content belongs to others: package blockfile reads and writes pages, package wal
// records.
//
// Only package engine calls it. Open, and what prepares the log, belong to one goroutine;
// when the database is open any goroutine may call Look, LookDue, Lost, Length,
// ForeignReader, NamesMayWait, SyncNames, SyncNamesSoon and the methods that only return a name.
//
// Invariants:
//
//   - Nothing is removed or renamed that is not proven to be the right file.
//   - A file that this Open has made, and nothing else, is removed again if the Open fails.
//   - The log is opened so that no link is followed, and is locked by itself, because its
//     database may have lost its name.
//   - The database file and its name are durable before anything is in the log, so a log
//     without a database is that of one that was deleted. Of a database that was closed this is
//     believed for a moment; see SyncNamesSoon.
package files

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// LogSuffix makes the log's name of the database's.
const LogSuffix = "-log"

// Config says how the files of a database are opened.
type Config struct {
	FS            vfs.FS
	Path          string // of the database, canonical
	ReadOnly      bool
	MustExist     bool // no database is made
	OptionalLocks bool // see vfs.OptionalLocks
	Perm          fs.FileMode
	// Patience is how long a process that is just opening or closing the database is waited for.
	Patience time.Duration
	// Syncs reports whether anything is synced, which may change while the database is open.
	Syncs func() bool
	// SyncData makes the content of the database file durable; see SyncDataLater.
	SyncData func() error
	// Moved is called once, when a name is first found to be lost.
	Moved func(err error)
}

// Files are the files of a database.
type Files struct {
	Config
	data    vfs.File
	mapping vfs.Mapping // of data; nil if it is read
	live    *livePage   // nil if no other process may read
	length  length
	logPath string
	made    struct{ data, log bool } // what this Open has made
	// keeps says that the file that was found in place of the log is to be kept, and kept
	// is the name that it was given.
	keeps bool
	kept  string

	mu     sched.Mutex // guards log and both identities
	log    vfs.File    // nil for a read-only handle without a log
	dataID vfs.Identity
	logID  vfs.Identity // the zero one for a file that is not there, or that nobody knows

	looked      atomic.Int64 // when the names were looked at, in Unix nanoseconds
	lost        atomic.Pointer[lost]
	salvaging   atomic.Bool // writing goes on despite a lost name
	namesSynced atomic.Bool // the names of both files are durable
	dataLater   atomic.Bool // the database file, too, is to be synced before they count as that
	soon        soon
}

// Data returns the database file.
func (f *Files) Data() vfs.File { return f.data }

// Log returns the log, nil if there is none.
func (f *Files) Log() vfs.File {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log
}

// LogPath returns the canonical name of the log.
func (f *Files) LogPath() string { return f.logPath }

// LogName returns the name of the log in its folder.
func (f *Files) LogName() string { return filepath.Base(f.logPath) }

// KeptLog returns the name that was given to a file that had that of the log and could not
// be read, or nothing.
func (f *Files) KeptLog() string { return f.kept }

// Size returns the length of the database file, when it is opened.
func (f *Files) Size() (int64, error) {
	size, err := f.data.Size()
	if err != nil {
		return 0, OpenError(f.Path, err)
	}
	return size, nil
}

// Map maps up to limit bytes of the database file, if limit is not 0. It returns nil for a
// file or a platform that cannot be mapped: it is read.
func (f *Files) Map(limit int64) vfs.Mapping {
	able, ok := f.data.(vfs.Mapper)
	if !ok || limit == 0 {
		return nil
	}
	m, err := able.Map(limit)
	if err != nil {
		return nil
	}
	f.mapping = m
	return m
}

// Release closes the files and with them gives up all locks.
func (f *Files) Release() {
	_ = f.forgetLog()
	if f.live != nil {
		_ = f.live.Close()
	}
	if f.mapping != nil {
		_ = f.mapping.Close()
	}
	if f.data != nil {
		f.closeData()
	}
}

// OpenError says why a file cannot be opened.
func OpenError(path string, err error) error {
	var typed *errs.Error
	if errors.As(err, &typed) {
		return err
	}
	e := &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Detail = "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		e.Detail = "no permission"
	case errors.Is(err, vfs.ErrLink):
		e.Detail = "the file is not opened, because its name may be a link to any file; remove the link"
	}
	return e
}

// folderError says that a folder is no database, but maybe another program's.
func folderError(path, what string, err error) error {
	return &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: path, Err: err,
		Detail: "this is " + what + "; an lsm1 database is a file"}
}
