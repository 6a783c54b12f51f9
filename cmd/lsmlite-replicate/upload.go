// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
)

// uploadCommand brings a target up to date.
type uploadCommand struct {
	databaseKey
	targetKey
	Keep   time.Duration `placeholder:"DURATION" help:"Remove what no moment of that time needs, such as 168h; without it everything is kept."`
	File   string        `arg:"" help:"Database file."`
	Target string        `arg:"" help:"Where the objects go."`
}

// keptLog is how many bytes of the log are kept while it is uploaded.
const keptLog = 64 << 20

// Run uploads what was committed since the last time: transactions, if the log of the database still has them, else a
// snapshot.
func (c uploadCommand) Run(ctx context.Context, out io.Writer) (err error) {
	t, err := openTarget(c.Target, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	db, err := engine.Open(ctx, c.File, engine.Options{MustExist: true, Changes: keptLog, Key: c.databaseKey.source()})
	if err != nil {
		return ofOthers(err, c.File)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r, err := replicate.Start(db, t, replicate.Options{Interval: time.Millisecond, Keep: c.Keep, Key: c.targetKey.source(), Clear: c.Clear,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return err
	}
	settled := r.Settle(ctx) // so that the log does not become longer with each run, without a snapshot
	if err := r.Stop(ctx); err != nil {
		return interruptedBy(ctx, err, c.Target, r.Status())
	}
	if settled != nil {
		return settled
	}
	s := r.Status()
	err = printf(out, "%s: transaction %d of generation %d, %d objects of %d bytes were uploaded\n", c.Target, s.Uploaded, s.Generation,
		s.Objects, s.Bytes)
	return err
}

// ofOthers adds to the error of a database that another program has open what to do.
func ofOthers(err error, file string) error {
	if !errors.Is(err, engine.ErrBusy) {
		return err
	}
	return fmt.Errorf("%w\nThe log of %s, which is what is uploaded, belongs to the program that has it open. That program replicates it best "+
		"by itself, each second, with the package github.com/lsmlite/lsmlite-go/replicate; docs/replication.md has the lines. Or close it "+
		"there first", err, file)
}

// errInterrupted is the error of a command that was interrupted and has something to say about it.
var errInterrupted = fmt.Errorf("interrupted: %w", context.Canceled)

// interruptedBy says how far an upload has come that has failed because it was interrupted.
func interruptedBy(ctx context.Context, err error, target string, s replicate.Status) error {
	if ctx.Err() == nil {
		return err
	}
	there := "nothing of the database can be restored from it yet"
	if !s.SnapshotAt.IsZero() {
		there = fmt.Sprintf("it has transaction %d of generation %d, and maybe not all that the database has", s.Uploaded, s.Generation)
	}
	return fmt.Errorf("%s: %w: %s; the next run goes on from there", target, errInterrupted, there)
}
