// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

// errFailed is returned, after the report, if any measurement failed.
var errFailed = errors.New("some measurements failed; the report says which")

// measure runs everything and writes the report, also of what was measured before ctx ended.
func measure(ctx context.Context, o *options, out, log io.Writer) error {
	dir, err := os.MkdirTemp(o.dir, "lsmlite-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	on, err := machine.Describe(dir)
	if err != nil {
		return err
	}
	r := &runner{
		options: o, dir: dir, bases: map[string]base{}, results: map[result]*report.Result{},
		run: &report.Run{Version: report.Version, Started: time.Now().UTC().Truncate(time.Second), Command: o.command, Machine: report.Machine(on)},
	}
	for _, d := range o.stores {
		s := report.Store{Name: d.Name, Version: stores.Version(d), Cgo: d.Cgo, Settings: map[report.Class]string{}}
		for class, text := range d.Settings {
			s.Settings[report.Class(class)] = text
		}
		r.run.Stores = append(r.run.Stores, s)
	}
	groups := o.plan()
	r.progress = newProgress(log, groups)
	for _, g := range groups {
		if err := r.group(ctx, g); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		r.run.Notes = append(r.run.Notes, "The run was interrupted; what is missing was not measured.")
	}
	for _, res := range r.order {
		r.run.Results = append(r.run.Results, *res)
	}
	if err := r.write(out); err != nil {
		return err
	}
	if r.failed && ctx.Err() == nil {
		return errFailed
	}
	return ctx.Err()
}

// result names what repetitions have in common.
type result struct {
	store, workload string
	params          report.Params
}

// runner runs jobs and collects what they return.
type runner struct {
	*options
	dir      string          // for databases
	bases    map[string]base // by folder
	run      *report.Run
	results  map[result]*report.Result
	order    []*report.Result // the same, in the order of the first repetitions
	progress *progress
	failed   bool
}

// group runs the jobs that share databases, and removes those.
func (r *runner) group(ctx context.Context, g group) error {
	clear(r.bases)
	for _, j := range g.jobs {
		if ctx.Err() != nil {
			break
		}
		if err := r.job(ctx, j); err != nil {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(r.dir, "base"))
}

// job measures once. Only an error of the program itself is returned; one of the store is a result.
func (r *runner) job(ctx context.Context, j job) error {
	at := result{j.driver.Name, j.workload.Name, j.params()}
	res := r.results[at]
	if res != nil && res.Failure != "" {
		r.progress.skip(j)
		return nil
	}
	begun := time.Now()
	rep, err := r.measure(ctx, j)
	if ctx.Err() != nil {
		return nil
	}
	if res == nil {
		res = &report.Result{Store: at.store, Workload: at.workload, Params: at.params, Unit: j.workload.Unit}
		r.results[at] = res
		r.order = append(r.order, res)
	}
	if err != nil {
		r.failed = true
		res.Failure, res.Repetitions = err.Error(), nil
	} else {
		rep.Round = j.round
		res.Repetitions = append(res.Repetitions, rep)
	}
	r.progress.done(j, rep, err, time.Since(begun))
	return nil
}

// measure runs a job in a child.
func (r *runner) measure(ctx context.Context, j job) (rep report.Repetition, err error) {
	t := j.task
	var from base
	switch j.workload.Base {
	case work.Empty:
		t.Dir = filepath.Join(r.dir, "empty")
		err = os.Mkdir(t.Dir, 0o700)
	case work.ReadOnly:
		t.Dir, from = r.base(ctx, j)
		err = from.err
	case work.Copy:
		t.Dir = filepath.Join(r.dir, "copy")
		var dir string
		if dir, from = r.base(ctx, j); from.err == nil {
			from.err = copyFolder(t.Dir, dir)
		}
		err = from.err
	}
	if j.workload.Base != work.ReadOnly {
		defer os.RemoveAll(t.Dir)
	}
	if err == nil {
		err = r.child(ctx, work.RoleMeasure, t, &rep)
	}
	if err == nil && from.Unsettled {
		from.mark(&rep)
	}
	return rep, err
}

// base is a database that workloads begin with.
type base struct {
	work.Built
	err error // why it could not be built
}

// unsettledBases is the figure that is set if the store was still at work on the database when it was
// closed: what is measured on it may cost more than on one that is finished.
const unsettledBases = "unsettled_bases"

func (b *base) mark(rep *report.Repetition) {
	if rep.Extra == nil {
		rep.Extra = map[string]float64{}
	}
	rep.Extra[unsettledBases] = 1
}

// base returns the folder of a store's database with all rows, and builds it at the first call in a
// group. If that fails, it fails for all workloads that need it.
func (r *runner) base(ctx context.Context, j job) (string, base) {
	t := j.task
	dir := filepath.Join(r.dir, "base", fmt.Sprintf("%s-%d-%d", j.driver.Name, t.Rows, t.ValueBytes))
	b, known := r.bases[dir]
	if known {
		return dir, b
	}
	t.Dir, t.Seed = dir, 1
	if b.err = os.MkdirAll(dir, 0o700); b.err == nil {
		b.err = r.child(ctx, work.RoleBuild, t, &b.Built)
	}
	if b.err != nil {
		b.err = fmt.Errorf("build a database of %d rows: %w", t.Rows, b.err)
	}
	r.bases[dir] = b
	return dir, b
}

func (r *runner) child(ctx context.Context, role string, t work.Task, answer any) error {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	p, err := child.Start(limited, role, t)
	if err != nil {
		return err
	}
	err = p.Wait(answer)
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("not finished after %v", r.timeout)
	}
	return err
}
