// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

func mixes() []Workload {
	all := []Workload{{
		Name: "readwhilewriting", Threads: 4, Unit: "get", Base: Copy, Classes: normal,
		About: "get a random row, by 4 goroutines, while another one writes rows again, one to a commit, as fast as it can; " +
			"CPU time has that of the writes, too",
		run: (*run).readWhileWriting,
	}}
	return append(all, ycsbs()...)
}

// defaultTime is how long a workload without an end of its own runs if the task has no limit.
const defaultTime = 10 * time.Second

func (r *run) readWhileWriting() error {
	const readers = 4
	if r.Limit == 0 {
		r.Limit = defaultTime
	}
	newest, err := offHeap(r.Rows)
	if err != nil {
		return err
	}
	if err := r.open(1); err != nil {
		return err
	}
	all := make([]*ops.Getter, readers)
	for i := range all {
		if all[i], err = r.newGetter(r.Seed<<8 + uint64(i)); err != nil {
			return err
		}
		defer all[i].Close()
	}
	one := func(g *ops.Getter) error {
		version, err := g.Get(g.Row())
		if err == nil && version == 0 {
			err = errors.New("a row has a version that was never written")
		}
		return err
	}
	if err := all[0].Warm(never); err != nil {
		return err
	}
	var (
		stop   atomic.Bool
		writer sync.WaitGroup
		writes uint64
		failed error
	)
	err = r.measureWrites(func() (uint64, error) {
		begun := time.Now()
		writer.Go(func() { writes, failed = r.overwriteUntil(&stop, newest) })
		reads, err := together(readers, func(i int) (uint64, error) {
			return r.upTo(1<<62, func() error { return one(all[i]) })
		})
		seconds := time.Since(begun).Seconds()
		stop.Store(true)
		writer.Wait()
		r.result.Extra["reads_per_second"] = float64(reads) / seconds
		r.result.Extra["writes_per_second"] = float64(writes) / seconds
		return reads, errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	r.logical(writes)
	return r.verifyNewest(newest)
}

// overwriteUntil writes rows in random order, one to a commit, until stop is set, and notes their versions.
func (r *run) overwriteUntil(stop *atomic.Bool, newest []uint32) (done uint64, err error) {
	w, order := r.table().NewWriter(1), data.NewOrder(r.Rows, r.Seed+1)
	for !stop.Load() {
		row := order.At(done % r.Rows)
		version := uint32(2 + done/r.Rows)
		w.Add(row, version)
		if err := w.Commit(); err != nil {
			return done, err
		}
		newest[row] = version
		done++
	}
	return done, nil
}

// verifyNewest compares all rows with their newest versions, of which 0 stands for 1.
func (r *run) verifyNewest(newest []uint32) error {
	n, err := r.verify(func(row uint64) uint32 { return max(newest[row], 1) })
	if err == nil && n != r.Rows {
		err = fmt.Errorf("there are %d rows, and there were %d", n, r.Rows)
	}
	return err
}
