// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// Check reads everything and lists what is wrong.
type Check struct {
	target
}

// Help has examples.
func (Check) Help() string {
	return env.Help("Everything that the database consists of is read: the meta pages, every page and record of every segment, "+
		"the b-trees, the free list and the log. The file is not changed. Each problem is a line; one problem does not hide others. "+
		"The exit code is 1 if there are problems, and 4 if the database is too damaged to be opened: see lsmlite recover.\n\n"+
		"With --json each problem is an object on a line, and the last line is an object with the key \"summary\". A meta page that is not "+
		"whole is no problem as long as the other one is: it is named after the summary, and the exit code stays 0.",
		"lsmlite check my.lsm", "lsmlite check --json my.lsm | jq -r .detail",
		"lsmlite --remote http://localhost:8080/debug/lsmlite/ check   # in the program that has it open")
}

// Run checks the database.
func (c Check) Run(ctx context.Context, e *env.Env) error {
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	if client != nil {
		return c.remote(ctx, e, client)
	}
	broken := brokenMeta(c.File)
	db, err := c.openToLook(ctx)
	if damaged, ok := errors.AsType[*env.DamagedError](err); ok {
		damaged.Checked = true
	}
	if err != nil {
		return err
	}
	defer db.Close()
	found := int64(0)
	for p := range problems(ctx, e, db.Engine, "check "+c.File) {
		found++
		if err := printProblem(e, p); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.summary(e, db.Engine.Stats(), found, broken)
}

// AsksRemote implements env.AsksRemote.
func (Check) AsksRemote() bool { return true }

// remote has the program check its database.
func (c Check) remote(ctx context.Context, e *env.Env, client *remote.Client) error {
	info, err := client.Info(ctx)
	if err != nil {
		return err
	}
	before, err := client.Stats(ctx)
	if err != nil {
		return err
	}
	stop := poll(ctx, e.Progress("check "+c.File, env.Bytes, servedBytes(info, before)), func() int64 {
		now, err := client.Stats(ctx)
		if err != nil {
			return 0 // the check itself reports it
		}
		return now.BytesRead - before.BytesRead
	})
	defer stop()
	found := int64(0)
	for p, err := range client.Check(ctx) {
		if err != nil {
			return err
		}
		found++
		if err := printProblem(e, p); err != nil {
			return err
		}
	}
	s, err := client.Stats(ctx)
	if err != nil {
		return err
	}
	return c.summary(e, s, found, 0)
}

// brokenMeta returns the number of the meta page that is not whole, where the other one is, else 0. A check that opens
// the database by the other one does not read it.
func brokenMeta(path string) int {
	info, err := engine.Identify(nil, path)
	if err != nil || info.LSM1 == nil || info.LSM1.Checkpoint == 0 || info.LSM1.Damage == "" {
		return 0
	}
	for i, m := range info.LSM1.Meta {
		if !m.Blank && m.Checkpoint == 0 {
			return i + 1
		}
	}
	return 0
}

// summary says what the check has come to. broken is what brokenMeta returned before.
func (c Check) summary(e *env.Env, s engine.Stats, found int64, broken int) error {
	if err := c.printSummary(e, s, found, broken); err != nil || found == 0 {
		return err
	}
	return env.Silent(env.No)
}

func (c Check) printSummary(e *env.Env, s engine.Stats, found int64, broken int) error {
	if e.JSON {
		summary := map[string]any{
			"file": c.File, "problems": found, "levels": s.Levels, "segments": s.Segments, "file_bytes": s.FileBytes,
			"segment_pages": s.SegmentPages, "checked_pages": s.CheckedPages,
		}
		if broken > 0 {
			summary["broken_meta_page"] = broken
		}
		return printJSON(e, map[string]any{"summary": summary})
	}
	line, name := "", text.Name(c.File)
	switch {
	case found > 0 && e.Remote != "":
		line = fmt.Sprintf("%s has %s.\n", name, plural(found, "problem"))
	case found > 0:
		line = fmt.Sprintf("%s has %s. lsmlite recover %s NEW.lsm saves what can still be read.\n", name, plural(found, "problem"), name)
	default:
		line = fmt.Sprintf("%s is sound: %s, %s, %s.\n",
			name, plural(int64(s.Levels), "level"), plural(int64(s.Segments), "segment"), amount(s.FileBytes))
	}
	if found == 0 && s.CheckedPages < s.SegmentPages {
		line += fmt.Sprintf("%d of its %d pages have no page sum, because C lsm1 wrote them: damage there may not be noticed.\n"+
			"lsmlite optimize writes them again, with page sums.\n", s.SegmentPages-s.CheckedPages, s.SegmentPages)
	}
	if found == 0 && broken > 0 {
		line += fmt.Sprintf("Meta page %d is not whole. Meta page %d is used, and the next checkpoint writes both again.\n", broken, 3-broken)
	}
	_, err := io.WriteString(e.Stdout, text.Message(line))
	return err
}

func printProblem(e *env.Env, p engine.Problem) error {
	if !e.JSON {
		_, err := fmt.Fprintln(e.Stdout, text.Message(p.String()))
		return err
	}
	line := map[string]any{"file": p.File, "detail": p.Detail}
	if p.Page > 0 {
		line["page"] = p.Page
	}
	if p.Offset >= 0 {
		line["offset"] = p.Offset
	}
	if p.Segment != "" {
		line["segment"] = p.Segment
	}
	return printJSON(e, line)
}

// problems yields what is wrong with a database, and shows progress meanwhile.
func problems(ctx context.Context, e *env.Env, db *engine.DB, what string) iter.Seq[engine.Problem] {
	return func(yield func(engine.Problem) bool) {
		s := db.Stats()
		stop := poll(ctx, e.Progress(what, env.Bytes, dataBytes(db, s)), func() int64 { return db.Stats().BytesRead - s.BytesRead })
		defer stop()
		db.Check(ctx)(yield)
	}
}

// dataBytes is how many bytes the segments of a database take.
func dataBytes(db *engine.DB, s engine.Stats) int64 {
	return segmentBytes(s, db.CompressionID() > 1, db.Options().PageSize)
}

// servedBytes is dataBytes of a program's database.
func servedBytes(info wire.InfoMessage, s engine.Stats) int64 {
	return segmentBytes(s, info.Compression != compress.None || info.Cipher != "", info.PageSize)
}

// segmentBytes is what the segments take. Of a compressed or encrypted file, which is packed, it is counted in bytes.
func segmentBytes(s engine.Stats, packed bool, pageSize int) int64 {
	if packed {
		return s.SegmentPages
	}
	return s.SegmentPages * int64(pageSize)
}
