// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

// runner measures all workloads of a plan.
type runner struct {
	*plan
	dir      string // made by this run
	base     string // folder of the database with all rows; "" until it is there
	progress *env.Progress
	done     int64
	run      *results.Run
	failed   error // the first error of an operation
}

// measure runs everything. The run that it returns has what was measured before an error or an
// interruption.
func measure(ctx context.Context, e *env.Env, p *plan) (*results.Run, error) {
	run := &results.Run{Version: results.Version, Started: time.Now().Truncate(time.Second), Program: program(), Settings: results.Settings{
		Rows: p.Rows, KeyBytes: p.KeySize, ValueBytes: p.ValueSize, Batch: p.Batch, Threads: p.Threads, Rounds: p.Rounds, Seed: p.Seed,
		Limit: p.Duration, Safety: p.Safety, Preset: p.Preset, Other: p.Set,
	}}
	if err := p.checkSpace(); err != nil {
		return run, err
	}
	dir, err := os.MkdirTemp(p.Dir, "lsmlite-bench-")
	if err != nil {
		return run, env.Errorf(env.CannotOpen, "--dir: %w", err)
	}
	if p.Keep {
		fmt.Fprintln(e.Stderr, "The databases are in", text.Name(dir))
	} else {
		defer os.RemoveAll(dir)
	}
	if run.Machine, err = machine.Describe(dir); err != nil {
		return run, err
	}
	r := &runner{plan: p, dir: dir, run: run, progress: e.Progress("bench", env.Measurements, p.measurements())}
	defer r.progress.Done()
	if err := r.all(ctx); err != nil {
		run.Interrupted = ctx.Err() != nil
		return run, err
	}
	if n, first := run.Errors(); n > 0 {
		return run, env.Errorf(codeOf(r.failed), "%d operations went wrong; the first: %s", n, first)
	}
	return run, nil
}

// codeOf returns the exit code for an error of an operation. One that the engine knows nothing of is
// something that was read and not written.
func codeOf(err error) env.Code {
	if code := env.CodeOf(err); code != env.IO || errors.Is(err, engine.ErrIO) || errors.Is(err, engine.ErrFull) {
		return code
	}
	return env.Damaged
}

// needsBase reports whether a workload begins with all rows.
func (p *plan) needsBase() bool {
	return slices.ContainsFunc(p.workloads, func(w workload) bool { return w.base != empty })
}

// measurements is how many there are, the database with all rows included.
func (p *plan) measurements() int64 {
	n := int64(len(p.workloads) * p.Rounds)
	if p.needsBase() {
		n++
	}
	return n
}

// all measures all workloads in each round, so that what changes on the machine changes for all of them.
func (r *runner) all(ctx context.Context) error {
	for i := range r.Rounds {
		for _, w := range r.workloads {
			if err := r.one(ctx, w, i+1); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return nil
}

// one measures a workload once.
func (r *runner) one(ctx context.Context, w workload, number int) error {
	if w.base != empty && r.base == "" {
		if err := r.load(ctx); err != nil {
			return err
		}
	}
	r.progress.SetWhat(fmt.Sprintf("%s, round %d", w.name, number))
	dir := r.base
	if w.base != shared {
		var err error
		if dir, err = r.fresh(); err != nil {
			return err
		}
	}
	if w.base == copied {
		if err := copyFolder(ctx, dir, r.base); err != nil {
			return err
		}
	}
	x := &round{plan: r.plan, ctx: ctx, workload: w, seed: r.Seed + uint64(number) - 1, limit: r.Duration}
	if err := x.do(dir); err != nil {
		return err
	}
	if err := x.finish(dir); err != nil {
		return err
	}
	x.result.Round = number
	r.keep(x)
	return nil
}

// fresh returns a new folder, and removes the one that was used before.
func (r *runner) fresh() (string, error) {
	dir := filepath.Join(r.dir, "work")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

// keep adds a measurement to the results.
func (r *runner) keep(x *round) {
	if r.failed == nil {
		r.failed = x.errors.first
	}
	name := x.workload.name
	at := slices.IndexFunc(r.run.Workloads, func(w results.Workload) bool { return w.Name == name })
	if at < 0 {
		at = len(r.run.Workloads)
		r.run.Workloads = append(r.run.Workloads, results.Workload{Name: name, Unit: x.workload.unit, About: x.workload.about})
	}
	list := &r.run.Workloads[at].Rounds
	*list = append(*list, x.result)
	r.step()
}

func (r *runner) step() {
	r.done++
	r.progress.Set(r.done)
}

// loadBatch is how many bytes of rows a commit has while the database with all rows is written.
const loadBatch = 128 << 10

// load writes the database with all rows, in random order. Nothing may go wrong there.
func (r *runner) load(ctx context.Context) error {
	r.progress.SetWhat(fmt.Sprintf("writing %d rows to begin with", r.Rows))
	dir := filepath.Join(r.dir, "base")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	p := *r.plan
	p.Batch = min(max(loadBatch/(p.KeySize+p.ValueSize), 1), 1000)
	if p.Safety == "full" {
		p.Safety = "normal" // nothing of it is measured
	}
	x := &round{plan: &p, ctx: ctx, workload: workloads[1], seed: r.Seed}
	err := x.do(dir)
	if err == nil && x.errors.n > 0 {
		err = x.errors.first
	}
	if err != nil {
		return fmt.Errorf("write a database with all rows: %w", err)
	}
	r.base = dir
	r.step()
	return nil
}

// program is lsmlite and its version.
func program() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return "lsmlite " + info.Main.Version
	}
	return "lsmlite"
}
