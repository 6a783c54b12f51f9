// SPDX-License-Identifier: Apache-2.0

// Package check is the integrity check: it reads from the file, without the page cache, everything
// that one state of a database consists of, and reports what is wrong with it.
//
// It owns nothing and changes nothing. The caller pins the state, so that none of its blocks is
// overwritten in the meantime, and passes everything in an Input. The meta pages and the log must
// not change while they are read, so the Input has functions that read them. One run belongs to
// one goroutine; any number of runs may go on at once.
//
// Each subject has a file: the meta pages (meta), the block links of the segments
// (chain), what each block is used for (blocks), how the pages of a compressed segment
// follow each other (layout), pages and records (segment, over run), b-trees (btreewalk,
// btreematch), FC pointers (links), the free list and the levels (state), the log (log).
package check

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Input is what one run checks.
type Input struct {
	Path string // names the database in problems
	File *blockfile.File
	Keys *crypt.Keys // of an encrypted file
	// Decode reads a meta page.
	Decode func(meta []byte) (*format.Checkpoint, error)
	// State pins the state to be checked. The caller calls release when nothing of it is
	// needed any more.
	State func() (s State, release func())
	// Meta calls look while no checkpoint writes the meta pages. It may omit the call once ctx
	// has ended.
	Meta func(ctx context.Context, look func(Meta))
	// Gone returns why what is read does not belong to the state any more, which ends the check. nil: it always does.
	Gone func() error
	// Log calls look while nobody writes to the log and no transaction is under way. It
	// does not call it where that would mean to wait for a transaction, or where there is
	// no log.
	Log func(look func(Log))
}

// State is one state of the database, with the free list that belongs to its levels.
type State struct {
	Disk *snapshot.Snapshot
	ledger.Account
	// Live and Old are the trees in memory; one that there is not is the zero View.
	Live, Old memtree.View
}

// Meta is what the meta pages have to hold.
type Meta struct {
	Newest int             // page whose checkpoint is the newest and durable; 0: neither has one
	Synced base.SnapshotID // number of that checkpoint
	Pair   bool            // the other page has to hold the same checkpoint
}

// Log is the log as the writer knows it.
type Log struct {
	File    vfs.File
	Regions [3]wal.Region // what is still needed of it
	End     format.LogPos // where the next transaction goes
	Broken  bool          // commits without a log came after that, so no checksum leads to it
}

// Run checks all there is and calls report for each problem, until that returns false or
// ctx ends.
func Run(ctx context.Context, in Input, report func(Problem) bool) {
	c := newChecker(ctx, in, report)
	stored := c.metaPages()
	s, release := in.State()
	defer release()
	c.take(s)
	c.stored(stored)
	c.levels()
	c.trees()
	c.log()
}

// First checks the levels and the free list of a state that nobody else knows yet, and all
// pages that belong to them. It returns the first problem, or false.
func First(ctx context.Context, path string, f *blockfile.File, s State) (first Problem, found bool) {
	c := newChecker(ctx, Input{Path: path, File: f}, func(p Problem) bool {
		first, found = p, true
		return false
	})
	c.take(s)
	c.levels()
	return first, found
}

// levels checks the levels and everything on the disk that they consist of.
func (c *checker) levels() {
	c.order()
	for _, s := range c.segs {
		c.chainOf(s)
	}
	c.accounts()
	for _, s := range c.segs {
		if c.stopped() {
			return
		}
		c.layout(s)
		c.segment(s)
	}
	c.links()
	c.records()
}
