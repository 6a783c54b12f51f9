package engine

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logFlags are those of every open of the log: whoever may write beside the database could
// make its name a link to any file, and on Windows a lock on data would keep others from
// reading it.
const logFlags = vfs.NoFollow | vfs.FarLocks

// openLog opens the log if there is one.
func (db *DB) openLog() error {
	flag := vfs.ReadWrite
	if db.opts.ReadOnly {
		flag = vfs.ReadOnly
	}
	f, err := db.fs.Open(db.logPath(), flag|logFlags|db.lockFlag(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return openError(db.logPath(), err)
	}
	return db.adoptLog(f)
}

// createLog makes the log of a database that has none, with the database's owner and mode:
// whoever may open the one has to open the other. It is called only when nothing speaks
// against opening the database any more. The log's name is not durable yet; see syncNames.
func (db *DB) createLog() error {
	perm, like := db.opts.Perm, db.names.file.Info()
	if like != nil {
		perm = like.Mode().Perm()
	}
	f, err := db.fs.Open(db.logPath(), logFlags|db.lockFlag()|vfs.ReadWrite|vfs.Create|vfs.MustCreate, perm)
	if err != nil {
		return openError(db.logPath(), err)
	}
	db.made.log = true
	db.namesSynced.Store(false)
	if err := db.adoptLog(f); err != nil {
		return err
	}
	if able, ok := f.(vfs.Owner); ok && like != nil {
		if err := able.OwnAs(like); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return openError(db.logPath(), err)
		}
	}
	return nil
}

// adoptLog makes an open file the log, and locks it: the lock on the database file is that
// of another file once somebody has renamed one over it, but the log is still the same.
func (db *DB) adoptLog(f vfs.File) error {
	db.names.mu.Lock()
	db.logFile, db.names.log = f, vfs.Identity{}
	db.names.mu.Unlock()
	if err := db.lockLog(f); err != nil {
		return err
	}
	id, err := vfs.Identify(db.fs, f)
	if err == nil {
		err = db.expectName(id, db.logPath())
	}
	if err != nil {
		return openError(db.logPath(), err)
	}
	db.names.mu.Lock()
	db.names.log = id
	db.names.mu.Unlock()
	return nil
}

// lockLog keeps every other handle from writing to the log, and a read-only one from reading
// one that is being written. C lsm1 knows no lock on the log.
func (db *DB) lockLog(f vfs.File) (err error) {
	held := false
	if db.opts.ReadOnly {
		held, err = f.Locked(vfs.SlotDMS2, 1, vfs.Shared)
	} else if err = f.Lock(vfs.SlotDMS2, vfs.Exclusive); errors.Is(err, vfs.ErrLocked) {
		held, err = true, nil
	}
	switch {
	case err != nil:
		return &Error{Code: CodeProtocol, Op: "lock", Path: db.logPath(), Err: err}
	case held:
		return &Error{Code: CodeBusy, Op: "open", Path: db.path,
			Detail: fmt.Sprintf("its log %s is being written through another handle, whose database file had the name %s before it was renamed, replaced or removed; close that one first", db.logPath(), db.path)}
	}
	return nil
}

// expectName returns an error if a file that was just opened has lost its name already.
func (db *DB) expectName(id vfs.Identity, name string) error {
	if has, err := id.Has(name); has || errors.Is(err, errors.ErrUnsupported) {
		return nil
	} else if err != nil {
		return err
	}
	return &Error{Code: CodeBusy, Op: "open", Path: name, Detail: "the file was renamed or replaced at the same moment; try again"}
}

// removeLog removes and closes the log. It removes nothing that is not proven to be the log.
func (db *DB) removeLog() error {
	db.names.mu.Lock()
	defer db.names.mu.Unlock()
	id := db.names.log
	if !vfs.RemovesOpen(db.fs) { // and with that nobody can have renamed it
		if err := db.closeLog(); err != nil {
			return err
		}
	}
	has, err := id.Has(db.logPath())
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if !has && err == nil {
		return &Error{Code: CodeMoved, Op: "remove", Path: db.logPath(), Detail: "the name is not that of the log any more, so nothing is removed"}
	}
	if err := db.fs.Remove(db.logPath()); err != nil {
		return err
	}
	return db.closeLog()
}

// forgetLog closes the log, because another file is to take its place.
func (db *DB) forgetLog() error {
	db.names.mu.Lock()
	defer db.names.mu.Unlock()
	return db.closeLog()
}

// closeLog closes the log. The caller has the mutex of names.
func (db *DB) closeLog() (err error) {
	if db.log != nil {
		err = db.log.Close()
	}
	if db.logFile != nil { // the log has closed it, if it was that file's
		if again := db.logFile.Close(); !errors.Is(again, fs.ErrClosed) {
			err = errors.Join(err, again)
		}
	}
	db.logFile, db.names.log = nil, vfs.Identity{}
	return err
}

// acceptLog looks at a file with the name of the log that holds no transaction of the
// database. It refuses one that is somebody else's. Of one that may be either, the noise of a
// power loss or anybody's, it is true that it has to be kept; see keepLog.
func (db *DB) acceptLog() (keep bool, err error) {
	kind, what, err := wal.Judge(db.logFile)
	switch {
	case err != nil:
		return false, &Error{Code: CodeIO, Op: "read", Path: db.logPath(), Err: err}
	case kind == wal.Foreign:
		return false, &Error{Code: CodeCantOpen, Op: "open", Path: db.path,
			Detail: fmt.Sprintf("%s has the name of its log, but is not a log: %s; it is left as it is; give it another name, or remove it, to open the database", db.logPath(), what)}
	}
	return kind == wal.Noise, nil
}

// keepLog gives a file another name that has that of the log and cannot be read, so that it
// is neither overwritten nor removed.
func (db *DB) keepLog() error {
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return err
	}
	kept := db.logPath() + "-kept-" + hex.EncodeToString(suffix[:])
	fail := func(err error) error { return openError(db.logPath(), err) }
	if _, err := vfs.Lstat(db.fs, kept); !errors.Is(err, fs.ErrNotExist) {
		return fail(fmt.Errorf("%s: %w", kept, errors.Join(err, fs.ErrExist)))
	}
	if err := db.expectName(db.names.log, db.logPath()); err != nil {
		return fail(err)
	}
	open := vfs.RemovesOpen(db.fs)
	db.names.mu.Lock()
	defer db.names.mu.Unlock()
	if !open {
		if err := db.closeLog(); err != nil {
			return fail(err)
		}
	}
	if err := db.fs.Rename(db.logPath(), kept); err != nil {
		return fail(err)
	}
	db.keptLog = kept
	if open {
		if err := db.closeLog(); err != nil {
			return fail(err)
		}
	}
	if db.opts.now().Safety == SafetyOff {
		return nil
	}
	if err := db.fs.SyncDir(kept); err != nil {
		return fail(err)
	}
	return nil
}
