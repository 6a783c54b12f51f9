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

// followCommand keeps a replica.
type followCommand struct {
	databaseKey
	targetKey
	Poll    time.Duration `default:"1s" help:"How often to look for something new."`
	Once    bool          `help:"Apply what is there, and end."`
	Readers bool          `help:"Let other programs read the replica meanwhile, with mode=ro."`
	Target  string        `arg:"" help:"Where the objects are."`
	File    string        `arg:"" help:"Replica, which is made if it is missing."`
}

// Run follows until it is interrupted.
func (c followCommand) Run(ctx context.Context, out io.Writer) (err error) {
	t, err := openTarget(c.Target, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	f, err := replicate.Follow(ctx, t, c.File, replicate.FollowOptions{Poll: c.Poll, Key: c.targetKey.source(), Clear: c.Clear,
		Engine: engine.Options{Key: c.databaseKey.source(), Readers: c.Readers}, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if c.Once {
		if err := f.CatchUp(ctx); err != nil {
			return err
		}
	} else {
		select {
		case <-ctx.Done():
		case <-f.Done():
			return f.Status().Err
		}
	}
	s := f.Status()
	err = printf(out, "%s: transaction %d of generation %d, %s\n", c.File, s.Applied, s.Generation, s.AppliedAt.Format(time.RFC3339))
	return err
}
