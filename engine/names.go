package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// names knows which files the database and its log are, and notices when their names become
// those of other files, or of none: somebody has renamed, replaced or removed them. What is
// written then goes to files that nobody may find again, and what is done by name meets
// files of others, who open them in good faith.
//
// The names are looked at
//
//   - by the first commit of each group that shares a sync, under SafetyFull;
//   - otherwise by a commit whose transaction began at least nameInterval after the last look;
//   - before every checkpoint, and before a log is removed.
//
// An FS that cannot tell files apart is believed.
type names struct {
	mu        sync.Mutex   // guards file and log
	file, log vfs.Identity // the zero one for a file that is not there, or that nobody knows
	looked    atomic.Int64 // when the names were looked at, in Unix nanoseconds
	moved     atomic.Pointer[movedFiles]
	salvaging atomic.Bool // Close writes to the files in spite of all
}

// movedFiles is what has become of the files, and the error that says so.
type movedFiles struct {
	what string
	err  error
}

// nameInterval is how long a handle goes on committing, except under SafetyFull, before it
// looks whether its files still have their names.
const nameInterval = time.Second

// Moved looks whether the database file and its log still have their names, and returns an
// ErrMoved that names both if one of them has been renamed, replaced or removed while it was
// open for writing. Then nothing can be written any more; reading goes on, and Close brings
// what was committed into the database file, wherever that is by now.
func (db *DB) Moved() error {
	if db.opts.ReadOnly || db.usable("look at") != nil {
		return db.moved()
	}
	return db.checkNames()
}

// moved is Moved without a new look.
func (db *DB) moved() error {
	if p := db.names.moved.Load(); p != nil {
		return p.err
	}
	return nil
}

// stopped returns why nothing can be written through a handle that was opened to write.
func (db *DB) stopped() error {
	if err := db.Poisoned(); err != nil {
		return err
	}
	return db.moved()
}

// checkNames looks at the names and returns an ErrMoved if they are not those of the files
// any more. A look that fails proves nothing, and is no error.
func (db *DB) checkNames() error {
	if db.names.salvaging.Load() {
		return nil
	}
	if err := db.moved(); err != nil {
		return err
	}
	db.names.looked.Store(time.Now().UnixNano())
	db.names.mu.Lock()
	lost := db.lostName("the database file", db.file, db.names.file, db.path)
	if lost == "" {
		lost = db.lostName("the log", db.logFile, db.names.log, db.logPath())
	}
	db.names.mu.Unlock()
	if lost == "" {
		return nil
	}
	err := &Error{Code: CodeMoved, Op: "write", Path: db.path,
		Detail: fmt.Sprintf("%s, so nothing more is written through this handle to the database or its log %s; close it, and open the database where it is now", lost, db.logPath())}
	if db.names.moved.CompareAndSwap(nil, &movedFiles{lost, err}) && db.obs.Moved != nil {
		db.obs.Moved(MovedEvent{DB: db, Err: err})
	}
	return db.moved()
}

// commitNames is checkNames for a commit, if it is due.
func (db *DB) commitNames(full bool) error {
	if err := db.moved(); err != nil {
		return err
	}
	since := db.writer.since.Load() - db.names.looked.Load()
	if since >= 0 && since < int64(nameInterval) && !(full && db.group.first()) {
		return nil
	}
	return db.checkNames()
}

// lostName says what has become of a file that has not its name any more, or nothing. The
// caller has the mutex.
func (db *DB) lostName(what string, f vfs.File, id vfs.Identity, name string) string {
	if has, err := id.Has(name); has || err != nil {
		return ""
	}
	another := ""
	if _, err := vfs.Lstat(db.fs, name); err == nil {
		another = fmt.Sprintf(", and %s is another file", name)
	}
	switch where, known := vfs.Location(f); {
	case !known:
		return fmt.Sprintf("%s %s has been renamed, replaced or removed%s", what, name, another)
	case where == "":
		return fmt.Sprintf("%s %s has been removed%s", what, name, another)
	default:
		return fmt.Sprintf("%s %s is now %s%s", what, name, where, another)
	}
}
