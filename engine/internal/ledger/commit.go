// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Commit is what a committed transaction changes of the state that readers see.
type Commit struct {
	Seq     uint64 // its number
	View    memtree.View
	Regions [3]wal.Region   // of the log that are needed after it
	End     format.LogPlace // of the log that holds it
	At      int64           // when it was made, about, in Unix nanoseconds
}

// Show makes a commit visible to all readers, at last to those of other processes. The writer shows
// one after the other.
func (l *Ledger) Show(c Commit) {
	l.mu.Lock()
	next := l.reg.Newest().Next()
	next.Live, next.Seq, next.At, next.End = c.View, c.Seq, c.At, c.End
	l.log.regions, l.log.stream = c.Regions, c.End.Stream
	l.reg.Publish(next)
	var ended error
	if l.live != nil {
		ended = l.live.Committed(c.Seq, &c.End)
	}
	l.mu.Unlock()
	sched.Point("commit is shown")
	if ended != nil {
		l.live.Failed(ended)
	}
}

// SetAside makes the live tree the old one, which is to be flushed, and fresh the live one.
// live is the newest view of it, and end where the log ends that holds it. There must be no
// old tree. A tree that shows nothing is forgotten. The caller has the writer's turn.
func (l *Ledger) SetAside(live memtree.View, end format.LogPos, fresh *memtree.Tree) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.reg.Newest().Next()
	next.Spans = next.Spans.Next(live)
	if !live.Empty() {
		next.Old, next.HasOld, next.OldSeq, next.OldLog = live, true, next.Seq, end
		// The toggle makes the position differ from the one before it even if no log was
		// written in between, by which C lsm1 tells a flushed tree from one that waits.
		next.OldLog.Toggle = !next.Disk.Log.Toggle
	}
	next.Tree, next.Live = fresh, memtree.View{}
	l.reg.Publish(next)
}

// Replayed publishes what the log has led to when the database was opened.
func (l *Ledger) Replayed(tree *memtree.Tree, end format.LogPlace, log wal.Recovered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.reg.Newest().Next()
	next.Live, next.Tree, next.End = tree.Freeze(), tree, end
	l.log.regions = log.Regions
	l.reg.Publish(next)
}

// NewLog notes that the log begins again, with nothing in it that is needed.
func (l *Ledger) NewLog(begin format.LogPlace, regions [3]wal.Region) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.reg.Newest().Next()
	disk := *next.Disk
	disk.Log.Off = 0
	next.Disk, next.End = &disk, begin
	l.log = logBook{regions: regions}
	l.reg.Publish(next)
}

// Break notes that the log ends at a place that nothing before it leads to. A checkpoint has that place once the
// levels hold everything; until then it has the place from which the log is needed. The caller has the turns of writer
// and worker.
func (l *Ledger) Break(end format.LogPlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.reg.Newest().Next()
	if next.Live.Empty() && !next.HasOld {
		disk := *next.Disk
		disk.Log = end.LogPos
		next.Disk = &disk
	}
	next.End = end
	l.reg.Publish(next)
}

// Follow publishes a state of a database that another process writes. Nothing else of the books is changed: this
// handle gives no space away.
func (l *Ledger) Follow(s *snapshot.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reg.Publish(s)
}
