// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// readWhileWriting gets random rows while another goroutine writes rows again. A row that was read must
// have the version that it had before, or a newer one.
func (x *round) readWhileWriting() error {
	newest, err := x.versions(x.Rows)
	if err != nil {
		return err
	}
	all, err := x.getters()
	if err != nil {
		return err
	}
	var left atomic.Int64 // readers that go on
	left.Store(int64(x.Threads))
	var writer sync.WaitGroup
	var failed errs
	err = x.counted(x.Threads, func(i int, w *worker) {
		if i == 0 {
			writer.Go(func() { failed = x.overwriteUntil(func() bool { return left.Load() == 0 }, newest) })
		}
		w.loop(x.most(1), one(func() error { return atLeast(all[i], newest) }))
		if left.Add(-1); i == 0 {
			writer.Wait()
		}
	})
	if err != nil {
		return err
	}
	x.errors.merge(failed)
	return x.verify(newest)
}

// atLeast gets a random row, and wants a version that is not older than one that was committed before.
func atLeast(g *ops.Getter, newest []uint32) error {
	row := g.Row()
	before := max(atomic.LoadUint32(&newest[row]), 1)
	version, err := g.Get(row)
	if err == nil && version < before {
		err = fmt.Errorf("row %d has version %d, after version %d was committed", row, version, before)
	}
	return err
}

// overwriteUntil writes rows in random order, one to a commit, until it is over, but at least one, and notes
// their versions.
func (x *round) overwriteUntil(over func() bool, newest []uint32) (failed errs) {
	w, order := x.table.NewWriter(1), data.NewOrder(x.Rows, x.seed+1)
	for i := uint64(0); i == 0 || !over(); i++ {
		row, version := order.At(i%x.Rows), uint32(2+i/x.Rows)
		w.Add(row, version)
		if err := w.Commit(); err == nil {
			atomic.StoreUint32(&newest[row], version)
		} else if x.ctx.Err() != nil || failed.add(err) {
			break
		}
	}
	return failed
}

// ycsb runs a mix.
func (x *round) ycsb(m ops.Mix) error {
	y, err := x.table.NewYCSB(m, x.seed, x.versions)
	if err != nil {
		return err
	}
	defer y.Close()
	if err := y.Getter().Warm(x.interrupted); err != nil {
		x.errors.add(fmt.Errorf("before: %w", err))
	}
	most := uint64(1 << 62)
	if x.limit == 0 {
		most = x.Rows
	}
	if err := x.counted(1, func(_ int, w *worker) { w.loop(most, one(y.Do)) }); err != nil {
		return err
	}
	x.live += y.Inserted()
	return x.check(y.Verify())
}
