// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// group is the commits that are in the log but not synced, where each commit is to be. A
// writer that has written its commit gives its turn to the next one before it waits for the
// sync, so that the commits of several writers share one:
//
//  1. The commit is written to the log, and its state becomes the newest head. Nobody sees
//     a head: it is not published. The next writer builds on it, because the tree is the
//     writers' own.
//  2. The turn is given back.
//  3. The writer that finds no sync running syncs, and with that makes durable all heads there
//     are at that moment. It publishes the newest of them, and wakes the others.
//
// If a sync fails the database is poisoned. Every commit that was not synced before fails,
// is never published, and nothing is committed any more, so that what later heads were
// built on does not matter.
//
// While there is a head that is not published, the tree holds more than readers may see.
// Before the tree itself is published, because it becomes the old one or because a commit
// under another safety level does it, settle is called.
type group struct {
	mu      sync.Mutex
	done    sync.Cond     // on mu: a sync has ended
	head    ledger.Commit // the newest commit in the log
	leading ledger.Commit // what the sync that is running will publish
	synced  uint64        // number of the newest commit that is durable and published
	syncing bool
	looked  bool  // a commit that the next sync is for has looked at the names of the files
	err     error // the first failed sync
}

// heads returns the epochs of the states that may still be published.
func (g *group) heads() []memtree.Epoch {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.head.Seq == g.synced {
		return nil
	}
	if g.syncing {
		return []memtree.Epoch{g.leading.View.Epoch(), g.head.View.Epoch()}
	}
	return []memtree.Epoch{g.head.View.Epoch()}
}

// newest returns the number of the newest commit, which may not be published yet.
func (g *group) newest() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.head.Seq
}

// first reports whether nobody else has asked since the last sync began: one commit of
// those that share a sync looks whether the files still have their names.
func (g *group) first() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.looked
	g.looked = true
	return !was
}

// add makes h the newest head. The caller has the writer's turn.
func (g *group) add(h ledger.Commit) {
	g.mu.Lock()
	g.head = h
	g.mu.Unlock()
}

// published notes that h was published without a sync. The caller has the writer's turn,
// and has settled what was before it.
func (g *group) published(h ledger.Commit) {
	g.mu.Lock()
	g.head, g.synced = h, h.Seq
	g.forget()
	g.mu.Unlock()
}

// forget releases the trees of what is published: they may be flushed long before the
// next commit. The caller has the mutex.
func (g *group) forget() {
	g.leading = ledger.Commit{}
	if g.head.Seq == g.synced {
		g.head.View = memtree.View{}
	}
}

// waitSynced returns when commit seq, which is in the log, is durable and published, or
// why it is not.
func (w *Writer) waitSynced(seq uint64) error {
	g := &w.group
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.synced < seq {
		if g.err != nil {
			return g.err
		}
		if g.syncing {
			g.done.Wait()
			continue
		}
		g.syncing = true
		h := g.head
		g.leading, g.looked = h, false
		g.mu.Unlock()
		err := w.log.Sync()
		if err == nil {
			w.Ledger.Show(h)
		} else {
			err = w.Host.Poison(err)
		}
		g.mu.Lock()
		g.syncing = false
		if err == nil {
			g.synced = h.Seq
			g.forget()
		} else {
			g.err = err
		}
		g.done.Broadcast()
	}
	return nil
}

// waitPublished waits until commit seq can be seen, a sync has failed, or ctx ends. The
// writer that made the commit syncs it.
func (g *group) waitPublished(ctx context.Context, seq uint64) {
	defer context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.done.Broadcast()
	})()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.synced < seq && g.err == nil && ctx.Err() == nil {
		g.done.Wait()
	}
}

// settle waits until every commit is durable and published. The caller has the writer's
// turn.
func (w *Writer) settle() error {
	w.Turn.MustBeHeld()
	return w.waitSynced(w.group.newest())
}
