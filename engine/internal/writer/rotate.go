// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

const (
	// heldFactor is how many times autoflush the live tree may hold in memory, above heldLeast,
	// before it counts as full. It holds more than its size if cursors of transactions keep
	// what has been replaced since, or in the chunk that is being filled.
	heldFactor = 2
	heldLeast  = 1 << 20
)

// Fill is how full the live tree is; 1 is when it is to become the old one. What counts is
// its size, with what was rolled back since a cursor saw it, the memory that it holds, and the
// log that holds it. The caller has the writer's turn.
func (w *Writer) Fill(st *snapshot.State) float64 {
	w.Turn.MustBeHeld()
	t := w.Tuning.Load()
	f := worker.Fraction(w.liveBytes(), t.AutoFlush)
	if part := t.MaxLog / worker.LogFlushPart; part > 0 {
		f = max(f, worker.Fraction(w.liveLog(st), part))
	}
	return f
}

// LogSize returns the length of the log in bytes.
func (w *Writer) LogSize() int64 { return w.log.Size() }

// liveBytes is the size of the live tree, or the part of the memory it holds that counts, if
// that is more. The caller has the writer's turn.
func (w *Writer) liveBytes() int64 {
	w.Turn.MustBeHeld()
	return max(int64(w.tree.Size()), int64(w.tree.Footprint()-heldLeast)/heldFactor)
}

// liveLog returns how many bytes of the log hold what is in the live tree. The caller has
// the writer's turn.
func (w *Writer) liveLog(st *snapshot.State) int64 {
	w.Turn.MustBeHeld()
	since := st.Disk.Log
	if st.HasOld {
		since = st.OldLog
	}
	return wal.BytesAfter(w.log.Regions(), since.Off)
}

// RotateIfFull makes the live tree the old one if it has reached its limit and no old tree
// waits to be flushed. The caller has the writer's turn.
func (w *Writer) RotateIfFull() error {
	w.Turn.MustBeHeld()
	st := w.Ledger.Newest()
	if st.HasOld || w.Fill(st) < 1 {
		return nil
	}
	return w.rotate()
}

// rotate makes the live tree the old one, or forgets it if all of it was rolled back.
// There must be no old tree. The caller has the writer's turn.
//
// Rule SYNCED_BEFORE_SET_ASIDE: commits that are to be synced are, before the tree that holds them is published.
func (w *Writer) rotate() error {
	w.Turn.MustBeHeld()
	if err := w.settle(); err != nil {
		return err
	}
	view := w.tree.Freeze()
	if view.Empty() && w.liveBytes() == 0 {
		return nil
	}
	w.tree = w.newTree()
	w.group.unmark()
	w.Ledger.SetAside(view, w.log.End(), w.tree)
	return nil
}

// newTree returns an empty tree that will be the live one.
func (w *Writer) newTree() *memtree.Tree { return memtree.NewFor(int(w.Tuning.Load().AutoFlush)) }
