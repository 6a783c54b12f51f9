// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// Commit ends the transaction and makes its changes visible and, as the settings ask,
// durable.
func (tx *Tx) Commit(ctx context.Context) error {
	if err := tx.usable("commit"); err != nil {
		return err
	}
	watch := tx.watch()
	synced, err := tx.commitToLog(ctx)
	if err != nil {
		tx.w.group.lookAgain()
	}
	if err != nil || tx.done {
		return tx.endUnwritten(err, &watch)
	}
	return tx.publish(synced, &watch)
}

// endUnwritten ends a Commit after which nothing of the transaction is in the log: because of err, or because
// it wrote nothing. Such a one still waits until what it has read is durable and published: else its caller
// would know of commits that a reader does not see yet, and that a crash may take back.
func (tx *Tx) endUnwritten(err error, watch *commitWatch) error {
	w := tx.w
	if err != nil {
		watch.end(tx, err)
		w.repair()
		w.Turn.Release()
		return err
	}
	seen := w.join()
	w.repair()
	w.Turn.Release()
	if seen != nil {
		watch.start()
		err = w.waitSynced(seen)
		watch.stop(&watch.sync)
	}
	watch.end(tx, err)
	return err
}

// commitToLog is the part of Commit after which the transaction is in the log, or has been
// rolled back, because it failed or there was nothing in it. It reports whether the log is
// to be synced; if so, the commit may still have to be written.
func (tx *Tx) commitToLog(ctx context.Context) (sync bool, err error) {
	if err = tx.err; err == nil {
		err = ctx.Err()
	}
	w := tx.w
	t := w.Tuning.Load()
	sync = t.Log && t.Sync == tuning.Commits
	if err == nil {
		err = w.Host.Poisoned()
	}
	if err == nil {
		if err = w.logError(w.log.Lost()); err != nil { // the transaction has seen commits that there are none of
			mark.Hit(mark.GroupSeenLost)
		}
	}
	later := !sync && t.Log && w.Files.NamesMayWait() && w.Notes.MayClaimLater()
	if err == nil && tx.written > 0 {
		if err = w.look(sync); err == nil && !later {
			err = w.Files.SyncNames()
		}
	}
	if err != nil || tx.written == 0 {
		tx.rollback()
		return false, err
	}
	if t.Log {
		w.claim(later)
	}
	if sync, err = w.logCommit(tx, t); err != nil {
		w.noteFailedSync()
		w.Notes.Unclaim(w.seq)
		tx.rollback()
		return false, w.logError(err)
	}
	return sync, nil
}

// claim has the notes say that the log is in use, before the next commit goes to it; later, once the
// log's name is durable.
func (w *Writer) claim(later bool) {
	if !later {
		w.Notes.Claim(w.seq + 1)
		return
	}
	w.Notes.ClaimLater(w.seq + 1)
	w.Files.SyncNamesSoon(func() {
		if w.Host.Stopped() == nil {
			w.Notes.ClaimNow()
		}
	})
}

// look looks at the names of the files before a commit, if that is due: the first of the
// commits that share a sync always looks.
func (w *Writer) look(sync bool) error {
	if w.Files.LookDue(w.Turn.TakenAt()) || sync && w.group.first() {
		return w.Files.Look()
	}
	return w.Files.Lost()
}

// publish ends a transaction that is committed to the log. With sync its writer waits until
// the log is written and synced, as a rule after the turn has been given back.
func (tx *Tx) publish(sync bool, watch *commitWatch) (err error) {
	w := tx.w
	defer w.Host.Leave()
	tx.foldSpans()
	h := ledger.Commit{Seq: w.seq + 1, View: w.tree.Freeze(), Regions: w.log.Regions(), End: w.log.Place(), At: w.Turn.TakenAt()}
	w.seq = h.Seq
	var mine *batch
	if sync {
		mine = w.add(h)
	} else {
		// Nobody may see a commit that is still to be synced through this one.
		if err = w.settle(); err == nil {
			w.Ledger.Show(h)
			w.Streams.Wake()
			w.group.published(h)
		}
	}
	tx.release() // first, so that the work can reuse what only this transaction saw
	if err == nil {
		watch.start()
		if err = w.RotateIfFull(); err == nil {
			w.Worker.AfterCommit(tx.written)
		}
		watch.stop(&watch.work)
	}
	if sync {
		w.Turn.Release()
		watch.start()
		err = w.waitSynced(mine) // which fails if the work did because of a sync
		watch.stop(&watch.sync)
	}
	if err == nil {
		w.Counters.Commits.Add(1)
		w.Counters.Records.Add(tx.records)
		w.Counters.Bytes.Add(tx.bytes)
	} else if !sync {
		err = w.unsynced(err)
	}
	watch.end(tx, err)
	if !sync {
		w.Turn.Release()
	}
	return err
}

// foldSpans makes what cursors have found out about the transaction known to all readers, and
// has the tree fold long runs of deleted keys.
func (tx *Tx) foldSpans() {
	spans := tx.w.Ledger.Newest().Spans
	if tx.spans != nil {
		spans.AddAll(tx.spans)
	}
	spans.Fold(tx.w.tree, span.FoldRecords)
}
