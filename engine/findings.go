// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/survey"
)

// recoverKinds gives the notes of a survey the names that observers know.
var recoverKinds = map[survey.Kind]RecoverKind{
	survey.OtherLog:   RecoverOtherLog,
	survey.MissingLog: RecoverMissingLog,
	survey.Repaired:   RecoverRepaired,
	survey.Older:      RecoverOlder,
}

// found notes something to report once the database is open.
func (o *opener) found(kind RecoverKind, detail string) {
	o.findings = append(o.findings, RecoverEvent{Path: o.db.path, Kind: kind, Detail: detail})
}

// report reports the result of Open, which has ended with err, to the observer, and what it found.
func (o *opener) report(start time.Time, err error) {
	db := o.db
	if db.obs.Opened != nil {
		e := OpenEvent{
			Path: db.path, ReadOnly: db.opts.ReadOnly, Duration: time.Since(start), Err: err,
			RecoveredCommits: db.recovered.Commits, RecoveredRecords: db.recovered.Records, RecoveredBytes: db.recovered.Bytes,
		}
		if err == nil {
			e.DB, e.KeptLog = db, db.files.KeptLog()
		}
		db.obs.Opened(e)
	}
	if db.obs.Recovered == nil {
		return
	}
	for _, e := range o.findings {
		if err == nil {
			e.DB = db
		}
		db.obs.Recovered(e)
	}
}
