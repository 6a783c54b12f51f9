// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"reflect"
	"runtime"
	"sync"
	"weak"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// sharing holds the handles of this process that write, by file, so that a read-only handle
// finds the database that it would find locked otherwise. It keeps no handle alive that
// its owner has forgotten.
var sharing = struct {
	sync.Mutex
	writers map[liveKey]weak.Pointer[DB]
}{writers: make(map[liveKey]weak.Pointer[DB])}

// liveKey is a file. Files of an FS that cannot be compared are not found again.
type liveKey struct {
	fs   vfs.FS
	path string
}

// keyOf returns the file of a handle, and whether it can be found by that.
func keyOf(db *DB) (liveKey, bool) {
	return liveKey{db.files.FS, db.path}, reflect.TypeOf(db.files.FS).Comparable()
}

// share lets read-only handles find a handle that has been opened for writing.
func share(db *DB) {
	key, ok := keyOf(db)
	if !ok || db.opts.ReadOnly {
		return
	}
	self := weak.Make(db)
	sharing.Lock()
	defer sharing.Unlock()
	sharing.writers[key] = self
	runtime.AddCleanup(db, func(key liveKey) { key.forget(self) }, key)
}

// forget removes a handle from the table, unless another has taken its place.
func (k liveKey) forget(handle weak.Pointer[DB]) {
	sharing.Lock()
	defer sharing.Unlock()
	if sharing.writers[k] == handle {
		delete(sharing.writers, k)
	}
}

// unshare ends that. The handle is closed already, so nobody shares it any more.
func unshare(db *DB) {
	if key, ok := keyOf(db); ok {
		key.forget(weak.Make(db))
	}
}

// writtenHere reports whether a handle of this process writes the database that a read-only one has opened.
func writtenHere(db *DB) bool {
	key, ok := keyOf(db)
	if !ok {
		return false
	}
	sharing.Lock()
	defer sharing.Unlock()
	return sharing.writers[key].Value() != nil
}

// openShared returns a read-only handle that shares the database of a handle that writes,
// or nil if there is none.
func openShared(fsys vfs.FS, path string) *DB {
	if !reflect.TypeOf(fsys).Comparable() {
		return nil
	}
	sharing.Lock()
	defer sharing.Unlock()
	writer := sharing.writers[liveKey{fsys, path}].Value()
	if writer == nil || writer.enter("open") != nil {
		return nil
	}
	if writer.files.Look() != nil { // the name is that of another file
		writer.leave()
		return nil
	}
	return &DB{core: writer.core, view: writer, slots: writer.ledger.Readers().NewSlots()}
}
