// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/work"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// job is one measurement.
type job struct {
	driver   kv.Driver
	workload work.Workload
	task     work.Task
	round    int
}

// group is jobs that share databases, which are built once for each store.
type group struct {
	rows  uint64
	value int
	jobs  []job
}

// plan orders all measurements. In each round all stores are measured one after another, so that what
// changes on the machine meanwhile changes for all of them. Rows and lengths of values come last,
// because the databases of only one of each are kept.
func (o *options) plan() (groups []group) {
	for i, rows := range o.rows {
		for j, value := range o.values {
			g := group{rows: rows, value: value}
			for _, w := range o.workloads {
				if w.Large && i+j > 0 {
					continue // it has a length of its own
				}
				for _, class := range o.classes {
					if slices.Contains(w.Classes, class) {
						g.jobs = append(g.jobs, o.turns(w, class, rows, value)...)
					}
				}
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// turns returns all rounds of a workload.
func (o *options) turns(w work.Workload, class kv.Class, rows uint64, value int) (jobs []job) {
	if w.Large {
		rows, value = work.LargeRows(rows), work.LargeValue
	}
	for round := range o.rounds {
		for i := range o.stores {
			d := o.stores[(i+round)%len(o.stores)] // each round begins with another one
			jobs = append(jobs, job{d, w, work.Task{
				Workload: w.ID(), Store: d.Name, Class: class, Rows: rows, ValueBytes: value,
				CacheBytes: o.cache, BufferBytes: o.buffer, Limit: o.limit, Rest: o.rest, Seed: uint64(round + 1),
			}, round + 1})
		}
	}
	return jobs
}

// params are what the report shows of a job.
func (j job) params() report.Params {
	return report.Params{
		Class: report.Class(j.task.Class), KeyBytes: data.KeySize, ValueBytes: j.task.ValueBytes,
		Batch: j.workload.Batch, Rows: int64(j.task.Rows), Threads: j.workload.Threads,
	}
}

func (j job) String() string {
	return fmt.Sprintf("%s %s, %d rows, %d bytes, class %s, round %d",
		j.driver.Name, j.workload.ID(), j.task.Rows, j.task.ValueBytes, j.task.Class, j.round)
}
