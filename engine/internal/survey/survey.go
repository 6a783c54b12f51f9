// SPDX-License-Identifier: Apache-2.0

// Package survey decides, when a database is opened, whether its two files prove that they
// hold its newest state. It reads and writes no file: what was found in the files is a Situation,
// and Decide says what to do next. Nothing has been written before it says Accept.
//
// Only package engine calls it.
//
// What is refused, and why:
//
//   - A file whose log may hold newer transactions is not opened without that log, unless
//     the program allows it (Situation.AllowMissingLog).
//   - A damaged meta page is no loss if the other one holds the same checkpoint, or if the
//     log leads from the other one to everything. Otherwise the newest checkpoint may be lost.
//   - A log that holds nothing of the database is not touched if it belongs to another one,
//     or to a newer state of this one.
package survey

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Situation is what the two files look like.
type Situation struct {
	*checkpoint.Loaded        // what the meta pages say
	Path               string // of the database, canonical
	Bytes              int64  // length of the database file
	HasLog             bool
	Log                wal.Peeked
	LogPath, LogName   string // the name that the log has, or would have
	AllowMissingLog    bool   // the options allow it

	// Search is the result of FindLog; of a log that was found, OtherLog is the path, and
	// Owner that of the database which would have such a log.
	Search          Search
	OtherLog, Owner string
	// Checked is set when CheckLevels was done, and Problem then is the first thing that is
	// wrong with the levels, empty if nothing is.
	Checked bool
	Problem string
}

// Search is the result of looking for a log under another name than that of the database.
type Search uint8

const (
	NotSearched Search = iota
	NotFound           // no such log is there, or it is not that of this database
	Taken              // it is, and it is in use as the log
	OfAnother          // it is, but there is another database which has that log
)

// Step is what to do next when a database is opened.
type Step uint8

const (
	// Accept: the files hold the newest state, as far as they can tell.
	Accept Step = iota
	// Refuse: they do not prove it; Verdict.Err says why.
	Refuse
	// FindLog: look for the log Verdict.LogName in the folder of the database, fill in Search
	// and, if that log is taken, HasLog and Log, and decide again.
	FindLog
	// CheckLevels: check all pages of the accepted checkpoint, fill in Checked and Problem,
	// and decide again.
	CheckLevels
)

// Verdict is what Decide says.
type Verdict struct {
	Step    Step
	Err     *errs.Error // of Refuse
	LogName string      // of FindLog
	Notes   []Note      // of Accept: what was wrong
}

// Note says that something was found wrong that does not prevent opening.
type Note struct {
	Kind   Kind
	Detail string
}

// Kind is what a Note is about.
type Kind uint8

const (
	// OtherLog: the log was found under another name.
	OtherLog Kind = iota
	// MissingLog: the log is missing, which is allowed.
	MissingLog
	// Repaired: one meta page is damaged, and the other one holds the same checkpoint.
	Repaired
	// Older: one meta page is damaged, and the other one leads to the same state.
	Older
)

// Decide says whether what was found is the newest state of the database, or what else has
// to be known.
func Decide(s *Situation) Verdict {
	var d decision
	switch {
	case s.Conflict():
		d.refuse(s, errs.CodeCorrupt, nil,
			"the two meta pages hold different checkpoints with the number %d; recover from a backup", s.Checkpoint.ID)
	case s.Checkpoint == nil:
		d.withoutCheckpoint(s)
	default:
		if d.logOf(s); d.Step == Accept && s.Damaged != nil {
			d.damagedMeta(s)
		}
	}
	return d.Verdict
}
