// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/internal/measure/histogram"
	"github.com/lsmlite/lsmlite-go/internal/measure/process"
)

// MaxErrors is after how many errors a thread ends its work: a disk that is full would make millions.
const MaxErrors = 100

// worker is one goroutine that does operations, and what it has counted.
type worker struct {
	begun time.Time
	over  func(now time.Duration) bool
	done  atomic.Uint64 // operations without those that failed; others look at it
	times histogram.Histogram
	errs
	_ [64]byte // workers do not slow each other down
}

// errs are errors that were counted.
type errs struct {
	n     int
	first error
}

// add counts an error, and reports whether there are too many.
func (e *errs) add(err error) (tooMany bool) {
	if e.first == nil {
		e.first = err
	}
	e.n++
	return e.n >= MaxErrors
}

// merge adds the errors of another one.
func (e *errs) merge(o errs) {
	if e.first == nil {
		e.first = o.first
	}
	e.n += o.n
}

// operation does one operation, or several that are timed together, and returns how many.
type operation func() (n uint64, err error)

// one is an operation that is done alone.
func one(do func() error) operation {
	return func() (uint64, error) { return 1, do() }
}

// loop does an operation again and again, up to most times, and takes the time of each. Time is read once
// for each of them: the end of one is the beginning of the next.
func (w *worker) loop(most uint64, do operation) {
	last := time.Since(w.begun)
	for range most {
		n, err := do()
		now := time.Since(w.begun)
		w.times.Add(now - last)
		last = now
		if err == nil {
			w.done.Add(n)
		} else if errors.Is(err, errEnded) || w.add(err) {
			return
		}
		if w.over(now) {
			return
		}
	}
}

// errEnded ends a loop from within an operation; it is no error.
var errEnded = errors.New("the measurement is over")

// measurement is one that goes on.
type measurement struct {
	*round
	workers []*worker
	stopped atomic.Bool
	series  *series
}

// measure lets workers do their work, and takes what it costs.
func (x *round) measure(threads int, work func(i int, w *worker)) error {
	m := &measurement{round: x, series: newSeries()}
	debug.FreeOSMemory()
	before, cpu, peak := x.db.Engine.Stats(), process.CPU(), process.StartPeak()
	stop := context.AfterFunc(x.ctx, func() { m.stopped.Store(true) })
	defer stop()
	wall := m.together(threads, work)
	if x.workload.base != shared {
		if err := x.db.Engine.Flush(x.ctx); err != nil && x.ctx.Err() == nil {
			x.errors.add(err)
		}
	}
	x.result.CPUSeconds = (process.CPU() - cpu).Seconds()
	if n, err := peak.Stop(); err == nil {
		n = max(n-x.remembered, 0)
		x.result.PeakBytes = &n
	}
	after := x.db.Engine.Stats()
	x.result.WrittenBytes = after.BytesWritten + after.LogBytesWritten - before.BytesWritten - before.LogBytesWritten
	m.collect(wall)
	return x.ctx.Err()
}

// together runs the workers, and returns how long that took.
func (m *measurement) together(threads int, work func(i int, w *worker)) time.Duration {
	begun := time.Now()
	over := func(now time.Duration) bool { return m.limit > 0 && now >= m.limit || m.stopped.Load() }
	for range threads {
		m.workers = append(m.workers, &worker{begun: begun, over: over})
	}
	ended, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		tick := time.NewTicker(shortStretch)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				m.series.add(time.Since(begun), m.done())
			}
		}
	}()
	var group sync.WaitGroup
	for i, w := range m.workers {
		group.Go(func() { work(i, w) })
	}
	group.Wait()
	wall := time.Since(begun)
	close(ended)
	<-sampled
	m.series.add(wall, m.done())
	return wall
}

// done is how many operations were done.
func (m *measurement) done() (n uint64) {
	for _, w := range m.workers {
		n += w.done.Load()
	}
	return n
}

// collect notes what the workers have counted.
func (m *measurement) collect(wall time.Duration) {
	var times histogram.Histogram
	for _, w := range m.workers {
		times.Merge(&w.times)
		m.errors.merge(w.errs)
	}
	r := &m.result
	r.Operations, r.Seconds, r.Series = m.done(), wall.Seconds(), m.series.result()
	if times.Count() > 0 {
		r.Latency = &results.Latency{
			Of: m.workload.timed, P50: times.Quantile(0.5), P95: times.Quantile(0.95), P99: times.Quantile(0.99),
			P999: times.Quantile(0.999), Max: times.Max(),
		}
	}
}
