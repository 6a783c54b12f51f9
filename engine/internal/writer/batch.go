// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// batch is commits that are written together, and share their outcome.
type batch struct {
	done    sched.Cond // on the group's mutex: it has ended, or one of its writers is to lead
	writers int        // that have not been told yet
	ended   bool
	err     error
}

// newBatch returns an empty batch. The caller has the mutex.
func (g *group) newBatch() *batch {
	n := len(g.spare)
	if n == 0 {
		b := new(batch)
		b.done.L = &g.mu
		return b
	}
	b := g.spare[n-1]
	g.spare = g.spare[:n-1]
	b.ended, b.err = false, nil
	return b
}

// fill begins a batch: the one that was being filled is ready, or has failed. The caller has the mutex.
func (g *group) fill() { g.filling, g.looked = g.newBatch(), false }

// failedBatch returns a batch of one commit that has failed. The caller has the mutex.
func (g *group) failedBatch(err error) *batch {
	b := g.newBatch()
	b.writers = 1
	b.end(err)
	return b
}

// end tells the writers of a batch the outcome of their commits. The caller has the mutex.
func (b *batch) end(err error) {
	b.ended, b.err = true, err
	if err == nil && b.writers > 1 {
		mark.Hit(mark.GroupOfTwo)
		if b.writers > 2 {
			mark.Hit(mark.GroupOfThree)
		}
	}
	b.done.Broadcast()
}

// end is that of several batches.
func (g *group) end(batches []*batch, err error) {
	for _, b := range batches {
		b.end(err)
	}
}

// leave forgets one writer of a batch that has ended; the last one makes its memory a new one's.
// The caller has the mutex.
func (g *group) leave(b *batch) {
	if b.writers--; b.writers == 0 {
		g.spare = append(g.spare, b)
	}
}

// next returns a batch of which a writer is to lead, if there is one. The caller has the mutex.
func (g *group) next() *batch {
	if len(g.ready) > 0 {
		return g.ready[0]
	}
	if g.filling.writers > 0 {
		return g.filling
	}
	return nil
}
