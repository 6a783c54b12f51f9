// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// MaxPins is how many checkpoints below the synced one may be pinned before the writer takes all of them for pinned,
// which is as many readers that each stopped at another checkpoint.
const MaxPins = 1000

// Pinned is which checkpoints others hold on to.
type Pinned struct {
	IDs []base.SnapshotID // ascending
	All bool              // more than can be listed: nothing that any checkpoint uses may be used again
}

// Pins appends the checkpoints below a synced one that readers hold on to, and that the writer honours, to dst. Those
// that have been in the way for longer than Hold are let go (W5). The caller has read which checkpoint is synced
// before, and uses nothing again that is not free for all of them (W1).
func (w *Writer) Pins(dst []base.SnapshotID, below base.SnapshotID) (Pinned, error) {
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
	p, err := w.list(dst, below)
	if err == nil && w.Hold > 0 && (len(p.IDs) > 0 || p.All || len(w.inWay) > 0) {
		p, err = w.letGo(p, below)
	}
	return p, err
}

// list returns the pins from F up to below, not included.
func (w *Writer) list(dst []base.SnapshotID, below base.SnapshotID) (Pinned, error) {
	p := Pinned{IDs: dst[:0]}
	if w.first == 0 || mutant.Is(mutant.OthersNotPinned) {
		return p, nil
	}
	for from := w.first; from < below; {
		found, held, err := w.Locks.RangeLocked(pinOf(from), int64(below-from), vfs.Exclusive)
		if err != nil || !held {
			return p, err
		}
		first := base.SnapshotID(found.Off - pinByte)
		if found.Len > int64(MaxPins-len(p.IDs)) {
			return Pinned{IDs: p.IDs, All: true}, nil
		}
		from = first + base.SnapshotID(found.Len)
		for id := first; id < from; id++ {
			p.IDs = append(p.IDs, id)
		}
	}
	return p, nil
}

// letGo ends that pins are honoured which have been in the way for too long, and those before them: they are released
// first, and ignored then.
func (w *Writer) letGo(p Pinned, below base.SnapshotID) (Pinned, error) {
	now := w.now()
	inWay := make(map[base.SnapshotID]time.Time, len(p.IDs)+1)
	keepFrom := w.first
	note := func(id, upTo base.SnapshotID) {
		since, known := w.inWay[id]
		if !known {
			since = now
		}
		if now.Sub(since) >= w.Hold {
			keepFrom = max(keepFrom, upTo)
			return
		}
		inWay[id] = since
	}
	for _, id := range p.IDs {
		note(id, id+1)
	}
	if p.All {
		note(0, below) // which is no checkpoint
	}
	w.inWay = inWay
	if keepFrom == w.first {
		return p, nil
	}
	return w.dropBelow(p, below, keepFrom)
}

// dropBelow releases LIFE below a new F, and returns the pins that are honoured then.
func (w *Writer) dropBelow(p Pinned, below, f base.SnapshotID) (Pinned, error) {
	if err := w.Locks.LockRange(lifeOf(w.salt, w.first), int64(f-w.first), vfs.Unlock); err != nil {
		return p, err
	}
	w.first = f
	return w.list(p.IDs, below)
}
