// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

var batches = []int{1, 100, 1000}

func fills() []Workload {
	var all []Workload
	for _, batch := range batches {
		all = append(all, Workload{
			Name: "fillseq", Batch: batch, Unit: "row", Classes: both,
			About: fmt.Sprintf("write a new row, in ascending order, %d to a commit", batch),
			run: func(r *run) error {
				return r.fill(fillOrder{batch: batch, version: 1, at: func(i uint64) uint64 { return i }})
			},
		})
	}
	for _, batch := range batches {
		all = append(all, Workload{
			Name: "fillrandom", Batch: batch, Unit: "row", Classes: both,
			About: fmt.Sprintf("write a new row, in random order, %d to a commit", batch),
			run: func(r *run) error {
				return r.fill(fillOrder{batch: batch, version: 1, at: r.random().At})
			},
		})
	}
	for _, batch := range batches {
		all = append(all, Workload{
			Name: "overwrite", Batch: batch, Unit: "row", Classes: both, Base: Copy,
			About: fmt.Sprintf("write a row that is there, in random order, %d to a commit", batch),
			run:   func(r *run) error { return r.overwrite(batch) },
		})
	}
	return all
}

// fillOrder says in what order rows are written.
type fillOrder struct {
	batch   int // rows in a commit
	version uint32
	at      func(i uint64) uint64 // the row in place i
}

// fill writes all rows into an empty database, as far as the limit allows, and verifies that they are
// what the database has.
func (r *run) fill(o fillOrder) error {
	if err := r.open(1); err != nil {
		return err
	}
	if err := r.measureWrites(func() (uint64, error) { return r.write(o) }); err != nil {
		return err
	}
	n, err := r.verify(func(uint64) uint32 { return o.version })
	if err == nil && n != uint64(r.result.Ops) {
		err = fmt.Errorf("there are %d rows, and %d were written", n, r.result.Ops)
	}
	return err
}

// overwrite writes rows again, and verifies that each has its newest version.
func (r *run) overwrite(batch int) error {
	if err := r.open(1); err != nil {
		return err
	}
	// Not the order in which the rows were written first.
	o := fillOrder{batch: batch, version: 2, at: data.NewOrder(r.Rows, r.Seed+1).At}
	if err := r.measureWrites(func() (uint64, error) { return r.write(o) }); err != nil {
		return err
	}
	newest, err := offHeap(r.Rows)
	if err != nil {
		return err
	}
	for i := range uint64(r.result.Ops) {
		newest[o.at(i)] = 2
	}
	return r.verifyNewest(newest)
}

// writer writes batches, and knows which took longest.
type writer struct {
	*ops.Writer
	slowest time.Duration // of the commits
}

func (r *run) newWriter(batch int) *writer { return &writer{Writer: r.table().NewWriter(batch)} }

// timed is from how many rows on the time of a commit is taken; of smaller ones that would be a good part.
const timed = 100

// commit writes the batch.
func (w *writer) commit() error {
	if w.Len() < timed {
		return w.Commit()
	}
	begun := time.Now()
	err := w.Commit()
	w.slowest = max(w.slowest, time.Since(begun))
	return err
}

// write writes rows until all are written or the limit is over.
func (r *run) write(o fillOrder) (done uint64, err error) {
	w, over := r.newWriter(o.batch), r.deadline()
	// The clock is read once in 64 commits, or more often if those are long.
	every := uint64(64)
	if o.batch > 1 || r.Class == kv.Full {
		every = 1
	}
	for commits := uint64(1); done < r.Rows; commits++ {
		for n := 0; n < o.batch && done < r.Rows; n++ {
			w.Add(o.at(done), o.version)
			done++
		}
		if err := w.commit(); err != nil {
			return done, err
		}
		if commits%every == 0 && over() {
			break
		}
	}
	r.logical(done)
	if w.slowest > 0 {
		r.result.Extra["slowest_commit_ms"] = w.slowest.Seconds() * 1e3
	}
	if s, ok := r.store.(kv.Leveled); ok {
		r.result.Extra["levels"] = float64(s.Levels())
	}
	return done, nil
}

// logical notes that this many rows were written.
func (r *run) logical(rows uint64) {
	r.result.LogicalBytes = new(int64(rows) * int64(data.KeySize+r.values.Size()))
}

// verify reads all rows, compares them with the version that each should have, and counts them.
func (r *run) verify(version func(row uint64) uint32) (rows uint64, err error) {
	return r.table().Verify(version)
}
