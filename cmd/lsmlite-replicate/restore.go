// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
)

// restoreCommand makes a database.
type restoreCommand struct {
	databaseKey
	targetKey
	At         string `placeholder:"TIME" xor:"moment" help:"The state of that moment, such as 2026-01-31T12:00:00Z; without an offset it is local time."`
	Generation uint64 `placeholder:"N" help:"That generation, in place of the newest one."`
	Seq        uint64 `placeholder:"N" xor:"moment" help:"The state after that transaction of the generation."`
	Target     string `arg:"" help:"Where the objects are."`
	File       string `arg:"" help:"Database file to be made."`
}

// Run restores.
func (c restoreCommand) Run(ctx context.Context, out io.Writer) (err error) {
	o := replicate.RestoreOptions{Generation: c.Generation, Seq: c.Seq, Key: c.targetKey.source(), Clear: c.Clear,
		Engine:  engine.Options{Key: c.databaseKey.source()},
		Damaged: func(err error) { _ = printf(os.Stderr, "lsmlite-replicate: an older snapshot is used: %v\n", err) }}
	if c.At != "" {
		if o.Time, err = parseTime(c.At); err != nil {
			return err
		}
	}
	t, err := openTarget(c.Target, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	done, err := replicate.Restore(ctx, t, c.File, o)
	if err != nil {
		return err
	}
	err = printf(out, "%s: transaction %d of generation %d, %s\n", c.File, done.Seq, done.Generation, done.Time.Format(time.RFC3339))
	return err
}

// layouts are the forms of a time.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

func parseTime(s string) (time.Time, error) {
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--at %s: want a time such as 2026-01-31T12:00:00Z or 2026-01-31 12:00: %w", s, errUsage)
}

// listCommand lists.
type listCommand struct {
	targetKey
	Target string `arg:"" help:"Where the objects are."`
}

// Run lists.
func (c listCommand) Run(ctx context.Context, out io.Writer) (err error) {
	t, err := openTarget(c.Target, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	list, err := replicate.List(ctx, t, c.targetKey.source())
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Err != nil {
			if err := printf(out, "generation %d: %v\n", g.Number, g.Err); err != nil {
				return err
			}
			continue
		}
		from := "cannot be restored: it has no complete snapshot"
		if len(g.Snapshots) > 0 {
			first := g.Snapshots[0]
			from = fmt.Sprintf("%s (transaction %d) to %s (transaction %d), %s", first.Time.Format(time.RFC3339), first.Seq,
				g.Newest.Format(time.RFC3339), g.Seq, count(len(g.Snapshots), "snapshot"))
		}
		if err := printf(out, "generation %d: %s\n", g.Number, from); err != nil {
			return err
		}
	}
	return nil
}

// count returns a number of things.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}
