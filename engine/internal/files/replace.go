// SPDX-License-Identifier: Apache-2.0

package files

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ReplaceLog makes a new file for the log, unless the one there is, is empty.
func (f *Files) ReplaceLog() error {
	old := f.Log()
	ended := old == nil && !f.made.data // the database was closed properly
	own := f.Path + LogSuffix
	if old != nil && f.logPath == own && !f.keeps {
		size, err := old.Size()
		if err != nil {
			return ioerr.New("size of log", f.logPath, "", err)
		}
		if size == 0 {
			return f.SyncDir()
		}
	}
	if old != nil {
		remove := f.removeLog
		if f.keeps {
			remove = f.keepLog
		}
		if err := remove(); err != nil {
			return ioerr.New("open", f.logPath, "", err)
		}
		if err := f.SyncDir(); err != nil {
			return err
		}
	}
	f.logPath = own
	if err := f.createLog(); err != nil || ended {
		return err // the session makes the name durable once that matters
	}
	return f.SyncDir()
}

// createLog makes the log of a database that has none, with the database's owner and mode:
// a program that may open the one must be able to open the other. It is called only when nothing
// speaks against opening the database any more. The log's name is not durable yet; see SyncNames.
func (f *Files) createLog() error {
	perm, like := f.Perm, f.dataID.Info()
	if like != nil {
		perm = like.Mode().Perm()
	}
	log, err := f.FS.Open(f.logPath, logFlags|f.LockFlag()|vfs.ReadWrite|vfs.Create|vfs.MustCreate, perm)
	if err != nil {
		return OpenError(f.logPath, err)
	}
	f.made.log = true
	f.namesSynced.Store(false)
	if err := f.adoptLog(log); err != nil {
		return err
	}
	if able, ok := log.(vfs.Owner); ok && like != nil {
		if err := able.OwnAs(like); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return OpenError(f.logPath, err)
		}
	}
	return nil
}

// EndLog removes and closes the log of a database that does not need it any more, because it
// is being closed.
func (f *Files) EndLog() error {
	if err := f.removeLog(); err != nil {
		return ioerr.New("close", f.logPath, "", err)
	}
	if !f.Syncs() || !f.namesSynced.Load() && !f.soonSynced() {
		return nil // no commit was ever written to the log, not even one that failed
	}
	if err := f.FS.SyncDir(f.logPath); err != nil {
		return ioerr.New("close", f.Path, "", err)
	}
	return nil
}

// removeLog removes and closes the log. It removes nothing that is not proven to be the log.
func (f *Files) removeLog() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.logID
	if !vfs.RemovesOpen(f.FS) { // and with that nobody can have renamed it
		if err := f.closeLog(); err != nil {
			return err
		}
	}
	has, err := id.Has(f.logPath)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if !has && err == nil {
		return &errs.Error{Code: errs.CodeMoved, Op: "remove", Path: f.logPath,
			Detail: "the name is not that of the log any more, so nothing is removed"}
	}
	if err := f.FS.Remove(f.logPath); err != nil {
		return err
	}
	return f.closeLog()
}

// keepLog gives a file another name that has that of the log and cannot be read, so that it
// is neither overwritten nor removed.
func (f *Files) keepLog() error {
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return err
	}
	kept := f.logPath + "-kept-" + hex.EncodeToString(suffix[:])
	fail := func(err error) error { return OpenError(f.logPath, err) }
	if _, err := vfs.Lstat(f.FS, kept); !errors.Is(err, fs.ErrNotExist) {
		return fail(fmt.Errorf("%s: %w", kept, errors.Join(err, fs.ErrExist)))
	}
	if err := expectName(f.logID, f.logPath); err != nil {
		return fail(err)
	}
	open := vfs.RemovesOpen(f.FS)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !open {
		if err := f.closeLog(); err != nil {
			return fail(err)
		}
	}
	if err := f.FS.Rename(f.logPath, kept); err != nil {
		return fail(err)
	}
	f.kept = kept
	if open {
		if err := f.closeLog(); err != nil {
			return fail(err)
		}
	}
	if !f.Syncs() {
		return nil
	}
	if err := f.FS.SyncDir(kept); err != nil {
		return fail(err)
	}
	return nil
}

// SyncNames makes the names of the files durable, unless that has been done: before the first
// commit that cannot wait for SyncNamesSoon, and before the first checkpoint, also of a session that
// uses no log, because the presence of the log is what tells a file that was being written from one
// that is damaged. A session on a closed database that writes nothing never does it.
func (f *Files) SyncNames() error {
	if f.namesSynced.Load() {
		return nil
	}
	if f.dataLater.Load() && f.Syncs() {
		if err := f.SyncData(); err != nil {
			return err
		}
		f.dataLater.Store(false)
	}
	return f.SyncDir()
}

// SyncDataLater has SyncNames make the database file durable as well, which may be a copy that is only
// in the cache. The session that is being opened syncs nothing if it writes nothing.
func (f *Files) SyncDataLater() { f.dataLater.Store(true) }

// SyncDir makes the names of the files durable, unless nothing is synced.
func (f *Files) SyncDir() error {
	if !f.Syncs() {
		return nil
	}
	if err := f.FS.SyncDir(f.Path); err != nil {
		return ioerr.New("sync directory of", f.Path, "", err)
	}
	f.namesSynced.Store(true)
	return nil
}

// SyncLog syncs the log, if there is one, and the names of both files.
func (f *Files) SyncLog() error {
	if log := f.Log(); log != nil {
		if err := log.Sync(); err != nil {
			return ioerr.New("sync", f.logPath, "", err)
		}
	}
	return f.SyncDir()
}
