// SPDX-License-Identifier: Apache-2.0

package faultfs

import (
	"fmt"
	"strings"
	"time"
)

// Kind is a kind of operation, or a set of kinds combined with |.
type Kind uint16

const (
	Open     Kind = 1 << iota // FS.Open without vfs.Create
	Create                    // FS.Open with vfs.Create, whether the file is there or not
	Read                      // File.ReadAt
	Write                     // File.WriteAt
	Truncate                  // File.Truncate
	Sync                      // File.Sync
	SyncDir                   // FS.SyncDir
	Remove                    // FS.Remove
	Rename                    // FS.Rename
	Stat                      // FS.Stat, FS.Lstat, File.Stat and File.Size
	Close                     // File.Close
	lastKind

	// Mutating are the kinds that may change what is in the files, what their names
	// are, or how much of that is durable.
	Mutating = Create | Write | Truncate | Sync | SyncDir | Remove | Rename
	// Any is every kind.
	Any = lastKind - 1
)

var kindNames = []string{
	"open", "create", "read", "write", "truncate", "sync", "syncdir",
	"remove", "rename", "stat", "close",
}

// String returns the names of the kinds in k.
func (k Kind) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// Op is one operation.
type Op struct {
	Kind    Kind   // one kind
	Name    string // of the file, as the caller named it
	NewName string // Rename: the new name
	Off     int64  // Read, Write: the first byte; Truncate: the new size
	Len     int64  // Read, Write: the number of bytes
	N       int    // its place among all operations of the FS, from 1
}

// String describes the operation in a few words.
func (o Op) String() string {
	s := fmt.Sprintf("operation %d: %v %s", o.N, o.Kind, o.Name)
	switch o.Kind {
	case Read, Write:
		s += fmt.Sprintf(" offset %d length %d", o.Off, o.Len)
	case Truncate:
		s += fmt.Sprintf(" size %d", o.Off)
	case Rename:
		s += " to " + o.NewName
	}
	return s
}

// Rule says which operations are disturbed and how. A zero field has no effect:
// Rule{Err: syscall.EIO} fails the first operation of all.
type Rule struct {
	// On is the kinds concerned; 0 is Any.
	On Kind
	// Suffix is how the file's name ends.
	Suffix string
	// Match looks at everything else. It must not use the FS.
	Match func(Op) bool
	// Nth is the first operation to be disturbed among those concerned; 0 is 1.
	Nth int
	// Forever disturbs all operations concerned from Nth on, not only that one.
	Forever bool

	// Err is what the operation fails with, within an fs.PathError.
	Err error
	// Part is how much of a write or read is done before Err, from 0 to 1.
	Part float64
	// Delay is how long the operation waits before it is done.
	Delay time.Duration
	// Drop makes a sync that fails drop what it should have made durable, as kernels do: it
	// goes on being read, counts as clean, and is lost with the power. It is the number of
	// bytes that the cache writes as one: 512 or 4096. 0 leaves everything as it was before
	// the sync. It has no effect unless the files of the inner file system have a method
	// FailSync(unit int), as those of memfs have.
	Drop int
	// Damage changes the bytes p that a read found at off; see FlipBit.
	Damage func(p []byte, off int64)
}

// FlipBit returns a Rule.Damage that flips bit 0..7 of the byte at offset at, if it
// is among those read. To damage what a file seems to hold and not just one read, make
// the rule Forever.
func FlipBit(at int64, bit uint) func(p []byte, off int64) {
	return func(p []byte, off int64) {
		if i := at - off; i >= 0 && i < int64(len(p)) {
			p[i] ^= 1 << (bit & 7)
		}
	}
}

// Fault is an active rule.
type Fault struct {
	fs    *FS
	rule  Rule
	seen  int
	hits  int
	first Op
}

// Hits returns how many operations it has disturbed so far.
func (f *Fault) Hits() int {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.hits
}

// First returns the first operation it has disturbed, or the zero Op.
func (f *Fault) First() Op {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.first
}

// strikes reports whether the rule disturbs op, and counts it if it is concerned. The
// caller holds the FS's lock.
func (f *Fault) strikes(op Op) bool {
	r := &f.rule
	if r.On != 0 && r.On&op.Kind == 0 || !strings.HasSuffix(op.Name, r.Suffix) {
		return false
	}
	if r.Match != nil && !r.Match(op) {
		return false
	}
	f.seen++
	nth := max(r.Nth, 1)
	if f.seen < nth || f.seen > nth && !r.Forever {
		return false
	}
	if f.hits == 0 {
		f.first = op
	}
	f.hits++
	return true
}
