// SPDX-License-Identifier: Apache-2.0

// Package kv is what the benchmark needs from a store of keys and values, small enough that every
// store can be used as its own documentation advises. The packages in stores implement it, and
// package work measures through it.
//
// Invariants: a store has one durability class from Open to Close; what a Reader returns is the
// newest committed state at the time of the call; each Write is one transaction, all or nothing.
package kv

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// Class says what a commit that has returned survives. All stores of one table have the same.
type Class string

const (
	// Normal syncs no commit. A kill of the process never damages the database; a power loss
	// may lose the newest commits. Whether a kill loses commits is up to the store, and counted.
	Normal Class = "N"
	// Full syncs each commit, or each group of commits that wait at the same time.
	Full Class = "F"
)

// ParseClass reads a class as it is written in flags.
func ParseClass(s string) (Class, error) {
	switch c := Class(s); c {
	case Normal, Full:
		return c, nil
	}
	return "", fmt.Errorf("class %q; want N (no sync per commit) or F (a sync per commit)", s)
}

// Config is how a store is opened.
type Config struct {
	Dir   string // its folder, which exists; the store makes what it needs there
	Class Class
	// CacheBytes is the memory for pages or blocks that were read. A store that reads through a
	// mapping of its files uses the kernel's page cache, and ignores it.
	CacheBytes int64
	// BufferBytes is the size of the tree or table in memory that takes new records, for stores
	// that have one and no advice of their own.
	BufferBytes int64
	// Rows is how many rows the database has, or is to have.
	Rows uint64
	// Writers is how many goroutines call Write at the same time; 0 is 1.
	Writers int
	// ReadMostly is set while a database is built, or opened, that is only read afterwards.
	ReadMostly bool
}

// Op is one change of a batch.
type Op = ops.Op

// Range is what a scan visits.
type Range = ops.Range

// Reader reads the newest committed state at each call. One goroutine at a time uses it.
type Reader = ops.Reader

// Store is an open database. Write, DeleteRange, Reader and Flush may be called from any goroutine.
type Store interface {
	ops.Store // Write and Reader
	// DeleteRange removes the keys in [from, to), in one transaction, in the store's best way.
	DeleteRange(from, to []byte) error
	// Flush writes everything committed into the store's main files, if the store has such a call.
	Flush() error
	// Close ends the use of the store. All readers are closed.
	Close() error
}

// Leveled is a Store that can say how many levels its tree has.
type Leveled interface {
	Levels() int
}

// Driver describes a store that the program was built with.
type Driver struct {
	Name    string // as in flags and reports
	Version string // of the module or library, if it is not in the program's build information
	Module  string // path of the module with the store, for its version
	// Settings says for each class, for the reader of a report, what was set and why.
	Settings map[Class]string
	// Cgo is set if the store is C code, called through cgo.
	Cgo bool
	// KillLoses says what the documentation of the store promises about commits of class Normal
	// after a kill of the process.
	KillLoses string
	Open      func(Config) (Store, error)
}
