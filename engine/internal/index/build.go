// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// turnTime is for how long the goroutine works before it pauses for as long: it takes half of
// one core at most.
const turnTime = 2 * time.Millisecond

// demand starts the goroutine, if it does not run. Searches call it.
func (k *Keeper) demand() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.building || k.stopped {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	k.building, k.stop = true, stop
	k.running.Go(func() {
		defer stop()
		sched.Point("index begins")
		k.run(ctx)
	})
}

// Stop ends the goroutine and waits for it. No other starts.
func (k *Keeper) Stop() {
	k.mu.Lock()
	k.stopped = true
	if k.stop != nil {
		k.stop()
	}
	k.mu.Unlock()
	k.running.Wait()
	sched.Point("index has ended")
}

// run makes what is wanted until nothing is.
func (k *Keeper) run(ctx context.Context) {
	for {
		st := k.ledger.Acquire()
		k.mu.Lock()
		segs := segmentsOf(st.Disk)
		i := slices.IndexFunc(segs, func(seg *segment.Segment) bool { return seg.Index.Wanted() })
		if i < 0 || ctx.Err() != nil {
			k.building = false
			k.mu.Unlock()
			k.ledger.Release(st)
			return
		}
		k.mu.Unlock()
		k.build(ctx, segs[i])
		k.ledger.Release(st)
	}
}

// errGone ends the work on a segment that is not one of the newest state any more.
var errGone = errors.New("index: the segment has been merged")

// build makes the next part of a segment's index. The caller has pinned a state with it.
func (k *Keeper) build(ctx context.Context, seg *segment.Segment) {
	pace := pacer{ctx: ctx, gone: func() bool { return !k.current(seg) }, since: time.Now()}
	x, part := seg.Index, segment.Filter
	var err error
	if lacksFences(seg) {
		part = segment.Fences
		err = k.buildFences(seg, pace.pause)
	} else if lacksFilter(seg) {
		err = k.buildFilter(seg, pace.pause)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
		x.GiveUp(part) // whatever reads the segment for its own sake reports what is wrong
	}
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	k.mu.Lock()
	defer k.mu.Unlock()
	x.Await(0)
	k.await(segmentsOf(st.Disk))
}

func (k *Keeper) buildFences(seg *segment.Segment, pause func() error) error {
	n := fenceBytes * seg.Space.PagesIn(seg.Size)
	if !k.reserveFor(n, k.limit) {
		return nil // they are wanted again when there is room
	}
	defer k.release(n)
	f, err := seg.BuildFences(pause)
	if err == nil && (f == nil || !k.keep(seg, segment.Fences, f.Bytes()-n, func() { seg.Index.SetFences(f) })) {
		seg.Index.GiveUp(segment.Fences)
	}
	return err
}

func (k *Keeper) buildFilter(seg *segment.Segment, pause func() error) error {
	keys, err := seg.EstimateKeys(manyPages)
	if err != nil {
		return err
	}
	n := filter.BytesFor(keys)
	if limit := k.limit - k.limit/spareShare; !k.reserveFor(n, limit) {
		if n > limit-k.published() {
			seg.Index.GiveUp(segment.Filter) // larger than the budget allows
		}
		return nil // it is wanted again when what is being written has given back its room
	}
	defer k.release(n)
	f, err := seg.BuildFilter(keys, pause)
	if err == nil && (f == nil || !k.keep(seg, segment.Filter, f.Bytes()-n, func() { seg.Index.SetFilter(f) })) {
		seg.Index.GiveUp(segment.Filter)
	}
	return err
}

// reserveFor reserves n bytes, if no more than limit are in use after that.
func (k *Keeper) reserveFor(n, limit int64) bool {
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	k.mu.Lock()
	defer k.mu.Unlock()
	fences, filters := sizes(segmentsOf(st.Disk))
	if fences+filters+k.reserved+n > limit {
		return false
	}
	k.reserved += n
	return true
}

// published returns the bytes of what is there, without what is being made.
func (k *Keeper) published() int64 {
	fences, filters := k.Sizes()
	return fences + filters
}

// keep calls set, unless the segment is gone, its part of the index was given up, or there is no
// room for the given number of bytes more. It reports whether it did.
func (k *Keeper) keep(seg *segment.Segment, part segment.Part, more int64, set func()) bool {
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	k.mu.Lock()
	defer k.mu.Unlock()
	segs := segmentsOf(st.Disk)
	fences, filters := sizes(segs)
	if !slices.Contains(segs, seg) || seg.Index.GivenUp(part) || fences+filters+k.reserved+more > k.limit {
		return false
	}
	set()
	return true
}

// current reports whether a segment is one of the newest state.
func (k *Keeper) current(seg *segment.Segment) bool {
	st := k.ledger.Acquire()
	defer k.ledger.Release(st)
	return slices.ContainsFunc(st.Disk.Levels, func(l *snapshot.Level) bool { return slices.Contains(l.Segments(), seg) })
}

// pacer keeps a goroutine from taking more than its share of a core.
type pacer struct {
	ctx   context.Context
	gone  func() bool
	since time.Time // when the goroutine's turn began
}

// pause waits if the turn is over. It returns why the work is to end, if so.
func (p *pacer) pause() error {
	worked := time.Since(p.since)
	if worked < turnTime {
		return p.ctx.Err()
	}
	if p.gone() {
		return errGone
	}
	over := time.NewTimer(worked)
	defer over.Stop()
	select {
	case <-p.ctx.Done():
	case <-over.C:
	}
	sched.Point("index is woken")
	if err := p.ctx.Err(); err != nil {
		return err
	}
	p.since = time.Now()
	return nil
}
