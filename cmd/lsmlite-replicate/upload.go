// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
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
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r, err := replicate.Start(db, t, replicate.Options{Interval: time.Millisecond, Keep: c.Keep, Key: c.targetKey.source(), Clear: c.Clear,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return err
	}
	settled := r.Settle(ctx) // so that the log does not become longer with each run, without a snapshot
	if err := r.Stop(ctx); err != nil {
		return err
	}
	if settled != nil {
		return settled
	}
	s := r.Status()
	err = printf(out, "%s: transaction %d of generation %d, %d objects of %d bytes were uploaded\n", c.Target, s.Uploaded, s.Generation,
		s.Objects, s.Bytes)
	return err
}
