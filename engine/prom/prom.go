// SPDX-License-Identifier: Apache-2.0

// Package prom makes Prometheus metrics of what a database reports about itself.
//
// A [Collector] is registered once, and its Observer is given to each database when it is
// opened. Until it is closed, the database has its own series, with the label db:
//
//	metrics := prom.New(prom.Options{})
//	prometheus.MustRegister(metrics)
//	db, err := engine.Open(ctx, path, engine.Options{Observer: metrics.Observer()})
//
// With database/sql, lsmlite.Config has a field Observer, too. docs/metrics.md explains
// every metric and what to do about it.
//
// This is the only package that imports the Prometheus client, so that programs without
// metrics do not link it. It reads a database only by its Observer and its Stats, which
// take no turn: a scrape and a writer wait for each other only for moments.
package prom

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Options say how the metrics look.
type Options struct {
	// Name makes the value of the label db from the canonical path of a database; nil
	// takes the path itself. If a database is opened under a name that another open one
	// has, "#2" (and so on) is appended.
	Name func(path string) string
	// HistogramPrefix is put in front of the names of the five histograms that
	// lsmlite-rs has, too, which have none there: write_times_s, work_kbs, work_times_s,
	// checkpoint_kbs, checkpoint_times_s.
	HistogramPrefix string
	// TimeBuckets, in seconds, WorkBuckets and CheckpointBuckets, in KB, are the bounds of
	// the histograms' buckets; nil takes those of the functions DefaultTimeBuckets and so on.
	TimeBuckets, WorkBuckets, CheckpointBuckets []float64
}

// DefaultTimeBuckets returns the bounds that lsmlite-rs recommends for its times, in
// seconds, from 1 ms to 10 s, and finer ones below, where most commits are.
func DefaultTimeBuckets() []float64 {
	return []float64{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
		0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.075, 0.1, 0.5, 1, 5, 10}
}

// DefaultWorkBuckets returns the bounds that lsmlite-rs recommends for work_kbs, from 1 to
// 64 MB, and smaller ones, because work is often done in small shares here.
func DefaultWorkBuckets() []float64 {
	return []float64{64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 24576, 32768, 49152, 65536}
}

// DefaultCheckpointBuckets returns the bounds that lsmlite-rs recommends for
// checkpoint_kbs, from 2 to 20 MB, and some smaller and larger ones.
func DefaultCheckpointBuckets() []float64 {
	return []float64{64, 256, 1024, 2048, 4096, 5120, 6144, 7168, 8192, 12288, 16384, 20480, 32768, 65536}
}

// Collector is a prometheus.Collector for any number of databases. Its methods may be
// called from any goroutine.
type Collector struct {
	name       func(path string) string
	observer   *engine.Observer
	histograms []*prometheus.HistogramVec
	writeTimes, workKBs, workTimes, checkpointKBs, checkpointTimes,
	turnWaits *prometheus.HistogramVec
	openErrors  atomic.Int64
	openErrDesc *prometheus.Desc
	descs       []*prometheus.Desc // of the table of metrics, in its order

	databases sync.Map // *engine.DB → *database
	mu        sync.Mutex
	names     map[string]bool // in use
}

// database is one that is open, with its histograms.
type database struct {
	db   *engine.DB
	name string
	writeTimes, workKBs, workTimes, checkpointKBs, checkpointTimes,
	turnWaits prometheus.Observer
}

// New makes a Collector. It has no series until a database is opened with its Observer.
func New(o Options) *Collector {
	c := &Collector{name: o.Name, names: make(map[string]bool)}
	if c.name == nil {
		c.name = func(path string) string { return path }
	}
	times := orDefault(o.TimeBuckets, DefaultTimeBuckets)
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{Label})
		c.histograms = append(c.histograms, h)
		return h
	}
	c.writeTimes = histogram(o.HistogramPrefix+"write_times_s",
		"Seconds that a writer waited for a transaction: for room in memory when it began, and for its commit.", times)
	c.workKBs = histogram(o.HistogramPrefix+"work_kbs",
		"KB written to the file by each share of flushing and merging.", orDefault(o.WorkBuckets, DefaultWorkBuckets))
	c.workTimes = histogram(o.HistogramPrefix+"work_times_s",
		"Seconds that each share of flushing and merging took.", times)
	c.checkpointKBs = histogram(o.HistogramPrefix+"checkpoint_kbs",
		"KB that each checkpoint made durable.", orDefault(o.CheckpointBuckets, DefaultCheckpointBuckets))
	c.checkpointTimes = histogram(o.HistogramPrefix+"checkpoint_times_s",
		"Seconds that each checkpoint took, its syncs included.", times)
	c.turnWaits = histogram("lsmlite_turn_wait_seconds",
		"Seconds that each committed transaction waited for other writers before it began.", times)
	c.openErrDesc = prometheus.NewDesc("lsmlite_open_errors_total", "Databases that could not be opened.", nil, nil)
	for _, m := range metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels(), nil))
	}
	c.observer = &engine.Observer{
		Opened: c.opened, Committed: c.committed, Worked: c.worked, Checkpointed: c.checkpointed, Closed: c.closed,
	}
	return c
}

func orDefault(buckets []float64, def func() []float64) []float64 {
	if buckets == nil {
		return def()
	}
	return slices.Clone(buckets)
}

// Observer returns what is given to a database when it is opened. It is always the same;
// join it with others by engine.JoinObservers.
func (c *Collector) Observer() *engine.Observer { return c.observer }

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, h := range c.histograms {
		h.Describe(out)
	}
	out <- c.openErrDesc
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	for _, h := range c.histograms {
		h.Collect(out)
	}
	out <- prometheus.MustNewConstMetric(c.openErrDesc, prometheus.CounterValue, float64(c.openErrors.Load()))
	var open []*database
	c.databases.Range(func(_, v any) bool {
		open = append(open, v.(*database))
		return true
	})
	slices.SortFunc(open, func(a, b *database) int { return cmp.Compare(a.name, b.name) })
	for _, d := range open {
		stats := d.db.Stats()
		for i := range metrics {
			metrics[i].collect(c.descs[i], d.name, &stats, out)
		}
	}
}

func (c *Collector) opened(e engine.OpenEvent) {
	if e.Err != nil {
		c.openErrors.Add(1)
		return
	}
	name := c.take(c.name(e.Path))
	c.databases.Store(e.DB, &database{
		db: e.DB, name: name,
		writeTimes:      c.writeTimes.WithLabelValues(name),
		workKBs:         c.workKBs.WithLabelValues(name),
		workTimes:       c.workTimes.WithLabelValues(name),
		checkpointKBs:   c.checkpointKBs.WithLabelValues(name),
		checkpointTimes: c.checkpointTimes.WithLabelValues(name),
		turnWaits:       c.turnWaits.WithLabelValues(name),
	})
}

// take reserves a name, with a number after it if it is in use.
func (c *Collector) take(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	unique := name
	for n := 2; c.names[unique]; n++ {
		unique = fmt.Sprintf("%s#%d", name, n)
	}
	c.names[unique] = true
	return unique
}

// closed ends the series of a database: its counters say nothing any more.
func (c *Collector) closed(e engine.CloseEvent) {
	d := c.find(e.DB)
	if d == nil {
		return
	}
	c.databases.Delete(e.DB)
	for _, h := range c.histograms {
		h.DeleteLabelValues(d.name)
	}
	c.mu.Lock()
	delete(c.names, d.name)
	c.mu.Unlock()
}

func (c *Collector) find(db *engine.DB) *database {
	v, ok := c.databases.Load(db)
	if !ok {
		return nil
	}
	return v.(*database)
}

const kb = 1024

func (c *Collector) committed(e engine.CommitEvent) {
	if d := c.find(e.DB); d != nil && e.Err == nil {
		d.writeTimes.Observe((e.Stall + e.Duration).Seconds())
		d.turnWaits.Observe(e.Turn.Seconds())
	}
}

func (c *Collector) worked(e engine.WorkEvent) {
	if d := c.find(e.DB); d != nil && e.Err == nil {
		d.workKBs.Observe(float64(e.Bytes) / kb)
		d.workTimes.Observe(e.Duration.Seconds())
	}
}

func (c *Collector) checkpointed(e engine.CheckpointEvent) {
	if d := c.find(e.DB); d != nil && e.Err == nil {
		d.checkpointKBs.Observe(float64(e.Bytes) / kb)
		d.checkpointTimes.Observe(e.Duration.Seconds())
	}
}
