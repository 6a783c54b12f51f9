// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"
)

// Observer reports what a database does: it has a function for each kind of event, any of which
// may be nil. Nothing is measured for a function that is nil, so a database without an Observer,
// or with one for rare events only, commits as fast as possible.
//
// Each function is called by the goroutine that did what the event is about, when it is done.
// That goroutine often has the writer's or the worker's turn, and others wait for it. So they
// should return soon, and must not write to the database, start or end its transactions, or close
// it. They may call what only reads (Stats, Pins, Structure, Options, Path). Events of one kind
// may come from several goroutines at once; each is passed by value and may be kept. Opened is
// the first event of a database, except for the flushes and checkpoints by which it was
// recovered, and Closed the last.
//
// One Observer may serve any number of databases: the events name theirs. It must not be
// changed once it was given to Open.
type Observer struct {
	// Opened reports every call of Open that knows which file it opens, also when it failed.
	Opened func(OpenEvent)
	// Recovered reports what Open has found in a database that was not closed properly, or that
	// is damaged. It is called right after Opened.
	Recovered func(RecoverEvent)
	// Committed reports every transaction that wrote something and was committed, also
	// when that failed. It is called when the transaction's locks are given back.
	Committed func(CommitEvent)
	// Flushed and Merged report a segment that was written and is now part of the
	// database, or the failure to write one.
	Flushed func(SegmentEvent)
	Merged  func(SegmentEvent)
	// Worked reports every share of flushing and merging that was done without a pause: by a
	// commit, a call of Work, Flush or Optimize, or a round of the background merger. A
	// checkpoint that came due during the share is part of its time, not of its bytes.
	Worked func(WorkEvent)
	// Checkpointed reports every checkpoint, also one that failed.
	Checkpointed func(CheckpointEvent)
	// Stalled reports every wait for work by which writers are held back.
	Stalled func(StallEvent)
	// Failed reports errors of work that no call did for its own result: that of a background
	// goroutine, and the work after a commit. No call returns such an error at once. The next
	// Begin returns the first one of flushing, of merging and of checkpointing each.
	Failed func(FailEvent)
	// Poisoned reports, once, that the database refuses all further writes.
	Poisoned func(PoisonEvent)
	// Skipped reports a range of keys in which a reader could not read something, with SkipDamaged, when
	// one has come to it for the first time.
	Skipped func(SkipEvent)
	// Cut reports a stream of changes that has lost its place, and a watch that has missed events: what the reader of
	// changes keeps up to date has to be made again. The goroutine that reads calls it, and has no turn. Of a
	// database without Options.Changes nothing is reported.
	Cut func(CutEvent)
	// Moved reports, once, that the database refuses all further writes because the database file
	// or its log has been renamed, replaced or removed.
	Moved func(MovedEvent)
	// Closed reports the end of a database, and whether everything was brought into its
	// file. Of the DB's methods only Path may be called afterwards.
	Closed func(CloseEvent)
}

// OpenEvent describes how a database was opened.
type OpenEvent struct {
	DB       *DB    // nil if Err is not
	Path     string // canonical
	ReadOnly bool
	Duration time.Duration // of all of Open
	// What was read from the log because it was committed after the last checkpoint:
	// transactions, their operations, and the bytes of the log that hold them.
	RecoveredCommits int
	RecoveredRecords int64
	RecoveredBytes   int64
	// KeptLog is the new name of a file that had the name of the log and could not be read:
	// the noise that a power loss made of a log, or a file of any program. Empty if there was none.
	KeptLog string
	Err     error
}

// CommitEvent describes a transaction.
type CommitEvent struct {
	DB *DB
	// Duration is what the writer waited for in Commit: Sync and Work are parts of it.
	Duration time.Duration
	Sync     time.Duration // writing the log, with other commits, and syncing it, under SafetyFull
	Work     time.Duration // the share of flushing and merging that this commit paid for
	// Turn is how long Begin waited for the writer's turn, that is for other writers.
	Turn time.Duration
	// Stall is how long Begin waited for the database to make room in memory.
	Stall   time.Duration
	Records int64 // operations: Put, Delete, DeleteRange
	Bytes   int64 // of their keys and values
	Err     error // nil if the transaction took place
}

// SegmentEvent describes a segment that was written, from what, and at which cost.
type SegmentEvent struct {
	DB *DB
	// Inputs is how many segments it replaces, TreeBytes the size of the in-memory tree
	// that was flushed into it, 0 for a merge.
	Inputs     int
	InputPages int64
	TreeBytes  int64
	Output     SegmentInfo // its Pages are 0 if nothing was left to write
	// Pages and Bytes were written to the file for it, and Duration is how long it was
	// worked on; pauses between the steps do not count.
	Pages, Bytes int64
	Duration     time.Duration
	Err          error // nil if the segment is part of the database now
}

// WorkEvent describes a share of flushing and merging.
type WorkEvent struct {
	DB *DB
	// By says who did it: "commit", "begin" (of a transaction, to make room), "merger",
	// the calls "open", of a log, "work", "flush", "optimize" and "close", or "checkpoint", for
	// the free list.
	By string
	// Pages and Bytes were written to the file.
	Pages, Bytes int64
	Duration     time.Duration
	Err          error
}

// CheckpointEvent describes a checkpoint.
type CheckpointEvent struct {
	DB *DB
	// ID is the number of the snapshot that was made durable.
	ID int64
	// Bytes were written to the file since the checkpoint before, and are durable now.
	Bytes    int64
	Duration time.Duration
	Err      error
}

// StallReason says why a writer is held back.
type StallReason string

// The reasons of stalls.
const (
	// StallFlush: both in-memory trees are full, and a commit or Begin must wait until the older
	// one is flushed.
	StallFlush StallReason = "flush"
	// StallMerge: there are so many segments that merging must catch up first.
	StallMerge StallReason = "merge"
	// StallCheckpoint: so much was written since the last checkpoint that the next one
	// has to be made first.
	StallCheckpoint StallReason = "checkpoint"
	// StallChanges: a stream of changes that must not lose its place, with OnLag Wait, lags so
	// much that it has to read first.
	StallChanges StallReason = "changes"
)

// StallReasons returns all of them.
func StallReasons() []StallReason {
	return []StallReason{StallFlush, StallMerge, StallCheckpoint, StallChanges}
}

// StallEvent describes how a writer was held back.
type StallEvent struct {
	DB       *DB
	Reason   StallReason
	Op       string        // what was held back: "commit" or "begin"
	Duration time.Duration // of the wait, with the work that was done during it
}

// FailEvent describes an error that no call has returned yet.
type FailEvent struct {
	DB  *DB
	Op  string // "merger", "checkpointer", or "commit" for the work after one
	Err error
}

// PoisonEvent says why nothing is written any more.
type PoisonEvent struct {
	DB  *DB
	Err error
}

// SkipEvent says what could not be read.
type SkipEvent struct {
	DB    *DB
	Range DamagedRange
}

// CutEvent describes a stream of changes, or a watch, that was too slow.
type CutEvent struct {
	DB *DB
	// Watch says that it is a watch, whose next event has Resync. Else it is a stream, which ends with ErrGap.
	Watch bool
	// Position is where it was: that after the newest transaction of which it has read everything.
	Position Position
	Lag      int64 // bytes of the log that it had still to read
	Err      error // why
}

// MovedEvent says what has happened to the files.
type MovedEvent struct {
	DB  *DB
	Err error // an ErrMoved, which names them
}

// CloseEvent describes how a database was closed.
type CloseEvent struct {
	DB       *DB
	Duration time.Duration
	Err      error
}

// JoinObservers returns an Observer that passes every event on to each of the given ones,
// in their order. Nil ones are left out; if there is no other, it returns nil.
func JoinObservers(list ...*Observer) *Observer {
	var joined *Observer
	for _, o := range list {
		switch {
		case o == nil:
		case joined == nil:
			joined = o
		default:
			joined = &Observer{
				Opened:       both(joined.Opened, o.Opened),
				Recovered:    both(joined.Recovered, o.Recovered),
				Committed:    both(joined.Committed, o.Committed),
				Flushed:      both(joined.Flushed, o.Flushed),
				Merged:       both(joined.Merged, o.Merged),
				Worked:       both(joined.Worked, o.Worked),
				Checkpointed: both(joined.Checkpointed, o.Checkpointed),
				Stalled:      both(joined.Stalled, o.Stalled),
				Failed:       both(joined.Failed, o.Failed),
				Poisoned:     both(joined.Poisoned, o.Poisoned),
				Skipped:      both(joined.Skipped, o.Skipped),
				Cut:          both(joined.Cut, o.Cut),
				Moved:        both(joined.Moved, o.Moved),
				Closed:       both(joined.Closed, o.Closed),
			}
		}
	}
	return joined
}

func both[E any](a, b func(E)) func(E) {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(e E) {
		a(e)
		b(e)
	}
}
