// SPDX-License-Identifier: Apache-2.0

// Package fuzz runs every fuzz target of the project, of all its modules, each for the same time, and keeps a report
// of each. A run that was cut short goes on where the reports end.
//
// The command of this module calls it. What holds:
//
//   - A target counts as done once it has run for the time without a failure; a shorter run, a failure and a
//     target that has changed its package's name are run again.
//   - Inputs that a target has found stay in a cache folder of its own, outside the project, so a later run goes on
//     from them. An input that fails is written by Go into testdata/fuzz of the target's package, where every
//     go test tries it from then on.
//   - Each target uses one process and one core. Nothing runs on after Run has returned.
package fuzz

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// Options say what to run, and how.
type Options struct {
	Root    string        // folder of the project
	Reports string        // folder of the reports, one for each target
	Cache   string        // folder of the inputs that were found
	Time    time.Duration // for each target
	AtOnce  int           // targets that run at the same time
	Only    *regexp.Regexp
	Again   bool // targets that are done, too
	Out     io.Writer
}

// Run runs the targets that are not done, and says of each how it went. The error says how many failed, or why
// nothing could be run.
func Run(ctx context.Context, o Options) error {
	targets, err := Find(ctx, o.Root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Reports, 0o755); err != nil {
		return err
	}
	var due []Target
	for _, t := range targets {
		switch r, err := ReadReport(o.Reports, t); {
		case o.Only != nil && !o.Only.MatchString(t.Path()):
		case err == nil && r.Done(o.Time) && !o.Again:
			fmt.Fprintf(o.Out, "done before    %s: %s\n", t.Path(), r)
		default:
			due = append(due, t)
		}
	}
	return runAll(ctx, due, &o)
}

func runAll(ctx context.Context, due []Target, o *Options) error {
	binaries, err := os.MkdirTemp("", "lsmlite-fuzz-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(binaries) }()
	b := builder{dir: binaries}
	next := make(chan Target)
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	for range max(o.AtOnce, 1) {
		wg.Go(func() {
			for t := range next {
				r := runOne(ctx, &b, t, o)
				mu.Lock()
				if r.Failed() {
					failed++
				}
				fmt.Fprintf(o.Out, "%-14s %s: %s\n", r.Result, t.Path(), r)
				mu.Unlock()
			}
		})
	}
	for _, t := range due {
		select {
		case next <- t:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cut short, run it again to go on: %w", err)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d targets have failed; the reports say how", failed, len(due))
	}
	return nil
}

// runOne runs a target and writes its report. Of one that was cut short no report is written.
func runOne(ctx context.Context, b *builder, t Target, o *Options) Report {
	r := Report{Target: t, Begun: time.Now().UTC().Truncate(time.Second), Commit: commitOf(ctx, o.Root)}
	binary, out, err := b.build(ctx, t)
	if err == nil {
		out, err = start(ctx, binary, t, o)
	}
	r.Seconds = time.Since(r.Begun).Round(time.Second).Seconds()
	r.read(out)
	switch {
	case ctx.Err() != nil:
		r.Result = CutShort
		return r
	case err != nil:
		r.Result, r.Output = Failed, tail(out)
		if len(out) == 0 {
			r.Output = err.Error()
		}
	default:
		r.Result = Passed
	}
	if err := r.write(o.Reports); err != nil {
		r.Result, r.Output = Failed, errors.Join(errors.New("the report cannot be written"), err).Error()
	}
	return r
}

// cacheOf returns the folder of the inputs that were found for the targets of a package.
func (o *Options) cacheOf(t Target) string {
	return filepath.Join(o.Cache, filepath.FromSlash(t.Module), filepath.FromSlash(t.Package))
}
