// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// IsDatabase reports whether a file of that length may be a database, by its meta pages and
// by whether anything has the name of its log. What it leaves open Decide decides, when the
// log has been read.
func IsDatabase(l *checkpoint.Loaded, bytes int64, hasLogName bool) bool {
	if l.Checkpoint != nil || l.Damaged == nil || neverWritten(l, bytes) {
		return true
	}
	return !l.BothDamaged && hasLogName
}

// neverWritten reports whether a file is what a crash leaves of one that was just made:
// its first bytes, the checkpoint of an empty database on meta page 2, half written. A
// file without a single data page has nothing to lose.
func neverWritten(l *checkpoint.Loaded, bytes int64) bool {
	return bytes <= 2*format.MetaPageSize && l.Checkpoint == nil && l.DamagedMeta == 2 && !l.BothDamaged
}

// NoteErased notices a meta page that is all zeros though it must have been written once,
// and makes it a damaged one. Page 1 is always written before page 2, except for the empty
// checkpoint that our own files begin with on page 2; so page 2 is never blank where our own
// pages are, and where page 1 is, there are no pages (or the log of a session that wrote
// them). ownPages says that a level may have pages that lsmlite wrote.
func NoteErased(l *checkpoint.Loaded, bytes int64, ownPages bool) {
	if l.Damaged != nil || l.Checkpoint == nil || l.NumValid == 2 {
		return
	}
	if l.Meta == 2 && (l.Checkpoint.ID > base.EmptySnapshotID || bytes > 2*format.MetaPageSize) || l.Meta == 1 && ownPages {
		l.DamagedMeta = checkpoint.Other(l.Meta)
		l.Damaged = fmt.Errorf("meta page %d is blank, though it has been written before", l.DamagedMeta)
	}
}

// claim returns the note of the accepted checkpoint that says that the log is in use, or
// nil.
func (s *Situation) claim() *format.Note {
	pair := s.Pair()
	for _, n := range s.Notes() {
		if n.LogInUse && (n.Copy || !pair) {
			return n
		}
	}
	return nil
}

// restored reports whether the file is as a backup has made it.
func (s *Situation) restored() bool {
	for _, n := range s.Notes() {
		if n.Restored {
			return true
		}
	}
	return false
}

// HasMark reports whether a log begins with a head that a note of the accepted checkpoint
// names.
func (s *Situation) HasMark(log *wal.Peeked) bool {
	if log.Head == nil {
		return false
	}
	for _, n := range s.Notes() {
		if n.Mark == log.Head.Mark {
			return true
		}
	}
	return log.Head.Base == s.Pages[s.Meta-1].Ref
}
