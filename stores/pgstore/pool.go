// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// endLimit is how long ROLLBACK may take before the connection is closed in its place.
const endLimit = 5 * time.Second

// conns are the connections of a store.
type conns struct {
	*place
	pool *pgxpool.Pool
	o    options
	sql  *texts
	// grace and outcomeLimit are the constants of these names, except in tests.
	grace, outcomeLimit time.Duration
}

// connectLimit is how long a new connection may take, unless the name has a connect_timeout that is shorter.
const connectLimit = 30 * time.Second

// acquire takes a connection from the pool. A full pool is waited for until ctx ends, at most pool_wait.
func (s *conns) acquire(ctx context.Context, op string) (*pgxpool.Conn, error) {
	for begun := time.Now(); ; {
		c, full, err := s.acquireWithin(ctx, op)
		switch {
		case err == nil:
			return c, nil
		case full != nil:
			return nil, full
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > connectLimit:
			return nil, s.failed(ctx, op, err, false)
		}
	}
}

// acquireWithin waits for pool_wait at most. full is the error of a pool whose connections are all in use.
func (s *conns) acquireWithin(ctx context.Context, op string) (c *pgxpool.Conn, full, err error) {
	limited, cancel := context.WithTimeout(ctx, s.o.poolWait)
	defer cancel()
	if c, err = s.pool.Acquire(limited); err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return c, nil, err
	}
	if most := s.pool.Config().MaxConns; limited.Err() != nil && s.pool.Stat().AcquiredConns() >= most {
		full = s.errorf(errs.CodeBusy, op, "all %d connections of the pool are in use; "+
			"close rows, transactions and snapshots sooner, or set a greater pool_max_conns", most)
	}
	return nil, full, err
}

// giveBack returns a connection that is in no transaction. One whose statement was stopped is closed: the
// request to stop may arrive late and hit the next statement.
func giveBack(ctx context.Context, c *pgxpool.Conn) {
	if ctx.Err() != nil {
		closeNow(c)
	}
	c.Release()
}

// closeNow closes a connection without a word to the server, which may not answer.
func closeNow(c *pgxpool.Conn) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.Conn().Close(ended) // there is nothing to learn from it
}

// once runs f on a connection of its own. If the connection turns out to be lost, as all are when the server
// was restarted, f runs once more on a new one: it changes nothing that stays.
func (s *conns) once(ctx context.Context, op string, f func(c *pgx.Conn) error) error {
	for attempt := 0; ; attempt++ {
		c, err := s.acquire(ctx, op)
		if err != nil {
			return err
		}
		err = f(c.Conn())
		lost := isLost(c.Conn(), err)
		giveBack(ctx, c)
		if lost && attempt == 0 && ctx.Err() == nil {
			s.pool.Reset()
			continue
		}
		return s.failed(ctx, op, err, false)
	}
}

// begin takes a connection and begins a transaction on it with text, which is sent again on another one if the
// connection turns out to be lost. It returns the last field of the answer.
func (s *conns) begin(ctx context.Context, op, text string) (*pgxpool.Conn, string, error) {
	for attempt := 0; ; attempt++ {
		c, err := s.acquire(ctx, op)
		if err != nil {
			return nil, "", err
		}
		results, err := simple(ctx, c.Conn(), text)
		if err == nil {
			return c, cell(results, len(results)-1), nil
		}
		lost := isLost(c.Conn(), err)
		s.rollback(ctx, c)
		if lost && attempt == 0 && ctx.Err() == nil {
			s.pool.Reset()
			continue
		}
		return nil, "", s.failed(ctx, op, err, false)
	}
}

// rollback ends the transaction of c, whether ctx has ended or not, and gives c back.
func (s *conns) rollback(ctx context.Context, c *pgxpool.Conn) {
	if c.Conn().IsClosed() {
		c.Release()
		return
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	if _, err := simple(limited, c.Conn(), "ROLLBACK"); err != nil {
		closeNow(c)
	}
	giveBack(ctx, c)
}
