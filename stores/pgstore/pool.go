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
	// slots has as many places as the pool. To have one is to find a connection, or to make one, without a wait for
	// another user.
	slots chan struct{}
	o     options
	sql   *texts
	sizes *sizes
	// grace, outcomeLimit and restTime are the constants of these names, except in tests.
	grace, outcomeLimit, restTime time.Duration
}

// connectLimit is how long a new connection may take, unless the name has a connect_timeout.
const connectLimit = 30 * time.Second

// acquire takes a connection from the pool. A full pool is waited for until ctx ends, at most pool_wait.
func (s *conns) acquire(ctx context.Context, op string) (*pgxpool.Conn, error) {
	select {
	case s.slots <- struct{}{}:
	default:
		if err := s.waitForSlot(ctx, op); err != nil {
			return nil, err
		}
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		<-s.slots
		return nil, s.failed(ctx, op, err, false)
	}
	return c, nil
}

func (s *conns) waitForSlot(ctx context.Context, op string) error {
	limit := time.NewTimer(s.o.poolWait)
	defer limit.Stop()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-limit.C:
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
	}
	return s.errorf(errs.CodeBusy, op, "all %d connections of the pool are in use; "+
		"close rows, transactions and snapshots sooner, or set a greater pool_max_conns", cap(s.slots))
}

// release gives a connection back as it is.
func (s *conns) release(c *pgxpool.Conn) {
	c.Release()
	s.leaveSlot()
}

func (s *conns) leaveSlot() { <-s.slots }

// giveBack returns a connection that is in no transaction. One whose statement was stopped is closed: the
// request to stop may arrive late and hit the next statement.
func (s *conns) giveBack(ctx context.Context, c *pgxpool.Conn) {
	if ctx.Err() != nil {
		closeNow(c)
	}
	s.release(c)
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
		s.giveBack(ctx, c)
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
		s.release(c)
		return
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	if _, err := simple(limited, c.Conn(), "ROLLBACK"); err != nil {
		closeNow(c)
	}
	s.giveBack(ctx, c)
}
