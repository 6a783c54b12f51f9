package engine

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/survey"
)

// RecoverKind says what Open has found.
type RecoverKind string

// What Open may find in files that were not closed properly, or are damaged.
const (
	// RecoverRefused: the files do not prove that they hold the newest state, and Open has
	// failed.
	RecoverRefused RecoverKind = "refused"
	// RecoverOlder: the newest checkpoint was damaged, and the one before it was taken,
	// together with the log that leads from it to the same state.
	RecoverOlder RecoverKind = "older checkpoint"
	// RecoverRepaired: something was damaged or in doubt that is known from elsewhere. A
	// handle that writes has put it right.
	RecoverRepaired RecoverKind = "repaired"
	// RecoverLeftover: a log was there that holds nothing the database file does not. A
	// handle that writes has removed it.
	RecoverLeftover RecoverKind = "leftover log"
	// RecoverOtherLog: the log was found under the name that the database had before.
	RecoverOtherLog RecoverKind = "log of another name"
	// RecoverMissingLog: the log was missing, and Options.AllowMissingLog is set.
	RecoverMissingLog RecoverKind = "missing log"
)

// RecoverEvent says that a database was not found as a session leaves it that has ended
// properly.
type RecoverEvent struct {
	DB     *DB    // nil if Open failed
	Path   string // canonical
	Kind   RecoverKind
	Detail string
}

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

// report tells the observer what came of Open, which has ended with err, and what it found.
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
