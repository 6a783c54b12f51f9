// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// group is the commits that are not synced yet, where each commit is to be. A writer gives its
// turn to the next one before it waits, so that the commits of several writers share a write
// to the log and a sync:
//
//  1. The commit becomes part of the log, in memory, its state the newest head, and the commit a
//     member of the batch that is being filled. Nobody sees a head: it is not published. The next
//     writer builds on it, because the tree is the writers' own.
//  2. The turn is given back.
//  3. The writer that finds no sync running leads: it writes all of the log that is not written,
//     with which the batch is ready, syncs, publishes the newest commit that was written before the
//     sync, and wakes the writers of what is durable now. Of those that have come meanwhile it wakes
//     one, to lead next.
//
// Rule FULL_SYNCS_BEFORE_SHOWN: nobody sees a commit, and no Commit returns, before the sync.
//
// If a write fails, none of the commits that it was for is in the log: all of them fail, and nothing
// is committed until a writer that has the turn has undone them, in repair. A transaction that was
// in progress has seen them, so it fails, too. Then writing goes on.
//
// Rule FAILED_SYNC_ENDS_WRITING: if a sync fails the database is poisoned. Every commit that was not synced before
// fails, is never published, and nothing is committed any more, so that what later heads were built on
// does not matter.
//
// While there is a head that is not published, the tree holds more than readers may see.
// Before the tree itself is published, because it becomes the old one or because a commit
// under another safety level does it, settle is called.
type group struct {
	// writing is held while the log is written, or gets a commit. A goroutine that has mu does
	// not wait for it.
	writing sched.Mutex

	// The tree before the first commit that is not written, if there is one. Owned by the
	// goroutine that has the writer's turn.
	mark   memtree.Mark
	marked bool

	mu      sync.Mutex
	idle    sched.Cond    // on mu: a sync has ended, or a write has failed
	head    ledger.Commit // the newest commit
	written ledger.Commit // the newest commit that is in the file of the log
	leading ledger.Commit // what the sync that is running will publish
	synced  uint64        // number of the newest commit that is durable and published
	syncing bool          // a writer leads
	looked  bool          // a commit that the next sync is for has looked at the names of the files
	err     error         // the first failed sync

	filling *batch   // of commits that are not written yet
	ready   []*batch // that are written, and wait for the next sync
	inSync  []*batch // memory for those of the sync that is running
	spare   []*batch
}

func (g *group) init() {
	g.idle.L = &g.mu
	g.filling = g.newBatch()
}

// heads returns the epochs of the states that may still be published.
func (g *group) heads() (epochs []memtree.Epoch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.syncing && g.leading.Seq > g.synced {
		epochs = append(epochs, g.leading.View.Epoch())
	}
	if g.written.Seq > max(g.synced, g.leading.Seq) {
		epochs = append(epochs, g.written.View.Epoch())
	}
	if g.head.Seq > max(g.synced, g.leading.Seq, g.written.Seq) {
		epochs = append(epochs, g.head.View.Epoch())
	}
	return epochs
}

// newest returns the number of the newest commit, which may not be published yet.
func (g *group) newest() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.head.Seq
}

// first reports whether nobody else has asked since the last batch was filled: one commit of
// those that share a sync looks whether the files still have their names.
func (g *group) first() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.looked
	g.looked = true
	return !was
}

// lookAgain has the next commit look that is to be synced: the one that did look has failed.
func (g *group) lookAgain() {
	g.mu.Lock()
	g.looked = false
	g.mu.Unlock()
}

// published notes that h was published without a sync. The caller has the writer's turn,
// and has settled what was before it.
func (g *group) published(h ledger.Commit) {
	g.mu.Lock()
	g.head, g.written, g.synced = h, h, h.Seq
	g.forget()
	g.mu.Unlock()
}

// forget releases the trees of what is published: they may be flushed long before the
// next commit. The caller has the mutex.
func (g *group) forget() {
	g.leading = ledger.Commit{}
	if g.written.Seq == g.synced {
		g.written.View = memtree.View{}
	}
	if g.head.Seq == g.synced {
		g.head.View = memtree.View{}
	}
}

// lead writes and syncs what is committed, and publishes it. No other sync is running. The caller
// has the mutex, which is given up meanwhile.
func (w *Writer) lead() {
	g := &w.group
	g.syncing = true
	g.mu.Unlock()
	w.writePending()
	g.mu.Lock()
	if len(g.ready) > 0 || g.written.Seq > g.synced {
		w.syncReady()
	}
	g.syncing = false
	g.idle.Broadcast()
	if next := g.next(); next != nil && !mutant.Is(mutant.WakeLost) {
		next.done.Signal()
	}
}

// syncReady syncs what is written, and publishes it. The caller leads and has the mutex, which is
// given up meanwhile.
func (w *Writer) syncReady() {
	g := &w.group
	h := g.written
	g.leading = h
	g.inSync, g.ready = g.ready, g.inSync[:0]
	g.mu.Unlock()
	if mutant.Is(mutant.ShownBeforeSync) {
		w.Ledger.Show(h)
	}
	var err error
	if !mutant.Is(mutant.GroupNotSynced) || len(g.inSync) == 0 || g.inSync[0].writers < 2 {
		err = w.log.Sync()
	}
	if err == nil {
		w.Ledger.Show(h)
		w.Ledger.LogSynced(h.End.Stream)
		w.Streams.Wake()
	} else {
		err = w.Host.Poison(err)
	}
	g.mu.Lock()
	if err == nil {
		g.synced = h.Seq
		if len(g.inSync) > 1 {
			mark.Hit(mark.GroupBatches)
		}
		g.forget()
		g.end(g.inSync, nil)
		return
	}
	g.err = err
	mark.Hit(mark.GroupSyncFailed)
	err = w.unsynced(err)
	g.end(g.inSync, err)
	g.end(g.ready, err)
	g.ready = g.ready[:0]
	g.filling.end(err)
	g.filling = g.newBatch()
}

// join makes a transaction that wrote nothing a member of the batch with the newest commit, which it has seen. It
// returns nil if that is durable and published. The caller has the writer's turn.
func (w *Writer) join() *batch {
	w.Turn.MustBeHeld()
	g := &w.group
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.filling
	switch {
	case g.synced >= w.seq:
		return nil
	case g.err != nil:
		return g.failedBatch(w.unsynced(g.err))
	case w.log.Lost() != nil:
		return g.failedBatch(w.log.Lost())
	case g.head.Seq > g.written.Seq: // it is in the batch that is being filled
	case len(g.ready) > 0:
		b = g.ready[len(g.ready)-1]
	case g.syncing && g.leading.Seq >= w.seq && len(g.inSync) > 0:
		b = g.inSync[len(g.inSync)-1]
	}
	b.writers++
	return b
}

// unsynced returns the error of a commit whose sync has failed.
func (w *Writer) unsynced(err error) error {
	return &errs.Error{Code: errs.CodeIO, Op: "commit", Path: w.Path,
		Detail: "the log could not be synced; whether the transaction is durable is unknown, and nothing more is written", Err: err}
}

// waitSynced returns when a commit of the caller's in that batch is durable and published, or
// why it is not.
func (w *Writer) waitSynced(b *batch) error {
	g := &w.group
	g.mu.Lock()
	defer g.mu.Unlock()
	led := false
	for !b.ended {
		if g.syncing {
			b.done.Wait()
		} else {
			led = true
			w.lead()
		}
	}
	err := b.err
	if !led && err == nil {
		mark.Hit(mark.GroupFollows)
	}
	g.leave(b)
	return w.logError(err)
}

// waitPublished waits until commit seq can be seen, it could not be written, a sync has failed, or
// ctx ends. The writer that made the commit syncs it.
func (g *group) waitPublished(ctx context.Context, seq uint64) {
	defer context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.idle.Broadcast()
	})()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.synced < min(seq, g.head.Seq) && g.err == nil && ctx.Err() == nil {
		mark.Hit(mark.StaleWaits)
		g.idle.Wait()
	}
}

// waitShown is waitPublished for a caller who has no context. The writers of those commits end the wait.
func (g *group) waitShown(seq uint64) {
	g.mu.Lock()
	shown := g.synced >= seq
	g.mu.Unlock()
	if !shown {
		g.waitPublished(context.Background(), seq)
	}
}

// settle waits until every commit is durable and published, except those that cannot be
// written, which it undoes. The caller has the writer's turn.
func (w *Writer) settle() error {
	w.Turn.MustBeHeld()
	g := &w.group
	g.mu.Lock()
	for g.synced < g.head.Seq && g.err == nil {
		if g.syncing {
			mark.Hit(mark.SettleWaits)
			g.idle.Wait()
		} else {
			w.lead()
		}
	}
	err := g.err
	g.mu.Unlock()
	w.repair()
	w.forgetMark()
	return err
}
