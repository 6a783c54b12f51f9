// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// decision is a Verdict being made.
type decision struct{ Verdict }

func (d *decision) refuse(s *Situation, code errs.Code, cause error, format string, args ...any) {
	d.Step = Refuse
	d.Err = &errs.Error{Code: code, Op: "open", Path: s.Path, Detail: fmt.Sprintf(format, args...), Err: cause}
}

func (d *decision) note(kind Kind, format string, args ...any) {
	d.Notes = append(d.Notes, Note{kind, fmt.Sprintf(format, args...)})
}

// withoutCheckpoint decides about a file without a valid checkpoint.
func (d *decision) withoutCheckpoint(s *Situation) {
	if s.Log.Commits {
		return
	}
	if s.Damaged == nil {
		// Meta pages never written: pages may follow that no checkpoint ever knew,
		// unless there is no log and so nobody was at work here.
		if s.Bytes > 2*format.MetaPageSize && !s.HasLog {
			d.refuse(s, errs.CodeCorrupt, nil, "a file of %d bytes without a checkpoint and without a log is not a database", s.Bytes)
		}
		return
	}
	note := s.Pages[1].Note
	switch {
	case !neverWritten(s.Loaded, s.Bytes):
		d.refuse(s, errs.CodeCorrupt, s.Damaged, "the meta pages are damaged, and the log holds no transaction that follows an empty database")
	case s.Log.Size > 0 || note != nil && note.LogInUse:
		d.refuse(s, errs.CodeCorrupt, s.Damaged, "the only meta page is damaged, and the log does not hold the transactions that were in it")
	}
}

// logOf decides whether the log is that of the database in this state.
func (d *decision) logOf(s *Situation) {
	if s.Search == Taken {
		d.note(OtherLog, "the log was found under the name %s", s.OtherLog)
		return
	}
	if s.Log.Commits {
		return
	}
	claim := s.claim()
	if claim != nil && (!s.HasLog || !s.HasMark(&s.Log) && claim.LogName != s.LogName) {
		switch {
		case s.Search == NotSearched:
			d.Step, d.LogName = FindLog, claim.LogName
			return
		case s.Search == OfAnother:
			d.refuse(s, errs.CodeCantOpen, nil, "this is a copy of %s that was made without its log while that was in use; newer "+
				"transactions are in %s; open %s, or copy both again",
				s.Owner, s.OtherLog, s.Owner)
			return
		case !s.HasLog || claim.LogName != s.LogName:
			d.missingLog(s, claim)
			return
		}
	}
	h, x := s.Log.Head, s.Pages[s.Meta-1].Ref
	switch {
	case h == nil || s.restored():
	case h.Base.ID > x.ID || h.Base.ID == x.ID && h.Base != x:
		d.refuse(s, errs.CodeCorrupt, nil, "the log %s belongs to a newer state of the database than the file, or to another "+
			"database: it goes on from checkpoint %d, the file holds %d; if the file is an older copy, "+
			"bring back the newer one, or move the log away to open the copy as it is",
			s.LogPath, h.Base.ID, x.ID)
	case s.Ours() && !s.HasMark(&s.Log):
		d.refuse(s, errs.CodeCantOpen, nil, "the log %s belongs to another database, and holds nothing of this one; put it in the folder of its "+
			"database, or move it away", s.LogPath)
	}
}

// missingLog is for a database whose newest transactions are in a log that is not there.
func (d *decision) missingLog(s *Situation, claim *format.Note) {
	name := claim.LogName
	if name == "" {
		name = "its log"
	}
	if s.AllowMissingLog {
		d.note(MissingLog, "the newest transactions, in %s, are missing: opened as of checkpoint %d", name, s.Checkpoint.ID)
		return
	}
	d.refuse(s, errs.CodeCantOpen, nil, "the newest transactions are in the log %s, which is not there: the database was in use "+
		"when it was copied, renamed or its log removed; bring the log back as %s, or open with "+
		"allow_missing_log=on to go back to checkpoint %d without them",
		name, s.LogPath, s.Checkpoint.ID)
}

// damagedMeta decides about a file of which one meta page is damaged. Both pages hold the
// newest checkpoint, except while it is being written, and then the log leads from the
// older one to everything. So nothing is lost, unless the file was written by others, or by
// an older version: then the older checkpoint counts only if the log continues it.
func (d *decision) damagedMeta(s *Situation) {
	lost := s.Lost()
	refuse := func(detail string, err error) {
		d.refuse(s, errs.CodeCorrupt, err, "meta page %d is damaged, and %s: the newest checkpoint may be lost; what is still "+
			"readable is checkpoint %d with %d levels; recover from a backup, or open with "+
			"allow_missing_log=on to go back to that state",
			s.DamagedMeta, detail, s.Checkpoint.ID, len(s.Checkpoint.Levels))
	}
	switch {
	case s.Log.Commits || s.AllowMissingLog:
	case lost == checkpoint.LostUnknown && !s.HasLog:
		refuse("there is no log of a session that was writing it", s.Damaged)
		return
	case lost == checkpoint.LostUnknown:
		refuse("the log does not continue the other one", s.Damaged)
		return
	case lost == checkpoint.LostBegun && !s.HasLog:
		refuse("the log of the session that was writing it is missing", s.Damaged)
		return
	case lost == checkpoint.LostBegun && s.Log.Other:
		refuse("the log is not that of the session that was writing it", s.Damaged)
		return
	}
	switch {
	case !s.Checked:
		d.Step = CheckLevels
	case s.Problem != "":
		refuse("the other checkpoint is not sound", errors.New(s.Problem))
	case lost == checkpoint.LostNothing:
		d.note(Repaired, "meta page %d was damaged while the checkpoint on meta page %d, which is everything, was about to be replaced",
			s.DamagedMeta, s.Meta)
	case lost == checkpoint.LostCopy:
		d.note(Repaired, "meta page %d was damaged; meta page %d holds the same checkpoint", s.DamagedMeta, s.Meta)
	default:
		d.note(Older, "meta page %d was damaged; opened from checkpoint %d on meta page %d and the log", s.DamagedMeta, s.Checkpoint.ID, s.Meta)
	}
}
