// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/meter"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
	"github.com/lsmlite/lsmlite-go/internal/measure/process"
)

// unsettled is the figure that is set if the store was still at work after Task.Rest, so that its CPU
// time is incomplete.
const unsettled = "unsettled_runs"

// run is a workload that is running.
type run struct {
	Task
	driver kv.Driver
	values *data.Values
	store  kv.Store // open during the workload, unless that opens it itself
	result report.Repetition
	// counter is the name of a file next to the database, for processes that are killed.
	counter string
	// readMostly is set if the database is only read, perhaps after this workload has built it.
	readMostly bool
}

// Run measures a task in this process, whose memory and CPU time are counted as the store's.
func Run(t Task, d kv.Driver) (report.Repetition, error) {
	found, err := Find(t.Workload)
	if err != nil {
		return report.Repetition{}, err
	}
	if len(found) != 1 {
		return report.Repetition{}, fmt.Errorf("%q is the name of %d workloads", t.Workload, len(found))
	}
	return runWorkload(t, d, found[0])
}

// Build makes the database that workloads with a base begin with: all rows at version 1, written in
// random order, up to 1,000 to a commit, and left until the store has no more work with it.
func Build(t Task, d kv.Driver) (Built, error) {
	t.Class = kv.Normal
	t.Limit = 0
	// About 1 MiB to a commit at most, which every store takes.
	batch := min(max(1<<20/(data.KeySize+t.ValueBytes), 1), 1000)
	rep, err := runWorkload(t, d, Workload{Name: building, Classes: normal, run: func(r *run) error {
		return r.fill(fillOrder{batch: batch, version: 1, at: r.random().At})
	}})
	return Built{Unsettled: rep.Extra[unsettled] != 0}, err
}

// building is the name of the workload that builds databases for others.
const building = "build"

func runWorkload(t Task, d kv.Driver, w Workload) (report.Repetition, error) {
	values, err := data.New(t.ValueBytes)
	if err != nil {
		return report.Repetition{}, err
	}
	r := &run{
		Task: t, driver: d, values: values, result: report.Repetition{Extra: map[string]float64{}},
		counter:    filepath.Join(filepath.Dir(t.Dir), "acknowledged"),
		readMostly: w.Base == ReadOnly || w.Name == building,
	}
	err = w.run(r)
	if r.store != nil {
		if err == nil && r.result.DiskBytes == nil {
			r.result.DiskBytes, err = diskBytes(t.Dir)
		}
		err = errors.Join(err, r.store.Close())
	}
	if err == nil {
		var closed *int64
		if closed, err = diskBytes(t.Dir); err == nil {
			if w.Base != ReadOnly {
				r.result.Extra["closed_bytes"] = float64(*closed)
			}
			if r.result.DiskBytes == nil {
				r.result.DiskBytes = closed
			}
		}
	}
	if err != nil {
		return report.Repetition{}, fmt.Errorf("%s on %s: %w", w.ID(), d.Name, err)
	}
	return r.result, nil
}

func diskBytes(dir string) (*int64, error) {
	n, err := machine.DiskBytes(dir)
	return &n, err
}

// open opens the store for this many goroutines that write.
func (r *run) open(writers int) error {
	s, err := r.driver.Open(kv.Config{
		Dir: r.Dir, Class: r.Class, CacheBytes: r.CacheBytes, BufferBytes: r.BufferBytes, Rows: r.Rows, Writers: writers,
		ReadMostly: r.readMostly,
	})
	r.store = s
	return err
}

// table is the rows of the store that is open.
func (r *run) table() *ops.Table { return &ops.Table{Store: r.store, Rows: r.Rows, Values: r.values} }

// never is the end of work that no limit ends.
func never() bool { return false }

// random is the order in which rows are written at random.
func (r *run) random() data.Order { return data.NewOrder(r.Rows, r.Seed) }

// deadline returns a function that reports whether the limit of the task is over since now.
func (r *run) deadline() func() bool {
	if r.Limit == 0 {
		return func() bool { return false }
	}
	end := time.Now().Add(r.Limit)
	return func() bool { return time.Now().After(end) }
}

// measure measures do, which returns how many operations it has done.
func (r *run) measure(do func() (ops uint64, err error)) error {
	return r.meter(do, func() error { return nil })
}

// measureWrites measures do, and then in CPU time, but not in wall time, what the store does until it
// comes to rest, so that work which it has put off counts.
func (r *run) measureWrites(do func() (ops uint64, err error)) error {
	return r.meter(do, func() error {
		if err := r.store.Flush(); err != nil {
			return err
		}
		if r.Rest > 0 && !meter.Settle(r.Rest) {
			r.result.Extra[unsettled] = 1
		}
		return nil
	})
}

// meter measures do, and then after without its wall time. What the file system has to write of earlier
// measurements, of other stores or of this one's preparations, is written before.
func (r *run) meter(do func() (ops uint64, err error), after func() error) error {
	if err := meter.Flush(r.Dir); err != nil {
		return err
	}
	mark, err := meter.Start()
	if err != nil {
		return err
	}
	peak := process.StartPeak()
	ops, err := do()
	wall := mark.Wall()
	if err == nil {
		err = after()
	}
	peakBytes, peakErr := peak.Stop()
	if err = errors.Join(err, peakErr); err != nil {
		return err
	}
	if ops == 0 {
		return errors.New("no operation was done")
	}
	cost, err := mark.Cost()
	r.result.Ops = int64(ops)
	r.result.WallSeconds = wall.Seconds()
	r.result.CPUSeconds = cost.CPU.Seconds()
	r.result.Allocs = new(int64(cost.Allocs))
	r.result.AllocBytes = new(int64(cost.AllocBytes))
	r.result.PeakAnonBytes = &peakBytes
	r.result.WrittenBytes = &cost.WrittenBytes
	return err
}
