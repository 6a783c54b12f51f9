// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/report"
)

// progress writes a line for each measurement, with the time that is left about.
type progress struct {
	log         io.Writer
	total, left int
	spent       map[string]spent // by workload
	all         spent
	waiting     map[string]int // measurements that are left, by workload
}

// spent is how long some measurements took.
type spent struct {
	n    int
	time time.Duration
}

func (s spent) average() time.Duration { return s.time / time.Duration(max(s.n, 1)) }

func newProgress(log io.Writer, groups []group) *progress {
	p := &progress{log: log, spent: map[string]spent{}, waiting: map[string]int{}}
	for _, g := range groups {
		for _, j := range g.jobs {
			p.waiting[j.kind()]++
			p.total++
		}
	}
	p.left = p.total
	return p
}

// kind is what measurements that take about the same time have in common.
func (j job) kind() string {
	return fmt.Sprint(j.workload.ID(), j.task.Class, j.task.Rows, j.task.ValueBytes)
}

func (p *progress) skip(j job) {
	p.left--
	p.waiting[j.kind()]--
}

func (p *progress) done(j job, rep report.Repetition, err error, took time.Duration) {
	p.skip(j)
	add := func(s spent) spent { return spent{s.n + 1, s.time + took} }
	p.spent[j.kind()], p.all = add(p.spent[j.kind()]), add(p.all)
	fmt.Fprintf(p.log, "%d/%d, %v left: %v: %s\n", p.total-p.left, p.total, p.remaining().Round(time.Second), j, outcome(j, rep, err))
}

// remaining estimates from the measurements of the same kind, or from all.
func (p *progress) remaining() (d time.Duration) {
	for kind, n := range p.waiting {
		s := p.spent[kind]
		if s.n == 0 {
			s = p.all
		}
		d += time.Duration(n) * s.average()
	}
	return d
}

func outcome(j job, rep report.Repetition, err error) string {
	if err != nil {
		return "failed: " + err.Error()
	}
	micros := func(seconds float64) float64 { return seconds * 1e6 / float64(rep.Ops) }
	return fmt.Sprintf("%.3g µs a %s, %.3g µs of CPU time", micros(rep.WallSeconds), j.workload.Unit, micros(rep.CPUSeconds))
}
