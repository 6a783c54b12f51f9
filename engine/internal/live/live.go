// SPDX-License-Identifier: Apache-2.0

// Package live is how a process that writes a database lets other processes read it meanwhile: the locks by which
// they hold on to what they read, the page that says what may be seen, and the protocol of both sides.
//
// It owns the file NAME-live and the bytes of the database file from 2^60 on. The engine calls [Writer] when it opens,
// commits, stores a checkpoint, allocates a block and closes, and [Reader] where it reads the database of another
// process. It knows nothing of trees, segments and logs: numbers of checkpoints, and places in a log.
//
// # Locks
//
// They are on bytes of the database file far beyond its data, so nobody has to make, size or clean up a table, and
// each ends with the process that holds it.
//
//	2^60 + pid                          every writer, exclusive: who it is
//	PIN(n)  = 2^61 + n                  a reader that shows checkpoint n, shared
//	LIFE(n) = 2^62 + salt·2^40 + n      the writer, exclusive, for all n from F on: it lives, and honours pins of n
//
// A salt is another one than that of the last run, and of each run whose readers may still be there: see Salt.
//
// # The writer
//
//	W1  To use space again, or cut it off: first read which checkpoint is synced, then list the pins below
//	    that one (Pins), then choose space that neither that checkpoint, nor a later one, nor a pinned one uses.
//	W2  The page says what is new (Committed, Stored) before Commit returns, and before the checkpoint
//	    counts as synced, and the log before it as free.
//	W3  To open: recovery first, then the page, then LIFE (Begin).
//	W4  To close: the last checkpoint, then release LIFE, then list the pins (End). The file is cut only
//	    if there are none.
//	W5  Pins that have been in the way for too long: release LIFE below a new F, then ignore them (Pins).
//	W6  If the page cannot be written, LIFE is released. Commits go on, without readers, until the
//	    next checkpoint begins another run.
//
// # A reader
//
//	R1  To attach: the page says n; lock PIN(n); read n's meta page; read the page again, which
//	    still says n, else unlock and repeat; then test LIFE(n) (Attach).
//	R2  Nothing that was read from a file is used before LIFE(n) was seen held after the read (Hold.Alive).
//	R3  What was read of the log counts only if the page, read again, has a checkpoint that is not after the
//	    place where reading began (Hold.Intact).
//	R4  A new checkpoint is attached to besides the old one, which is released when nobody reads it any more.
//
// # Why that is enough
//
// A reader that is not in the list of W1 has locked PIN(n) after the list was made, and has seen n on the page
// after that. The page says at least the checkpoint that was synced before (W2), so n is not below it, and what n
// uses is not free. A reader that is in the list is honoured. A writer that dies, ends, or honours a pin no more has
// released LIFE before anything is overwritten, so a test of LIFE after a read proves that what was read was not
// overwritten. Either the end of the writer sees the pin, or the reader sees that LIFE is gone, because each does its
// own step before it looks.
//
// Package internal/model has the rules in another model, as W1_LIMIT_THEN_PINS, W1_PINS_THEN_USE, W2_SAID_THEN_SYNCED,
// W3_RECOVERY_THEN_LIFE, W4_LIFE_THEN_PINS, W5_LIFE_THEN_IGNORED, R1_PIN_THEN_READ_AGAIN, R1_ALIVE_AT_LAST and
// R2_ALIVE_AFTER_READ.
//
// The tests of this package run all orders of the steps of two readers, a writer, its checkpointer, and another
// writer after the first one died, and find an error wherever two steps are exchanged.
package live

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Suffix makes the name of the page's file of the database's.
const Suffix = "-live"

var (
	// ErrNoWriter means that no writer lets others read: there is no page, or its writer has ended.
	ErrNoWriter = errors.New("no process that writes the database lets others read it")
	// ErrAgain means that something changed during each attempt. It says nothing about the database.
	ErrAgain = errors.New("what the writer says has changed meanwhile")
)

// The bytes of the database file. Ids of checkpoints are below MaxID.
const (
	writerByte = 1 << 60
	pinByte    = 1 << 61
	lifeByte   = 1 << 62

	idBits   = 40
	saltBits = 21
	numSalts = 1 << saltBits
	maxPID   = 1<<31 - 1
)

// MaxID is the greatest number of a checkpoint that others can be let read. At a thousand checkpoints each
// second it is reached after 34 years.
const MaxID base.SnapshotID = 1<<idBits - 1

// pinOf returns the byte of PIN(n).
func pinOf(n base.SnapshotID) int64 { return pinByte + int64(n) }

// lifeOf returns the byte of LIFE(n) of a run with that salt.
func lifeOf(salt uint32, n base.SnapshotID) int64 { return lifeByte + int64(salt)<<idBits + int64(n) }
