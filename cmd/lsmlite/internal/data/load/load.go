// SPDX-License-Identifier: Apache-2.0

// Package load puts the rows of a Source into a database. It belongs to package data.
//
// One goroutine reads the input and fills batches, another one writes them; a few batches go round
// between them, so memory is bounded whatever the input holds.
//
// As long as the keys of a new database come in order, they are built into one segment: each row is
// written once, and until the end there is no file of the database's name. With the first key that is not
// in order the segment is finished, and what follows is written by transactions, one for each batch. Rows
// for a database that exists are always written by transactions.
//
// An import that takes more than one transaction keeps a note next to the database, which says how far it
// has come; it is removed at the end. Its position is never ahead of what is durable in the database: rows
// after it may be there, and are written again.
package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Conflict says what happens with a row whose key is there already.
type Conflict string

// The answers to a conflict.
const (
	Replace Conflict = "replace" // the new value takes the place of the old one
	Ignore  Conflict = "ignore"  // the old value stays
	Fail    Conflict = "fail"    // the import ends
)

// Options say what is loaded, and how.
type Options struct {
	env.Settings
	Path     string
	Conflict Conflict
	// Resume goes on after the position of the note; Restart begins again despite one. Without either
	// a note is an error.
	Resume, Restart bool
	// Keep is the range of keys that are loaded. Of these, Strip is taken off at the front, and Add put
	// there; all keys in Keep must begin with Strip.
	Keep       row.Range
	Strip, Add []byte
	// Input describes the input and how it is read: another text is another import.
	Input string
	// Command is what was typed, for the advice to go on.
	Command string
	// NoteEvery is how often the note is brought up to date; 0 is the default.
	NoteEvery time.Duration
}

// Result is what an import did.
type Result struct {
	Read    int64 `json:"read"`    // rows of the input
	Written int64 `json:"written"` // rows put into the database
	Ignored int64 `json:"ignored"` // rows left out, because their key was there
	// Replaced counts the rows that were not written because the next row had the same key. Where rows are written
	// by transactions, such rows are written, and count as such.
	Replaced int64 `json:"replaced"`
	Bytes    int64 `json:"bytes"` // of the keys and values written
	// Sorted says that the database is a single segment, because it is new and all keys came in order.
	Sorted  bool    `json:"sorted"`
	Seconds float64 `json:"seconds"`
}

// loader is an import that is going on.
type loader struct {
	o     Options
	src   read.Source
	note  *note
	fresh bool // the database is new
	noted bool // there is a note on the disk
	last  time.Time

	build *engine.Builder // of a new database whose keys came in order so far
	held  row.Row         // the row that is put into build next, if no row of its key follows
	holds bool
	db    *env.Database // once rows are written by transactions

	// overlap says that rows may be there because they were written after the position of the note.
	overlap bool
	done    position // what is in the database, or will be in build
	sum     bool     // the input can only be read from its front, so a checksum of its rows is kept
	result  Result

	begun position // where this run began
	bytes bool     // progress is shown in bytes
}

// position is how far an input has been read.
type position struct {
	Rows   int64  `json:"rows"`
	Offset int64  `json:"offset"`
	Sum    uint32 `json:"sum,omitempty"` // of the rows, if the input can only be read from its front
}

// Run loads all rows of a source, which it closes. If it does not come to the end, the error says how to go on.
func Run(ctx context.Context, e *env.Env, o Options, src read.Source) (Result, error) {
	begun := time.Now()
	if o.NoteEvery == 0 {
		o.NoteEvery = NoteEvery
	}
	l := &loader{o: o, src: src, last: begun}
	err := l.begin()
	if err != nil {
		return Result{}, errors.Join(err, src.Close())
	}
	err = l.run(ctx, e)
	l.result.Seconds = time.Since(begun).Seconds()
	return l.result, err
}

// begin looks at what there is, and goes to where the import begins.
func (l *loader) begin() error {
	old, err := readNote(l.o.Path)
	l.noted = old != nil || err != nil
	if err != nil && !l.o.Restart {
		return err
	}
	_, missing := os.Stat(l.o.Path)
	l.fresh = errors.Is(missing, fs.ErrNotExist) && l.o.Path != ":memory:"
	r, seeks := l.src.(read.Resumer)
	if seeks {
		_, err := r.Fingerprint(0)
		seeks = err == nil
	}
	l.sum = !seeks
	l.done.Offset = l.src.Offset() // after a header
	l.note = &note{Input: l.o.Input, Command: l.o.Command}
	switch {
	case l.o.Restart || old == nil && !l.o.Resume:
		return nil
	case old == nil:
		return env.Errorf(env.No, "there is no unfinished import into %s to resume: no file %s", l.o.Path, notePath(l.o.Path))
	case !l.o.Resume:
		return env.Errorf(env.Refused, "an import into %s was not finished:\n  %s\n--resume goes on with it, after %d rows of the input; "+
			"--restart begins again", l.o.Path, old.Command, old.Rows)
	case l.fresh && old.Rows > 0:
		return env.Errorf(env.CannotOpen, "%s, of which an import was to be resumed, is not there; --restart begins again", l.o.Path)
	case old.Input != l.o.Input:
		return env.Errorf(env.Refused, "the import that was not finished is another one:\n  %s\n--restart begins this one", old.Command)
	}
	if l.fresh { // it ended before the database was made
		return nil
	}
	l.overlap, l.done = true, old.position
	if l.sum {
		return nil // the rows are passed over when they are read
	}
	return l.seek(r, old)
}

// seek goes to the position of a note.
func (l *loader) seek(r read.Resumer, old *note) error {
	got, err := r.Fingerprint(old.Offset)
	if err == nil && got != old.Fingerprint {
		err = fmt.Errorf("it has changed: %s, which was %s", got, old.Fingerprint)
	}
	if err != nil {
		return env.Errorf(env.Refused, "the input is not the one whose import was not finished: %w; --restart begins again", err)
	}
	return r.Resume(old.Offset)
}
