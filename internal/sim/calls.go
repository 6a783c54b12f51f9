// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"io/fs"
	"sync"
	"sync/atomic"
)

// CallKind is a kind of call of a file system.
type CallKind string

// The kinds.
const (
	CallOpen      CallKind = "open"
	CallCreate    CallKind = "create" // an open that may make the file
	CallRead      CallKind = "read"
	CallWrite     CallKind = "write"
	CallTruncate  CallKind = "truncate"
	CallSync      CallKind = "sync"
	CallSyncDir   CallKind = "syncdir"
	CallRemove    CallKind = "remove"
	CallRename    CallKind = "rename"
	CallStat      CallKind = "stat" // sizes, too
	CallClose     CallKind = "close"
	CallLock      CallKind = "lock"       // locks of slots, and looking for them
	CallLockRange CallKind = "lock range" // the same of ranges
	CallMap       CallKind = "map"        // a mapping for reads or writes is made
	CallMapRead   CallKind = "mapped read"
	CallMapWrite  CallKind = "mapped write"
	CallUnmap     CallKind = "unmap"
	CallHint      CallKind = "hint" // reads and writes that are only begun
	CallName      CallKind = "name" // which name a file has
	CallOwn       CallKind = "own"
	CallList      CallKind = "list"
)

// ChangesFiles reports whether a call of this kind changes what other processes, or those that come after, find.
func (k CallKind) ChangesFiles() bool {
	switch k {
	case CallCreate, CallWrite, CallTruncate, CallSync, CallSyncDir, CallRemove, CallRename, CallLock, CallLockRange, CallMapWrite, CallOwn:
		return true
	}
	return false
}

// CanFail reports whether a call of this kind can return an error that says why it failed.
func (k CallKind) CanFail() bool { return k != CallHint }

// Call is one call.
type Call struct {
	Kind CallKind
	Name string // of the file
	Off  int64  // of the first byte
	Len  int64  // how many bytes
	N    int    // its number, from 1
}

// Fate is what happens to a call. The zero Fate lets it be.
type Fate struct {
	Err  error
	Part float64 // how much of a write or read is done before Err, from 0 to 1
	Drop int     // what a sync that fails drops; see faultfs.Rule
}

// gate is what all calls of a file system go through.
type gate struct {
	before func(Call) Fate
	after  func(Call)
	mu     sync.Mutex
	n      int
	open   atomic.Int64 // files and mappings
}

// call makes a call, unless it fails before that. part does as much of it as happens if it fails; nil is nothing.
func (g *gate) call(c Call, do func() error, part func(Fate)) error {
	g.mu.Lock()
	g.n++
	c.N = g.n
	g.mu.Unlock()
	fate := g.before(c)
	var err error
	if fate.Err == nil {
		err = do()
	} else {
		if part != nil {
			part(fate)
		}
		err = &fs.PathError{Op: string(c.Kind), Path: c.Name, Err: fate.Err}
	}
	g.after(c)
	return err
}
