package engine

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Optimize brings everything that was committed before the call into one densely packed
// segment with one b-tree at the beginning of the file, makes that durable, and cuts off
// the free end of the file. It is for a database that is written once and read many times.
// Others may read and write meanwhile. What they write stays in memory or on top, and what
// snapshots show that are open, or other processes with mode=ro, is neither overwritten nor
// cut off: the file is then as small as that allows.
//
// It writes everything once, or twice (seldom three times) if the free blocks lie so that a
// file without gaps takes another pass; for that time the file grows by the size of the data. If ctx ends
// first, the database is as sound as before.
//
// C lsm1 moves single blocks instead and notes from where to where in the checkpoint, 16 of
// them at most. A segment with such a note cannot have anything merged or flushed on top of
// it safely, so that the next write would pay for another full
// merge; a second pass costs the same, always ends with a file without gaps, and leaves
// plain segments.
//
// The functions passed are told of the progress between slices of the work.
func (db *DB) Optimize(ctx context.Context, report ...func(Progress)) error {
	r := db.newReporter(byOptimize, report...)
	err := db.optimize(ctx, r)
	r.watch.end(err)
	return err
}

func (db *DB) optimize(ctx context.Context, r *reporter) error {
	const op = "optimize"
	if err := db.flush(ctx, op, r); err != nil {
		return err
	}
	// The second time there is something to do only if the merge left gaps in which it does
	// not fit: how large it would be was not known before.
	for range 2 {
		before := r.PagesWritten
		if err := db.mergeToOne(ctx, op, r, unlimited, db.placeOfMerge); err != nil {
			return err
		}
		if r.PagesWritten == before && r.Phase == PhaseCheckpoint {
			break
		}
		r.begin(PhaseCheckpoint, 0)
		if _, err := db.checkpoint(ctx, op); err != nil {
			return err
		}
	}
	moved, err := db.compact(ctx, op, r)
	if err != nil {
		return err
	}
	if moved {
		r.begin(PhaseCheckpoint, 0)
		if _, err := db.checkpoint(ctx, op); err != nil {
			return err
		}
	}
	r.begin(PhaseTruncate, 0)
	err = db.truncate(ctx, op)
	r.Done = err == nil
	r.report()
	return err
}

// placeOfMerge decides where the merge of all levels goes, so that the file has no gaps at
// the end: to the lowest free blocks if the result has next to no gaps then, else behind
// the last block in use. In that case all blocks before the result are free afterwards, and
// compact takes it there. The blocks that will be free cannot be counted on earlier than
// that: a checkpoint that somebody else makes adds to them while the merge is running.
func (db *DB) placeOfMerge() place {
	low := place{whole: true}
	room := db.ledger.Room()
	free, end, levels := room.Free, room.End, room.Levels
	n := db.blocksFor(levels)
	tolerable := base.BlockNo(n + n/32 + 1)
	if len(levels) == 1 && !levels[0].Seg.MayLink {
		// Nothing is to be merged, and perhaps it can be moved to the front at once.
		if end <= tolerable || n < len(free) && free[n] <= tolerable {
			return low
		}
		return place{above: end, whole: true}
	}
	last := room.Blocks + base.BlockNo(max(n-len(free), 0))
	if n <= len(free) && n > 0 {
		last = free[n-1]
	}
	if last <= tolerable {
		return low
	}
	return place{above: end, whole: true}
}

// blocksFor returns how many blocks the merge of some levels fills at most.
func (db *DB) blocksFor(levels []*snapshot.Level) int {
	var pages int64
	for _, l := range levels {
		for _, seg := range l.Segments() {
			pages += seg.Size
		}
	}
	ppb := db.bf.Geometry().PagesPerBlock()
	return int((pages + ppb - 1) / ppb)
}

// compact writes the only level anew if the file can then end earlier. It reports whether
// it did.
func (db *DB) compact(ctx context.Context, op string, r *reporter) (moved bool, err error) {
	var again *job
	minLevels := db.opts.now().AutoMerge
	worth := func() bool {
		room := db.ledger.Room()
		if len(room.Levels) == 0 || numUserLevels(room.Levels) > 1 || db.jobs[merge.Flush] != nil {
			return false
		}
		n := db.blocksFor(room.Levels) + 1 // block 1 has room for fewer pages
		return n <= len(room.Free) && room.Free[n-1] < room.End
	}
	err = db.inSlices(ctx, op, r, func() (int, bool, error) {
		if again == nil {
			if db.merging() || !worth() {
				return 0, true, nil
			}
			levels := db.ledger.Newest().Disk.Levels
			j, err := db.newJobAt(false, 0, len(levels), place{whole: true})
			if err != nil {
				return 0, false, err
			}
			again, db.jobs[merge.Main] = j, j
			r.begin(PhaseCompact, j.inputPages)
		}
		if db.jobs[merge.Main] != again { // somebody else has ended it
			moved = true
			return 0, true, nil
		}
		n, err := db.work(ctx, stepPages, minLevels, false)
		moved = err == nil && db.jobs[merge.Main] != again
		return n, moved, err
	})
	if err != nil && again != nil {
		// Nobody is to go on with what only this call wanted.
		if db.worker.Take(context.WithoutCancel(ctx)) == nil {
			if db.jobs[merge.Main] == again {
				db.abandon(again)
				db.forget(again)
			}
			db.worker.Release()
		}
	}
	return moved, err
}

// truncate cuts the file behind the last block that the newest checkpoint or anybody in
// this process or another may still read.
func (db *DB) truncate(ctx context.Context, op string) error {
	if err := db.takeWorker(ctx, op); err != nil {
		return err
	}
	defer db.worker.Release()
	foreign, err := db.files.ForeignReader()
	if err != nil || foreign {
		return err
	}
	if end, ok := db.ledger.Unused(); ok {
		return db.bf.Truncate(end)
	}
	return nil
}
