// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// LetRead has what changes be told to readers in other processes, and has space of theirs be kept, from here on, by a
// Writer that it returns, which nobody can see yet. end is where the log goes on. It is called once, while the database
// is opened.
func (l *Ledger) LetRead(c live.WriterConfig, end wal.Place) *live.Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Mutex = &l.mu
	l.live, l.log.stream = live.NewWriter(c), end.Stream
	_ = l.live.Committed(0, &end) // writes nothing yet
	return l.live
}

// Live returns what tells readers in other processes what may be seen, nil if there are none.
func (l *Ledger) Live() *live.Writer { return l.live }

// LiveCheckpoint returns the newest checkpoint, which both meta pages hold, as readers in other processes get to
// know it.
func (l *Ledger) LiveCheckpoint() live.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return live.Checkpoint{ID: l.stored.Synced, At: l.placeOf(l.reg.Newest().Disk.Log)}
}

// placeOf returns the number of a position that a checkpoint has in the log. The caller has the mutex.
func (l *Ledger) placeOf(pos format.LogPos) wal.Place {
	return wal.Place{LogPos: pos, Stream: l.log.stream - wal.BytesAfter(l.log.regions, pos.Off)}
}

// HalfStored shows readers in other processes a checkpoint that is durable on one meta page, before the other one,
// which holds the checkpoint before, is written: at each moment the checkpoint that they are shown is on a page. The
// caller has the checkpointer's turn.
func (l *Ledger) HalfStored(e Export) {
	if l.live == nil {
		return
	}
	l.mu.Lock()
	at := l.placeOf(e.Checkpoint.Log)
	l.mu.Unlock()
	l.live.Stored(live.Checkpoint{ID: e.Checkpoint.ID, At: at})
}

// limit is from which snapshot on no block that it may use is given away, and who uses older ones. What is read here
// may be older than what the books say later, never newer.
type limit struct {
	from   base.SnapshotID
	others []base.SnapshotID // checkpoints before from that other processes read
}

// limit returns it. The order matters: which checkpoint is synced is read first, and who reads older ones after that.
// One that comes later reads this one, or a newer one.
func (l *Ledger) limit() (limit, error) {
	l.mu.Lock()
	lim := limit{from: l.stored.Synced}
	l.mu.Unlock()
	sched.Point("limit is known")
	if l.live == nil {
		return lim, nil
	}
	pinned, err := l.live.Pins(nil, lim.from)
	if pinned.All {
		lim.from = 0
	}
	lim.others = pinned.IDs
	if len(lim.others) > 0 || pinned.All {
		mark.Hit(mark.OthersPin)
	}
	return lim, err
}

// pinned returns the snapshots before the limit that are in use, by readers of this process, too. The caller has the
// mutex.
func (l *Ledger) pinned(lim limit, dst []base.SnapshotID) []base.SnapshotID {
	dst = l.reg.PinnedSnapshots(dst)
	if len(lim.others) == 0 {
		return dst
	}
	dst = append(dst, lim.others...)
	slices.Sort(dst)
	return slices.Compact(dst)
}
