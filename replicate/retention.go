// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// retain removes what no moment of the last Options.Keep needs, and attempts at snapshots that ended without an
// index. It runs in the goroutine that has just made a snapshot, so no attempt of this writer is under way, and the
// generation is the greatest, as far as this writer knows: objects of greater ones are left alone.
//
// A moment needs the newest snapshot of it or before it, and the log objects after that: so all before the oldest
// snapshot that a moment needs can go. An index goes before its parts, so a snapshot that has one is whole, whenever
// this ends.
func (r *Replicator) retain(ctx context.Context, g *generation, own object.SnapshotID) error {
	list, err := r.h.generations(ctx)
	if err != nil {
		return err
	}
	oldest, err := r.oldestNeeded(ctx, list)
	if err != nil {
		return err
	}
	for _, num := range list {
		if num > g.num {
			break
		}
		if err := r.retainIn(ctx, g, num, own, oldest); err != nil {
			return err
		}
	}
	return nil
}

// MaxClockStep is how long ago the last snapshot but one may have been made for retention to believe the clock. If it
// was longer ago, the clock may have been set ahead, and Options.Keep counts from that snapshot, not from now: a wrong
// clock removes nothing that was to be kept, unless it stays wrong until another snapshot.
const MaxClockStep = 48 * time.Hour

// oldestNeeded returns the snapshot that the moment needs from which on everything is kept: of the greatest generation
// that has one by then, the newest. Nil, if there is none, or if everything is kept.
func (r *Replicator) oldestNeeded(ctx context.Context, list []uint64) (*complete, error) {
	if r.o.Keep == 0 {
		return nil, nil
	}
	// The newest one may be of the clock that is in doubt.
	n := 0
	second, err := r.h.newestSnapshot(ctx, list, func(complete) bool { n++; return n == 2 }, r.failed)
	if second == nil || err != nil {
		return nil, err
	}
	moment := time.Now()
	if moment.Sub(second.Time) > r.o.clockStep {
		moment = second.Time
	}
	moment = moment.Add(-r.o.Keep)
	return r.h.newestSnapshot(ctx, list, func(c complete) bool { return !c.Time.After(moment) }, r.failed)
}

// retainIn removes from one generation.
func (r *Replicator) retainIn(ctx context.Context, g *generation, num uint64, own object.SnapshotID, oldest *complete) error {
	if oldest != nil && num < oldest.g.num {
		return r.removeGeneration(ctx, num)
	}
	of := &generation{h: r.h, num: num}
	snapshots, err := of.snapshots(ctx)
	if err != nil {
		return err
	}
	for _, s := range snapshots {
		ended := !s.indexed && s.id != own
		outdated := oldest != nil && num == oldest.g.num && s.id != oldest.info.id && s.id.Seq <= oldest.Pos.Seq
		if outdated && s.indexed && s.id.Seq == oldest.Pos.Seq { // of the same state, perhaps made later
			if x, err := oldest.g.index(ctx, s.id); err == nil {
				outdated = !x.Time.After(oldest.Time)
			} else if !errors.Is(err, ErrDamaged) {
				return err
			}
		}
		if !ended && !outdated {
			continue
		}
		for _, name := range s.names { // the index first
			r.o.steps("delete")
			if err := r.t.Delete(ctx, name); err != nil {
				return err
			}
		}
	}
	if oldest == nil || num != oldest.g.num {
		return nil
	}
	// A log object can go if the one after it begins no later than the transaction after the snapshot's.
	var before *logInfo
	for l, err := range of.logs(ctx, 0) {
		if err != nil {
			return err
		}
		if l.first > oldest.Pos.Seq+1 {
			break
		}
		part := before != nil && before.first == l.first // of one transaction, which the snapshot has or has not
		if before != nil && (!part || l.first <= oldest.Pos.Seq) {
			r.o.steps("delete")
			if err := r.t.Delete(ctx, before.name); err != nil {
				return err
			}
		}
		before = &l
	}
	return nil
}

// removeGeneration removes all of a generation: indexes, then the rest, the base last.
func (r *Replicator) removeGeneration(ctx context.Context, num uint64) error {
	of := &generation{h: r.h, num: num}
	snapshots, err := of.snapshots(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, s := range snapshots {
		names = append(names, s.names...)
	}
	for _, name := range names {
		r.o.steps("delete")
		if err := r.t.Delete(ctx, name); err != nil {
			return err
		}
	}
	for l, err := range of.logs(ctx, 0) {
		if err != nil {
			return err
		}
		r.o.steps("delete")
		if err := r.t.Delete(ctx, l.name); err != nil {
			return err
		}
	}
	r.o.steps("delete")
	return r.t.Delete(ctx, object.BaseName(num))
}
