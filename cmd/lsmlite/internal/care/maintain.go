// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Optimize brings everything into one densely packed segment.
type Optimize struct {
	target
}

// Help has examples.
func (Optimize) Help() string {
	return env.Help("Everything is brought into one densely packed segment, whose pages all have page sums, and the free end of the file is "+
		"cut off. That makes a database small and fast to read that is written once and read many times. Meanwhile the file grows "+
		"by the size of the data. Stopped in the middle, by Ctrl-C too, the database is as sound as before.",
		"lsmlite optimize my.lsm")
}

// Run optimizes the database.
func (o Optimize) Run(ctx context.Context, e *env.Env) error {
	return o.maintain(ctx, e, func(db *engine.DB, report func(engine.Progress)) error { return db.Optimize(ctx, report) })
}

// Checkpoint brings the log into the database file.
type Checkpoint struct {
	target
}

// Help has examples.
func (Checkpoint) Help() string {
	return env.Help("Everything that is only in the log is written into the database file and made durable there. Then the log is "+
		"removed, and the file is cut after its last block in use: it is as after a program has closed it, and can be copied as one file.",
		"lsmlite checkpoint my.lsm")
}

// Run makes the checkpoint. Closing the database does what is left to do.
func (c Checkpoint) Run(ctx context.Context, e *env.Env) error {
	return c.maintain(ctx, e, func(db *engine.DB, report func(engine.Progress)) error {
		if err := db.Flush(ctx, report); err != nil {
			return err
		}
		_, err := db.Checkpoint(ctx)
		return err
	})
}

// Work flushes and merges.
type Work struct {
	target
	Merge int `default:"0" placeholder:"N" help:"Merge N or more segments of one age; 1 merges all into one. Without it the database's own setting, automerge, counts."`
	Pages int `default:"0" placeholder:"N" help:"Write about N pages at most."`
}

// Help has examples.
func (Work) Help() string {
	return env.Help("Segments of one age are merged until no more are due, as commits do it a little each, or until --pages have been written. "+
		"What was begun is continued by the next work, of this command or of any program.",
		"lsmlite work my.lsm", "lsmlite work --merge 2 --pages 10000 my.lsm   # a share of it, at night")
}

// Run does the work.
func (w Work) Run(ctx context.Context, e *env.Env) error {
	if w.Merge < 0 || w.Pages < 0 {
		return env.Errorf(env.Usage, "--merge and --pages cannot be negative")
	}
	return w.maintain(ctx, e, func(db *engine.DB, report func(engine.Progress)) error {
		_, err := db.Work(ctx, engine.WorkOptions{Merge: w.Merge, Pages: w.Pages, Report: report})
		return err
	})
}

// maintain opens the database for writing, has work done, closes it and says what that has come to.
func (t target) maintain(ctx context.Context, e *env.Env, work func(*engine.DB, func(engine.Progress)) error) error {
	before := sizesOf(t.File)
	db, err := t.Open(ctx, t.File, env.Write)
	if err != nil {
		return err
	}
	written := int64(0)
	show := phases{e: e, file: t.File, pageSize: int64(db.Engine.Options().PageSize)}
	err = work(db.Engine, func(p engine.Progress) {
		written = p.PagesWritten
		show.report(p)
	})
	show.end()
	levels := db.Engine.Structure()
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	after := sizesOf(t.File)
	if e.JSON {
		return printJSON(e, map[string]any{"file": t.File, "before": before, "after": after, "pages_written": written, "levels": len(levels)})
	}
	_, err = fmt.Fprintf(e.Stdout, "%s: %s, with a log of %s, before; %s in %s after\n",
		text.Name(t.File), amount(before.File), amount(before.Log), amount(after.File), plural(int64(len(levels)), "level"))
	return err
}

// phases shows the progress of each phase of a call.
type phases struct {
	e        *env.Env
	file     string
	pageSize int64
	phase    engine.Phase
	shown    *env.Progress
}

func (p *phases) report(now engine.Progress) {
	if now.Phase != p.phase {
		p.end()
		p.phase, p.shown = now.Phase, p.e.Progress(fmt.Sprintf("%s of %s", now.Phase, p.file), env.Bytes, now.PhaseTotal*p.pageSize)
	}
	p.shown.SetTotal(now.PhaseTotal * p.pageSize)
	p.shown.Set(now.PhasePages * p.pageSize)
}

func (p *phases) end() { p.shown.Done() }
