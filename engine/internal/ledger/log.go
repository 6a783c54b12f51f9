// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// logBook is what is known of the log.
type logBook struct {
	regions [3]wal.Region // as of the last commit that is visible
	stream  int64         // number of its end, if there is Live; see wal.Place
	// synced is the log position of the newest synced checkpoint, if this session has made
	// one, or if the log goes on that the file was opened with: what comes before may be
	// written over.
	synced position
	// newest is the log position of the newest checkpoint that this session has made. What
	// comes before may still be there for a foreign reader.
	newest position
}

// position is a place in the log, if there is one.
type position struct {
	at    format.LogPos
	known bool
}

// KeepLog notes that the log goes on that the file was opened with: its checkpoint ends at
// pos.
func (l *Ledger) KeepLog(pos format.LogPos) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.synced = position{pos, true}
}

// ForgetLog notes that the position of the checkpoint means nothing in the log that was
// found.
func (l *Ledger) ForgetLog() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.synced = position{}
}

// Reclaimable returns where in the log the newest synced checkpoint ends, and whether that
// is known: what comes before is not needed any more.
func (l *Ledger) Reclaimable() (pos format.LogPos, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.synced.at, l.log.synced.known
}

// LogRegions returns the regions of the log that are needed.
func (l *Ledger) LogRegions() [3]wal.Region {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.regions
}

// LogEnd returns where the log ends of what can be seen, and up to which number it is durable.
func (l *Ledger) LogEnd() (end format.LogPlace, durable int64) {
	durable = l.durable.Load() // first, so that it is no later than the end
	return l.reg.Newest().End, durable
}

// LogSynced notes that the log was synced up to a number after that was shown.
func (l *Ledger) LogSynced(stream int64) {
	for {
		was := l.durable.Load()
		if stream <= was || l.durable.CompareAndSwap(was, stream) {
			return
		}
	}
}

// LogUse is how much of the log is in use, in bytes.
type LogUse struct {
	Needed int64 // that a crash would be recovered from
	Freed  int64 // of these, that a checkpoint of the newest state would free
}

// LogUse returns how much of the log is in use.
func (l *Ledger) LogUse() LogUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.logUse()
}

func (l *Ledger) logUse() LogUse {
	needed := wal.BytesAfter(l.log.regions, l.newestLog())
	return LogUse{Needed: needed, Freed: needed - wal.BytesAfter(l.log.regions, l.reg.Newest().Disk.Log.Off)}
}

// newestLog returns where in the log the newest checkpoint ends. The caller has the mutex.
func (l *Ledger) newestLog() int64 {
	if l.log.newest.known {
		return l.log.newest.at.Off
	}
	for _, r := range l.log.regions { // as opened: nothing before it was read
		if r != (wal.Region{}) {
			return r.Start
		}
	}
	return 0
}
