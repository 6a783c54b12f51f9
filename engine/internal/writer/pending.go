// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// logCommit makes the transaction part of the log: in memory, if it is to be synced, else in the
// file, after all that waits to be written.
func (w *Writer) logCommit(tx *Tx, t *tuning.Values) (sync bool, err error) {
	g := &w.group
	g.writing.Lock()
	defer g.writing.Unlock()
	first := w.log.Pending() == 0
	switch {
	case t.Log && t.Sync == tuning.Commits:
		sync, err = true, w.log.CommitLater(true)
	case t.Log:
		err = w.log.Commit(false)
	default:
		if err = w.log.WritePending(); err == nil {
			w.log.Break()
		}
	}
	if !first && w.log.Pending() == 0 {
		w.wrote(w.log.Lost())
	}
	if err == nil {
		w.keepMark(tx, first)
	}
	return sync, err
}

// keepMark keeps the mark of a transaction that is in the log for repair if it is the first that
// waits to be written. The caller has the writer's turn, and writing.
func (w *Writer) keepMark(tx *Tx, first bool) {
	w.Turn.MustBeHeld()
	g := &w.group
	switch mark := tx.marks[0].tree; {
	case w.log.Pending() == 0 && g.marked:
		w.tree.Release(g.mark) // and all later ones
		g.unmark()
	case w.log.Pending() == 0 || !first:
		w.tree.Release(mark)
	default:
		if tx.level > 1 {
			w.tree.Release(tx.marks[1].tree)
		}
		w.tree.Keep(mark)
		g.mark, g.marked = mark, true
	}
}

// unmark forgets the mark, and with it the memory of its tree. The caller has the writer's turn.
func (g *group) unmark() { g.mark, g.marked = memtree.Mark{}, false }

// forgetMark releases the mark that repair needs no more, because all commits are written. The
// caller has the writer's turn, and no transaction is in progress.
func (w *Writer) forgetMark() {
	w.Turn.MustBeHeld()
	if g := &w.group; g.marked && w.log.Pending() == 0 && w.log.Lost() == nil {
		w.tree.Release(g.mark)
		g.unmark()
	}
}

// add makes h the newest head and a member of the batch that is being filled. If it is in the file
// already, because it was too large to wait or a writer that leads has written it, it must not share the
// outcome of the next write: its batch is ready. If it is lost already, its batch has failed. The caller
// has the writer's turn.
func (w *Writer) add(h ledger.Commit) *batch {
	w.Turn.MustBeHeld()
	g := &w.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.failedBatch(w.unsynced(g.err))
	}
	inFile := w.log.Pending() == 0 // read before Lost: a write that fails sets that first
	if err := w.log.Lost(); err != nil {
		return g.failedBatch(err)
	}
	b := g.filling
	b.writers++
	g.head = h
	if inFile {
		g.written = h
		g.fill()
		g.ready = append(g.ready, b)
	}
	return b
}

// writePending writes the commits that wait for it, with one write.
func (w *Writer) writePending() {
	g := &w.group
	g.writing.Lock()
	err := w.log.WritePending()
	w.wrote(err)
	g.writing.Unlock()
	if err != nil {
		w.noteFailedSync()
	}
}

// noteFailedSync ends writing if a sync of the log has failed that was no commit's own: that of what was voided,
// because it could not be written. Any goroutine may call it.
func (w *Writer) noteFailedSync() {
	if err := w.log.SyncFailed(); err != nil && w.Host.Poisoned() == nil {
		_ = w.Host.Poison(err)
	}
}

// wrote notes that all commits are in the file of the log, or why those that were waiting are not.
// The caller has writing.
func (w *Writer) wrote(err error) {
	g := &w.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.written = g.head
	} else {
		g.head, g.looked = g.written, false
		g.idle.Broadcast()
	}
	b := g.filling
	if b.writers == 0 {
		return
	}
	g.fill()
	if err == nil {
		g.ready = append(g.ready, b)
	} else {
		b.end(err)
	}
}

// repair undoes the commits that could not be written. Their writers have been told, and no reader
// has seen them. The caller has the writer's turn, and no transaction is in progress.
func (w *Writer) repair() {
	w.noteFailedSync()
	if w.log.Lost() == nil {
		return
	}
	w.Turn.MustBeHeld()
	g := &w.group
	g.writing.Lock()
	defer g.writing.Unlock()
	w.tree.RollbackTo(g.mark)
	w.tree.Release(g.mark)
	g.unmark()
	w.Ledger.Newest().Spans.Forget()
	w.log.Undo()
	w.seq = g.newest()
	w.Notes.Unclaim(w.seq)
}

// WriteLog writes the commits that wait for it. The caller has the writer's turn, and no transaction
// is in progress.
func (w *Writer) WriteLog() {
	w.Turn.MustBeHeld()
	w.writePending()
	w.repair()
}

// logError adds to the error of a commit what the log does not know: which file it is, and what for.
func (w *Writer) logError(err error) error {
	if err == nil {
		return nil
	}
	var coded *errs.Error
	if errors.As(err, &coded) && coded.Path == "" {
		located := *coded
		located.Op, located.Path = "commit", w.Files.LogPath()
		return &located
	}
	return ioerr.Write("commit", w.Files.LogPath(), "", err)
}
