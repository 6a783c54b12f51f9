// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/internal/measure/histogram"
)

func waits() []Workload {
	all := []Workload{{
		Name: "latency", Unit: "commit", Classes: both,
		About: "commit one new row, in random order, as fast as the store can, with the time of each commit",
		run:   (*run).latency,
	}}
	for _, writers := range []int{1, 8, 64} {
		all = append(all, Workload{
			Name: "writers", Threads: writers, Unit: "commit", Classes: []kv.Class{kv.Full},
			About: fmt.Sprintf("commit one new row, in random order, by %d goroutines at a time", writers),
			run:   func(r *run) error { return r.writers(writers) },
		})
	}
	return all
}

func (r *run) latency() error {
	if err := r.open(1); err != nil {
		return err
	}
	var times histogram.Histogram
	w, order := r.newWriter(1), r.random()
	row := uint64(0)
	err := r.measureWrites(func() (uint64, error) {
		return r.upTo(r.Rows, func() error {
			w.Add(order.At(row), 1)
			row++
			begun := time.Now()
			err := w.commit()
			times.Add(time.Since(begun))
			return err
		})
	})
	if err != nil {
		return err
	}
	r.logical(uint64(r.result.Ops))
	r.result.Latency = &report.Latency{
		Count: int64(times.Count()), P50: times.Quantile(0.5).Nanoseconds(), P90: times.Quantile(0.9).Nanoseconds(),
		P99: times.Quantile(0.99).Nanoseconds(), P999: times.Quantile(0.999).Nanoseconds(), Max: times.Max().Nanoseconds(),
	}
	return r.verifyWritten()
}

// verifyWritten wants as many rows, all at version 1, as there were operations.
func (r *run) verifyWritten() error {
	n, err := r.verify(func(uint64) uint32 { return 1 })
	if err == nil && n != uint64(r.result.Ops) {
		err = fmt.Errorf("there are %d rows, and %d were written", n, r.result.Ops)
	}
	return err
}

// writers lets goroutines write the next rows of one random order.
func (r *run) writers(n int) error {
	if err := r.open(n); err != nil {
		return err
	}
	order := r.random()
	var next atomic.Uint64
	err := r.measureWrites(func() (uint64, error) {
		over := r.deadline()
		return together(n, func(int) (done uint64, err error) {
			w := r.newWriter(1)
			for !over() {
				at := next.Add(1) - 1
				if at >= r.Rows {
					break
				}
				w.Add(order.At(at), 1)
				if err := w.commit(); err != nil {
					return done, err
				}
				done++
			}
			return done, nil
		})
	})
	if err != nil {
		return err
	}
	r.logical(uint64(r.result.Ops))
	return r.verifyWritten()
}
