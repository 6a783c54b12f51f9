// SPDX-License-Identifier: Apache-2.0

package worker

import "github.com/lsmlite/lsmlite-go/engine/internal/ledger"

// Neither the size of the trees nor what is written to the file says how much of the log is
// still needed. A row that is written again and again, or a delete of what is not there, adds
// to the log and leaves almost nothing to flush; where each commit is synced it fills a sector
// of the log, however small it is. So flushes and checkpoints are due by what they free of the
// log, too:
//
//	    needed of the log, at most MaxLog
//	|.......... 1/2 ..........|.... 1/4 ....|.... 1/4 ....|
//	  flushed: a checkpoint      old tree      live tree
//	  frees it, and is due       a flush follows the live one
//	                             as that fills
const (
	// logCheckpointPart and LogFlushPart are the parts of MaxLog that what is flushed, and
	// what the live tree holds, may take.
	logCheckpointPart = 2
	LogFlushPart      = 4
	// blocksPart is the part of AutoCheckpoint that blocks come to which a checkpoint would free,
	// if it is made for these.
	blocksPart = 4
)

// limits returns when a checkpoint is due.
func (w *Worker) limits() ledger.Limits {
	t := w.Tuning.Load()
	l := ledger.Limits{File: max(t.AutoCheckpoint, 0)}
	l.Blocks = l.File / blocksPart
	if t.MaxLog > 0 {
		l.Log = max(t.MaxLog/logCheckpointPart, 1)
	}
	if l.File > 0 && (l.Log == 0 || l.File < l.Log) {
		l.Log = l.File
	}
	return l
}

// logLags reports whether a checkpoint would free so many times what it is due at, or more.
func (w *Worker) logLags(times int64) bool {
	limit := w.limits().Log
	if limit == 0 || w.live.LogSize() < times*limit {
		return false
	}
	return w.Ledger.LogUse().Freed >= times*limit
}
