// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Log prints the records of a log.
type Log struct {
	env.Key
	File   string `arg:"" help:"Database file, or a log."`
	Log    string `placeholder:"FILE" help:"Log of the database, if it has another name than the database with -log added."`
	All    bool   `short:"a" help:"Read from the beginning of the file, also what the database does not need any more."`
	Values bool   `help:"Print values, too."`
	Max    int    `placeholder:"BYTES" help:"Show so many bytes of each key and value at most, up to 1 MiB. Without it 120, or 1024 with --json."`
	Follow bool   `short:"F" help:"Go on with the transactions that are committed from now on, until Ctrl-C."`
}

// Help has examples.
func (Log) Help() string {
	return env.Help("The log is read from the newest checkpoint on, as it is replayed after a crash, without opening the database: another process may "+
		"write to it. Each record is a line: its place in the file, its length, the transaction, and what it does. What comes after the last "+
		"commit does not count; the last lines say why the log ends there, and which regions of the file it takes.",
		"lsmlite log my.lsm", "lsmlite log --values --follow my.lsm", "lsmlite log --json my.lsm | jq -r 'select(.kind == \"write\") .key'")
}

// followEvery is how often a log is looked at that is followed.
const followEvery = 200 * time.Millisecond

// Run prints the log.
func (l Log) Run(ctx context.Context, e *env.Env) error {
	o := engine.ReadLogOptions{LogPath: l.Log, FromStart: l.All, MaxBytes: l.Max}
	switch {
	case l.Max < 0:
		return env.Errorf(env.Usage, "--max cannot be negative")
	case l.Max == 0 && !e.JSON:
		o.MaxBytes = maxLine
	}
	key, err := l.Source()
	if err != nil {
		return err
	}
	o.Key = key
	show := logLines{e: e, values: l.Values}
	if !l.Follow {
		return show.all(ctx, l.File, o)
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	return show.follow(ctx, l.File, o, tick.C)
}

// all prints the whole log.
func (l *logLines) all(ctx context.Context, path string, o engine.ReadLogOptions) error {
	for rec, err := range engine.ReadLog(ctx, path, o) {
		if err != nil {
			return err
		}
		if err := l.print(&rec); err != nil {
			return err
		}
	}
	return nil
}

// follow prints the transactions that are committed, and at each tick those that have come, until ctx ends.
func (l *logLines) follow(ctx context.Context, path string, o engine.ReadLogOptions, tick <-chan time.Time) error {
	for {
		place, err := l.committed(ctx, path, o)
		if err != nil {
			return err
		}
		o.After, o.FromStart = place, false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
	}
}

// committed prints what is committed, and returns the place after it. What comes after the last commit may
// still be written, so the log is read once to find that, and again to print.
func (l *logLines) committed(ctx context.Context, path string, o engine.ReadLogOptions) (place engine.LogPlace, err error) {
	commits, restarted := int64(0), false
	for rec, err := range engine.ReadLog(ctx, path, o) {
		switch {
		case err != nil:
			return place, err
		case rec.Kind == engine.LogEnd:
			place, commits = rec.Place, rec.End.Commits
		case rec.Kind == engine.LogRestart:
			restarted = true
		}
	}
	if commits == 0 && !restarted {
		return place, nil
	}
	seen := int64(0)
	for rec, err := range engine.ReadLog(ctx, path, o) {
		if err != nil {
			return place, err
		}
		if rec.Kind == engine.LogEnd {
			break
		}
		if err := l.print(&rec); err != nil {
			return place, err
		}
		if rec.Kind == engine.LogCommit {
			if seen++; seen == commits {
				break
			}
		}
	}
	return place, nil
}
