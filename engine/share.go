package engine

import (
	"reflect"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// live holds the handles of this process that write, by file, so that a read-only handle
// finds the database that it would find locked otherwise.
var live = struct {
	sync.Mutex
	writers map[liveKey]*DB
}{writers: make(map[liveKey]*DB)}

// liveKey is a file. Files of an FS that cannot be compared are not found again.
type liveKey struct {
	fs   vfs.FS
	path string
}

func (db *DB) liveKey() (liveKey, bool) {
	return liveKey{db.fs, db.path}, reflect.TypeOf(db.fs).Comparable()
}

// share lets read-only handles find a handle that has been opened for writing.
func (db *DB) share() {
	key, ok := db.liveKey()
	if !ok || db.opts.ReadOnly {
		return
	}
	live.Lock()
	defer live.Unlock()
	live.writers[key] = db
}

// unshare ends that. The handle is closed already, so nobody shares it any more.
func (db *DB) unshare() {
	key, ok := db.liveKey()
	if !ok {
		return
	}
	live.Lock()
	defer live.Unlock()
	if live.writers[key] == db {
		delete(live.writers, key)
	}
}

// openShared returns a read-only handle that shares the database of a handle that writes,
// or nil if there is none.
func openShared(fsys vfs.FS, path string) *DB {
	if !reflect.TypeOf(fsys).Comparable() {
		return nil
	}
	live.Lock()
	defer live.Unlock()
	writer := live.writers[liveKey{fsys, path}]
	if writer == nil || writer.enter("open") != nil {
		return nil
	}
	return &DB{core: writer.core, view: writer}
}
