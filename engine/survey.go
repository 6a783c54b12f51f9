package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// survey is what the files look like before anything of them is believed.
type survey struct {
	*checkpoint.Loaded
	disk *snapshot.Snapshot
	log  wal.Peeked
}

// refuse returns the error of files that cannot be opened as they are.
func (db *DB) refuse(code Code, cause error, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	db.found(RecoverRefused, detail)
	return &Error{Code: code, Op: "open", Path: db.path, Detail: detail, Err: cause}
}

// accept decides whether what was found is the newest state of the database, or refuses the
// files. Nothing has been written so far.
func (db *DB) accept(ctx context.Context, s *survey) error {
	if s.Conflict() {
		return db.refuse(CodeCorrupt, nil, "the two meta pages hold different checkpoints with the number %d; recover from a backup", s.Checkpoint.ID)
	}
	if err := db.peekLog(s); err != nil {
		return err
	}
	if s.Checkpoint == nil {
		if err := db.acceptWithout(s); err != nil {
			return err
		}
	} else {
		if err := db.acceptLogOf(s); err != nil {
			return err
		}
		if s.Damaged != nil {
			if err := db.acceptDamagedMeta(ctx, s); err != nil {
				return err
			}
		}
	}
	if db.files.Log() == nil || s.log.Commits {
		return nil
	}
	return db.files.JudgeLog()
}

// peekLog looks at the log.
func (db *DB) peekLog(s *survey) (err error) {
	s.log = wal.Peeked{}
	if log := db.files.Log(); log != nil {
		s.log, err = wal.Peek(log, s.disk.Log)
	}
	return err
}

// claim returns the note of the accepted checkpoint that says that the log is in use, or
// nil.
func (s *survey) claim() *format.Note {
	pair := s.Pair()
	for _, n := range s.Notes() {
		if n.LogInUse && (n.Copy || !pair) {
			return n
		}
	}
	return nil
}

// restored reports whether the file is as a backup has made it.
func (s *survey) restored() bool {
	for _, n := range s.Notes() {
		if n.Restored {
			return true
		}
	}
	return false
}

// hasMark reports whether a log begins with a head that a note of the accepted checkpoint
// speaks of.
func (s *survey) hasMark(p wal.Peeked) bool {
	if p.Head == nil {
		return false
	}
	for _, n := range s.Notes() {
		if n.Mark == p.Head.Mark {
			return true
		}
	}
	return p.Head.Base == s.Pages[s.Meta-1].Ref
}

// acceptLogOf decides whether the log is that of the database in this state.
func (db *DB) acceptLogOf(s *survey) error {
	if s.log.Commits {
		return nil
	}
	claim := s.claim()
	if claim != nil && (db.files.Log() == nil || !s.hasMark(s.log) && claim.LogName != db.files.LogName()) {
		found, err := db.findLog(s, claim)
		if found || err != nil {
			return err
		}
		if db.files.Log() == nil || claim.LogName != db.files.LogName() {
			return db.missingLog(s, claim)
		}
	}
	h, x := s.log.Head, s.Pages[s.Meta-1].Ref
	switch {
	case h == nil || s.restored():
	case h.Base.ID > x.ID || h.Base.ID == x.ID && h.Base != x:
		return db.refuse(CodeCorrupt, nil, "the log %s belongs to a newer state of the database than the file, or to another database: it goes on from checkpoint %d, the file holds %d; if the file is an older copy, bring back the newer one, or move the log away to open the copy as it is",
			db.files.LogPath(), h.Base.ID, x.ID)
	case s.Ours() && !s.hasMark(s.log):
		return db.refuse(CodeCantOpen, nil, "the log %s belongs to another database, and holds nothing of this one; put it beside its database, or move it away", db.files.LogPath())
	}
	return nil
}

// findLog looks for the log that a note names, beside the database. It returns true if that
// is the log of this database, which is then in use.
func (db *DB) findLog(s *survey, claim *format.Note) (bool, error) {
	other, err := db.files.OtherLog(claim.LogName)
	if other == nil || err != nil {
		return false, err
	}
	p, err := wal.Peek(other, s.disk.Log)
	if err != nil || !p.Commits && !s.hasMark(p) {
		return false, errors.Join(err, other.Close())
	}
	taken, err := db.files.TakeLog(other)
	if err != nil {
		return false, err
	}
	if !taken {
		return false, db.refuse(CodeCantOpen, nil, "this is a copy of %s that was made without its log while that was in use; newer transactions are in %s; open %s, or copy both again", other.Owner, other.Path, other.Owner)
	}
	s.log = p
	db.found(RecoverOtherLog, fmt.Sprintf("the log was found under the name %s", other.Path))
	return true, nil
}

// missingLog is for a database whose newest transactions are in a log that is not there.
func (db *DB) missingLog(s *survey, claim *format.Note) error {
	name := claim.LogName
	if name == "" {
		name = "its log"
	}
	if db.opts.AllowMissingLog {
		db.found(RecoverMissingLog, fmt.Sprintf("the newest transactions, in %s, are missing: opened as of checkpoint %d", name, s.Checkpoint.ID))
		return nil
	}
	return db.refuse(CodeCantOpen, nil, "the newest transactions are in the log %s, which is not there: the database was in use when it was copied, renamed or its log removed; bring the log back as %s, or open with allow_missing_log=on to go back to checkpoint %d without them",
		name, db.files.LogPath(), s.Checkpoint.ID)
}

// acceptWithout decides about a file without a valid checkpoint.
func (db *DB) acceptWithout(s *survey) error {
	if s.log.Commits {
		return nil
	}
	size, err := db.files.Size()
	if err != nil {
		return err
	}
	if s.Damaged == nil {
		// Meta pages never written: pages may follow that no checkpoint ever knew,
		// unless there is no log and so nobody was at work here.
		if size <= 2*format.MetaPageSize || db.files.Log() != nil {
			return nil
		}
		return db.refuse(CodeCorrupt, nil, "a file of %d bytes without a checkpoint and without a log is not a database", size)
	}
	note := s.Pages[1].Note
	switch {
	case !db.neverWritten(s.Loaded):
		return db.refuse(CodeCorrupt, s.Damaged, "the meta pages are damaged, and the log holds no transaction that follows an empty database")
	case s.log.Size > 0 || note != nil && note.LogInUse:
		return db.refuse(CodeCorrupt, s.Damaged, "the only meta page is damaged, and the log does not hold the transactions that were in it")
	}
	return nil
}

// acceptDamagedMeta decides about a file of which one meta page is damaged. Both pages hold
// the newest checkpoint, except while it is being written, and then the log leads from the
// older one to everything. So nothing is lost, unless the file was written by others, or by
// an older version: then the older checkpoint counts only if the log continues it.
func (db *DB) acceptDamagedMeta(ctx context.Context, s *survey) error {
	lost := s.Lost()
	refuse := func(detail string, err error) error {
		return db.refuse(CodeCorrupt, err, "meta page %d is damaged, and %s: the newest checkpoint may be lost; what is still readable is checkpoint %d with %d levels; recover from a backup, or open with allow_missing_log=on to go back to that state",
			s.DamagedMeta, detail, s.Checkpoint.ID, len(s.Checkpoint.Levels))
	}
	switch {
	case s.log.Commits || db.opts.AllowMissingLog:
	case lost == checkpoint.LostUnknown && db.files.Log() == nil:
		return refuse("there is no log of a session that was writing it", s.Damaged)
	case lost == checkpoint.LostUnknown:
		return refuse("the log does not continue the other one", s.Damaged)
	case lost == checkpoint.LostBegun && db.files.Log() == nil:
		return refuse("the log of the session that was writing it is missing", s.Damaged)
	case lost == checkpoint.LostBegun && s.log.Other:
		return refuse("the log is not that of the session that was writing it", s.Damaged)
	}
	if p, found := check.First(ctx, db.path, db.bf, checkState(s.disk, db.ledger.Account())); found {
		return refuse("the other checkpoint is not sound", errors.New(Problem(p).String()))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if lost == checkpoint.LostCopy {
		db.found(RecoverRepaired, fmt.Sprintf("meta page %d was damaged; meta page %d holds the same checkpoint", s.DamagedMeta, s.Meta))
	} else {
		db.found(RecoverOlder, fmt.Sprintf("meta page %d was damaged; opened from checkpoint %d on meta page %d and the log", s.DamagedMeta, s.Checkpoint.ID, s.Meta))
	}
	return nil
}

// noteErasedMeta notices a meta page that is all zeros though it must have been written
// once. Page 1 is always written before page 2, except for the empty checkpoint that our
// own files begin with on page 2; so page 2 is never blank where our own pages are, and
// where page 1 is, there are no pages (or the log of a session that wrote them).
func (db *DB) noteErasedMeta(s *survey) error {
	if s.Damaged != nil || s.Checkpoint == nil || s.NumValid == 2 {
		return nil
	}
	size, err := db.files.Size()
	if err != nil {
		return err
	}
	erased := s.Meta == 2 && (s.Checkpoint.ID > base.EmptySnapshotID || size > 2*format.MetaPageSize)
	for _, level := range s.disk.Levels {
		erased = erased || s.Meta == 1 && !level.Seg.MayLink
	}
	if erased {
		s.DamagedMeta = checkpoint.Other(s.Meta)
		s.Damaged = fmt.Errorf("meta page %d is blank, though it has been written before", s.DamagedMeta)
	}
	return nil
}
