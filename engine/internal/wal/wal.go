// SPDX-License-Identifier: Apache-2.0

// Package wal owns the log file: it appends transactions to it, finds the committed
// ones again after a crash, and decides which of its bytes may be overwritten.
//
// A Tail follows a log that is being written.
//
// Package engine calls it, and package files asks Judge. The file layout itself is package format's.
//
// The live log is a stream of at most three regions of the file, read in order 0, 1, 2;
// transactions are appended to region 2. While regions 0 and 1 are empty and region 2
// begins far enough into the file, the log can wrap: a jump leads from the end of
// region 2, which becomes region 0, to offset 0. If region 2 then grows up to where
// region 0 begins, a second jump leads over it: region 2 becomes region 1, and a new region 2
// begins after region 0.
//
//	          append                        wrap                         jump over
//	file  |......[ 2 ]->      |    |[ 2 ]->  ....[ 0 ]|      |[   1   ][ 0 ][ 2 ]->
//
// Invariants:
//
//   - Bytes of a region are overwritten only after a checkpoint that does not need them
//     any more was synced; Begin gets its position.
//   - Nothing that a transaction does to the log counts before its commit record was
//     written: not its bytes, not its checksums, not its jumps. Rolling back, all of it or to a
//     Mark, restores all three.
//   - A stream read from the newest checkpoint's position holds at most two jumps, and
//     none of them leads to an offset from format.LogMaxJump on, which C lsm1 could not
//     follow.
//   - No commit of an earlier use of the file can follow what is written now: the first
//     transaction after a recovery holds a random mark, which the checksums depend on. Nor can one
//     that could not be written: so does the first transaction after Undo, or after a Commit that failed.
//   - A transaction follows only the one that it was written after, and only if its commit agrees: what a Tail hands
//     over is never part of an earlier use of the bytes, nor past the place up to which it was told to read.
//   - The running checksum in End is the one at the end of region 2, whatever happened before. So
//     recovery from a checkpoint at End finds everything that is committed after it.
//   - Commits that are pending are written before any commit after them. If that fails, none of them
//     is in the log, and nothing is committed before Undo.
//   - With keys no byte of a record is written in clear, not even of one that is rolled back, and no box is made
//     with a key and a nonce that were used before. A transaction counts only if all its frames open, one after
//     the other, from the position's chain on.
package wal

import (
	"io"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
)

// File is what the log needs of a file; every vfs.File has it.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Sync() error
	SectorSize() int
	Truncate(size int64) error
}

// Region is a part of the log file, from byte Start up to byte End, not included. A
// region that is not in use is the zero Region.
type Region struct{ Start, End int64 }

func (r Region) inUse() bool { return r.End > 0 }

// contains reports whether off lies in the region. Its end belongs to it: that is where
// a checkpoint points that needs nothing of it.
func (r Region) contains(off int64) bool {
	return r.inUse() && r.Start <= off && off <= r.End
}

// Log is the log of an open database. Recover makes it.
//
// Its methods belong to one goroutine at a time, the writer's, with two exceptions: any number of
// goroutines may call Sync at any time before Close, and any goroutine may call WritePending while
// none of WritePending, Commit, CommitLater, Undo and Close is called.
type Log struct {
	f      File // nil: there is no file, and nothing can be written
	sector int64

	committed
	// seen is the newest checkpoint position that was looked at. Until another one
	// comes along nothing is reclaimed, so the position that the log was opened with,
	// which after a rebase means nothing in this log, never takes part.
	seen   format.LogPos
	useful bool                  // seen is another one than the log was opened with
	head   func() format.LogHead // what the file begins with; nil: nothing

	// The transaction in progress. Bytes base..tx.stream of its stream are in buf, those
	// before base are in the file.
	tx   transaction
	txID uint64
	buf  []byte
	base int64
	encrypted

	history   History
	pending   pending
	failed    atomic.Pointer[error] // the first error of Sync
	keep      int64                 // how long the file may be without need, as Trim was told
	untrimmed bool                  // the file could not be cut
	fixed     bool                  // the file could not be made longer

	written, fileEnd, syncs atomic.Int64 // see Stats
}

// committed is what the log is after the last commit.
type committed struct {
	regions [3]Region
	sum     format.Checksum // at the end of region 2
	stream  int64           // how many bytes come before that place; see Log.Place
	seq     uint64          // and how many transactions
	// align asks the next transaction to begin on a sector of its own, and mark to begin
	// with a mark; see prelude.
	align, mark bool
	padded      int64      // bytes of a pad that is in the file, at the beginning of the next transaction; see Align
	broken      bool       // nothing may be committed; see Break
	chained                // of a log that is encrypted
	box         *crypt.Box // for the next frame
}

// SetHead makes the log begin with a head, whenever a transaction begins the file. head is
// called by the writer. No transaction may be in progress.
func (l *Log) SetHead(head func() format.LogHead) {
	l.head = head
	l.Rollback()
}

// Stats counts what was done to the file.
type Stats struct {
	BytesWritten int64 // since the log was opened
	FileBytes    int64 // length of the file, as far as it was read or written
	Syncs        int64
}

// Stats returns the counters. Any goroutine may call it.
func (l *Log) Stats() Stats {
	return Stats{BytesWritten: l.written.Load(), FileBytes: l.fileEnd.Load(), Syncs: l.syncs.Load()}
}

// End returns the position after the last commit, with the checksum's state there:
// what the snapshot of a tree that holds everything up to there carries. Its toggle
// differs from that of the newest checkpoint position that the log knows of.
func (l *Log) End() format.LogPos {
	p := l.chained.at(l.regions[2].End, l.sum)
	p.Toggle = !l.seen.Toggle
	return p
}

// Place is a position between two transactions, with its numbers.
type Place = format.LogPlace

// Place returns the position after the last commit, and its numbers, which begin with 0 where Recover began to read.
func (l *Log) Place() Place { return Place{LogPos: l.End(), Stream: l.stream, Seq: l.seq} }

// Regions returns the regions as the last commit left them.
func (l *Log) Regions() [3]Region { return l.regions }

// Size returns how many bytes the live regions span.
func (l *Log) Size() int64 { return sizeOf(&l.regions) }

func sizeOf(regions *[3]Region) (n int64) {
	for _, r := range regions {
		n += r.End - r.Start
	}
	return n
}

// Uncommitted returns how many bytes the transaction in progress has added to the log.
func (l *Log) Uncommitted() int64 { return l.tx.stream + int64(len(l.clear)) }

// Sync makes every commit durable that was written before the call. Several goroutines may
// call it at once, and at the same time as any other method except Close. Its first error is final:
// every later Append, Commit and Sync returns it, because nobody knows what the disk
// holds after a failed sync.
func (l *Log) Sync() error {
	if err := l.failure(); err != nil {
		return err
	}
	if l.f == nil {
		return errNoFile("sync")
	}
	l.syncs.Add(1)
	if err := l.f.Sync(); err != nil {
		err := ioerr.New("sync log", "", "", err)
		l.failed.CompareAndSwap(nil, &err)
	}
	return l.failure()
}

// SyncFailed returns the error of the sync that has failed, nil if none has. Any goroutine may call it.
func (l *Log) SyncFailed() error { return l.failure() }

func (l *Log) failure() error {
	if p := l.failed.Load(); p != nil {
		return *p
	}
	return nil
}

func errNoFile(op string) error {
	return &errs.Error{Code: errs.CodeReadOnly, Op: op, Detail: "the log has no file to write to"}
}

// Close closes the file. What was not committed, or is pending, is dropped. Closing again does nothing.
func (l *Log) Close() error {
	f := l.f
	l.f, l.buf, l.clear, l.pending.buf = nil, nil, nil, nil
	l.tx = transaction{}
	if f == nil {
		return nil
	}
	return f.Close()
}
