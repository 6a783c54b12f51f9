// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// Check yields what a check of the database finds there. A sound database yields nothing. An error
// is the last that it yields, and means that the check is not complete.
func (c *Client) Check(ctx context.Context) iter.Seq2[engine.Problem, error] {
	return func(yield func(engine.Problem, error) bool) {
		r, err := c.do(ctx, request{method: http.MethodGet, resource: wire.Check})
		if err != nil {
			yield(engine.Problem{}, err)
			return
		}
		defer r.Body.Close()
		lines := bufio.NewReader(r.Body)
		for {
			raw, err := lines.ReadBytes('\n')
			if err != nil {
				yield(engine.Problem{}, c.cutOff(ctx, "the check", err))
				return
			}
			var line wire.CheckLine
			if err := wire.Unmarshal(raw, &line); err != nil {
				yield(engine.Problem{}, c.cutOff(ctx, "the check", err))
				return
			}
			if line.Problem != nil && !yield(*line.Problem, nil) || line.Done {
				return
			}
		}
	}
}

// Backup writes a copy of the database to w. report, which may be nil, is called with the number of
// bytes so far.
func (c *Client) Backup(ctx context.Context, w io.Writer, report func(int64)) error {
	r, err := c.do(ctx, request{method: http.MethodGet, resource: wire.Backup})
	if err != nil {
		return err
	}
	defer r.Body.Close()
	out := &counted{w: w, report: report}
	if _, err := io.Copy(out, r.Body); err != nil {
		if out.err != nil {
			return out.err
		}
		return c.cutOff(ctx, "the copy", err)
	}
	if r.Trailer.Get(wire.TrailerComplete) != "yes" {
		return c.cutOff(ctx, "the copy", io.ErrUnexpectedEOF)
	}
	return nil
}

// cutOff is the error of a stream that has ended early.
func (c *Client) cutOff(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return env.Errorf(env.IO, "%s from %s has ended before it was complete; the program there may say why", what, c.Address())
	}
	return env.Errorf(env.IO, "%s from %s: %w", what, c.Address(), err)
}

// counted reports how much was written, and keeps the error of writing.
type counted struct {
	w      io.Writer
	n      int64
	err    error
	report func(int64)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.err = err
	if c.report != nil {
		c.report(c.n)
	}
	return n, err
}
