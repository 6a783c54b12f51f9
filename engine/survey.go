// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/survey"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// accept decides whether what was found is the newest state of the database, or refuses the
// files. Nothing has been written so far.
func (o *opener) accept(ctx context.Context) error {
	if log := o.db.files.Log(); log != nil {
		var err error
		if o.Log, err = wal.Peek(log, o.disk.Log); err != nil {
			return err
		}
		o.HasLog = true
	}
	if o.db.secret != nil && o.Checkpoint == nil && o.Log.Size > 0 {
		return &Error{Code: CodeMismatch, Op: "open", Path: o.db.path, Detail: fmt.Sprintf("a key is given, and there is a log, %s, "+
			"but the file has no checkpoint: an encrypted database has one before its log", o.db.files.LogPath())}
	}
	if o.db.secret == nil && o.Checkpoint == nil && o.Log.Sealed {
		return &Error{Code: CodeCorrupt, Op: "open", Path: o.db.path, Detail: fmt.Sprintf("the log %s is that of an encrypted database, "+
			"whose meta pages, which have its keys, are lost; bring them back, or move the log away", o.db.files.LogPath())}
	}
	o.LogPath, o.LogName = o.db.files.LogPath(), o.db.files.LogName()
	for {
		switch v := survey.Decide(&o.Situation); v.Step {
		case survey.Refuse:
			o.found(RecoverRefused, v.Err.Detail)
			return v.Err
		case survey.FindLog:
			if err := o.findLog(v.LogName); err != nil {
				return err
			}
		case survey.CheckLevels:
			if err := o.checkLevels(ctx); err != nil {
				return err
			}
		default:
			for _, n := range v.Notes {
				o.found(recoverKinds[n.Kind], n.Detail)
			}
			if !o.HasLog || o.Log.Commits {
				return nil
			}
			return o.db.files.JudgeLog()
		}
	}
}

// findLog looks for a log of that name in the folder of the database. If it is the log of this
// database, it is in use from then on.
func (o *opener) findLog(name string) error {
	o.Search = survey.NotFound
	other, err := o.db.files.OtherLog(name)
	if other == nil || err != nil {
		return err
	}
	p, err := wal.Peek(other, o.disk.Log)
	if err != nil || !p.Commits && !o.HasMark(&p) {
		return errors.Join(err, other.Close())
	}
	taken, err := o.db.files.TakeLog(other)
	if err != nil {
		return err
	}
	o.Search, o.OtherLog, o.Owner = survey.OfAnother, other.Path, other.Owner
	if taken {
		o.Search, o.HasLog, o.Log = survey.Taken, true, p
	}
	return nil
}

// checkLevels checks all pages of the accepted checkpoint, up to the first problem.
func (o *opener) checkLevels(ctx context.Context) error {
	db := o.db
	if p, found := check.First(ctx, db.path, db.bf, check.State{Disk: o.disk, Account: db.ledger.Account()}); found {
		o.Problem = p.String()
	} else if err := ctx.Err(); err != nil {
		return err
	}
	o.Checked = true
	return nil
}

// hasOwnPages reports whether a level of the accepted checkpoint has pages that only lsmlite
// writes.
func (o *opener) hasOwnPages() bool {
	for _, level := range o.disk.Levels {
		if !level.Seg.MayLink {
			return true
		}
	}
	return false
}
