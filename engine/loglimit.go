package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Neither the size of the trees nor what is written to the file says how much of the log is
// still needed. A row that is written again and again, or a delete of what is not there, adds
// to the log and leaves next to nothing to flush; under SafetyFull each commit fills a sector
// of the log, however small it is. So flushes and checkpoints are due by what they free of the
// log, too:
//
//	    needed of the log, at most MaxLog
//	|.......... 1/2 ..........|.... 1/4 ....|.... 1/4 ....|
//	  flushed: a checkpoint      old tree      live tree
//	  frees it, and is due       a flush follows the live one
//	                             as that fills
const (
	// logCheckpointPart and logFlushPart are the parts of MaxLog that what is flushed, and
	// what the live tree holds, may take.
	logCheckpointPart = 2
	logFlushPart      = 4
	// hardLogFactor is how many times MaxLog may be needed of the log before a transaction
	// has to flush and make a checkpoint before it begins.
	hardLogFactor = 2
	// keepLogFactor is how many times MaxLog the log file may be long before it is cut. It
	// comes to less by itself: the log goes back to its beginning while at most MaxLog is
	// needed, and has to lead around that at most once.
	keepLogFactor = 2
)

// liveLog returns how many bytes of the log hold what is in the live tree. The caller has
// the writer's turn.
func (db *DB) liveLog(st *snapshot.State) int64 {
	since := st.Disk.Log
	if st.HasOld {
		since = st.OldLog
	}
	return wal.BytesAfter(db.log.Regions(), since.Off)
}

// checkpointLimits returns when a checkpoint is due.
func (db *DB) checkpointLimits() ledger.Limits {
	l := ledger.Limits{File: max(int64(db.opts.now().AutoCheckpoint), 0)}
	if limit := db.opts.logLimit(); limit > 0 {
		l.Log = max(limit/logCheckpointPart, 1)
	}
	if l.File > 0 && (l.Log == 0 || l.File < l.Log) {
		l.Log = l.File
	}
	return l
}

// logLags reports whether a checkpoint would free so many times what it is due at, or more.
func (db *DB) logLags(times int64) bool {
	limit := db.checkpointLimits().Log
	if limit == 0 || db.log.Size() < times*limit {
		return false
	}
	return db.ledger.LogUse().Freed >= times*limit
}

// logIsFull reports whether so much of the log is needed that no transaction may begin
// before some of it is given up. The caller has the writer's turn.
func (db *DB) logIsFull() bool {
	limit := db.opts.logLimit()
	if limit <= 0 || db.log.Size() < hardLogFactor*limit {
		return false
	}
	return db.ledger.LogUse().Needed >= hardLogFactor*limit
}

// trimLog cuts the file of the log if it has become too long. The caller has the writer's
// turn, and has begun a transaction.
func (db *DB) trimLog() {
	if limit := db.opts.logLimit(); limit > 0 {
		db.log.Trim(max(keepLogFactor*limit, format.LogMinWrap))
	}
}
