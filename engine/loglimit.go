package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
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

// neededLog returns how many bytes of the log a crash would be recovered from, and how many
// of them a checkpoint of the newest snapshot would free. The caller has the publish mutex.
func (db *DB) neededLog() (needed, freed int64) {
	needed = wal.BytesAfter(db.logRegions, db.newestCheckpointLog())
	return needed, needed - wal.BytesAfter(db.logRegions, db.reg.Newest().Disk.Log.Off)
}

// newestCheckpointLog returns where in the log the newest checkpoint ends. What comes before
// may still be there for a foreign reader. The caller has the publish mutex.
func (db *DB) newestCheckpointLog() int64 {
	if db.haveCkptLog {
		return db.ckptLog.Off
	}
	for _, r := range db.logRegions { // as opened: nothing before it was read
		if r != (wal.Region{}) {
			return r.Start
		}
	}
	return 0
}

// checkpointLimits returns how many bytes may be written to the file, and how many a
// checkpoint may free of the log, before it is due; 0 is any number.
func (db *DB) checkpointLimits() (file, log int64) {
	file = max(int64(db.opts.now().AutoCheckpoint), 0)
	if limit := db.opts.logLimit(); limit > 0 {
		log = max(limit/logCheckpointPart, 1)
	}
	if file > 0 && (log == 0 || file < log) {
		log = file
	}
	return file, log
}

// logLags reports whether a checkpoint would free so many times what it is due at, or more.
func (db *DB) logLags(times int64) bool {
	_, limit := db.checkpointLimits()
	if limit == 0 || db.log.Size() < times*limit {
		return false
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	_, freed := db.neededLog()
	return freed >= times*limit
}

// logIsFull reports whether so much of the log is needed that no transaction may begin
// before some of it is given up. The caller has the writer's turn.
func (db *DB) logIsFull() bool {
	limit := db.opts.logLimit()
	if limit <= 0 || db.log.Size() < hardLogFactor*limit {
		return false
	}
	db.pub.Lock()
	defer db.pub.Unlock()
	needed, _ := db.neededLog()
	return needed >= hardLogFactor*limit
}

// trimLog cuts the file of the log if it has become too long. The caller has the writer's
// turn, and has begun a transaction.
func (db *DB) trimLog() {
	if limit := db.opts.logLimit(); limit > 0 {
		db.log.Trim(max(keepLogFactor*limit, format.LogMinWrap))
	}
}
