// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// record records a command, or a program that has a database open. The page is written also if the command fails, or
// is stopped: it shows what came before.
func (s Structure) record(ctx context.Context, e *env.Env, client *remote.Client) error {
	if s.SVG != "" || s.HTML != "" || s.PNG != "" {
		return env.Errorf(env.Usage, "--record makes a page of its own: leave --svg, --html and --png out")
	}
	out, err := s.create(e, s.Record, nil) // before anything is recorded, so that it is not for nothing
	if err != nil {
		return err
	}
	defer out.abort()
	if client != nil {
		film := new(picture.Recorder)
		err := s.follow(ctx, client, film)
		if err != nil && film.Len() == 0 {
			return err
		}
		return errors.Join(err, s.save(e, out, film.Len(), film.Page))
	}
	if len(s.Args) == 0 {
		return env.Errorf(env.Usage,
			"--record needs a command of lsmlite after --, such as: lsmlite structure --record load.html -- import csv new.lsm rows.csv")
	}
	film := new(inspect.Film)
	code := e.Command(env.WithObserver(ctx, film.Observer()), s.Args)
	if err := s.save(e, out, film.Frames(), film.WritePage); err != nil {
		return err
	}
	if code != env.Done {
		return env.Silent(code) // the command has reported it
	}
	return nil
}

// follow asks a program for its layout until the time is over or the context ends.
func (s Structure) follow(ctx context.Context, client *remote.Client, film *picture.Recorder) error {
	if len(s.Args) > 0 {
		return env.Errorf(env.Usage, "--remote records a program: leave %s out", s.Args[0])
	}
	if s.Period < time.Millisecond {
		return env.Errorf(env.Usage, "--period %v: at least 1ms", s.Period)
	}
	var over <-chan time.Time
	if s.For > 0 {
		over = time.After(s.For)
	}
	tick := time.NewTicker(s.Period)
	defer tick.Stop()
	for begun := time.Now(); ; {
		l, err := client.Layout(ctx)
		if ctx.Err() != nil && film.Len() > 0 {
			return nil // Ctrl-C is how a recording ends
		}
		if err != nil {
			return err
		}
		film.Add(&l, time.Since(begun))
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// save writes the page of a recording, if there is anything in it.
func (s Structure) save(e *env.Env, out *output, frames int, page func(io.Writer) error) error {
	if frames == 0 {
		return env.Errorf(env.Refused, "nothing was recorded: no database was opened for transactions; rows that come in order make a new file without them")
	}
	var b bytes.Buffer
	if err := page(&b); err != nil {
		return err
	}
	if err := out.finish(b.Bytes()); err != nil || s.Record == "-" || e.Quiet {
		return err
	}
	_, err := fmt.Fprintf(e.Stderr, "%s: %d states, %d KiB; open it in a browser\n", text.Name(s.Record), frames, (b.Len()+1023)/1024)
	return err
}
