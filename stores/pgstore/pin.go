// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// grace is how long a read whose caller has left may go on before it is stopped. To stop it costs the
// transaction of the server, and with it the state that other reads need.
const grace = time.Second

// pin is a connection in a transaction that shows one state. A snapshot or a transaction and the cursors opened on
// it share one; each holds a use.
type pin struct {
	*conns
	// opened counts snapshots and cursors, which keep the store open.
	opened func(n int)
	// turn is held by the goroutine that uses what follows.
	turn chan struct{}
	conn *pgxpool.Conn // nil when the transaction of the server has ended
	gone error         // why the state cannot be read any more

	mu      sync.Mutex
	uses    int
	readers int // snapshots and cursors, of the uses
}

func newPin(s *conns, c *pgxpool.Conn, opened func(n int)) *pin {
	return &pin{conns: s, conn: c, opened: opened, turn: make(chan struct{}, 1), uses: 1}
}

// lock takes the turn.
func (p *pin) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pin) unlock() { <-p.turn }

// read runs f, which only reads. When ctx ends it returns at once and f goes on alone, so that the state stays
// readable: f must write to nothing that the caller looks at after an error.
func (p *pin) read(ctx context.Context, op string, f func(ctx context.Context, c *pgx.Conn) error) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	if ctx.Done() == nil {
		defer p.unlock()
		return p.run(ctx, op, f)
	}
	p.retain()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		err := p.run(work, op, f)
		p.unlock()
		if ended := p.release(); err == nil {
			err = ended
		}
		stop()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		time.AfterFunc(p.grace, stop)
		return ctx.Err()
	}
}

// run runs f. The caller has the turn. A statement that fails ends what the server's transaction is good for.
func (p *pin) run(ctx context.Context, op string, f func(ctx context.Context, c *pgx.Conn) error) error {
	if p.gone != nil {
		return p.gone
	}
	err := f(ctx, p.conn.Conn())
	if err == nil {
		return nil
	}
	if p.conn.Conn().PgConn().TxStatus() != 'T' || p.conn.Conn().IsClosed() {
		p.gone = p.place.gone(op, err)
	}
	return p.failed(ctx, op, err, true)
}

func (p *pin) retain() {
	p.mu.Lock()
	p.uses++
	p.mu.Unlock()
}

// release gives a use back. The last one ends the transaction of the server.
func (p *pin) release() (err error) {
	p.mu.Lock()
	p.uses--
	last := p.uses == 0
	p.mu.Unlock()
	if !last {
		return nil
	}
	if c := p.conn; c != nil { // no use is left, so no goroutine has the turn
		p.conn = nil
		err = p.end(c)
	}
	return err
}

// end ends the transaction of c and gives c back.
func (p *pin) end(c *pgxpool.Conn) error {
	if p.o.serializable {
		return p.confirm(c)
	}
	p.rollback(context.Background(), c)
	return nil
}

// confirm ends a transaction at the level serializable. Its end is a COMMIT, also of what only read: after ROLLBACK the
// server forgets the reads, and transactions that do not fit to them may commit. So whatever else happens is an error:
// what was read may not fit together.
func (p *pin) confirm(c *pgxpool.Conn) error {
	if p.gone != nil {
		p.rollback(context.Background(), c)
		return p.gone
	}
	ctx, cancel := context.WithTimeout(context.Background(), endLimit)
	defer cancel()
	results, err := simple(ctx, c.Conn(), "COMMIT")
	if err != nil {
		p.rollback(context.Background(), c)
		return p.failed(context.Background(), "commit", err, true)
	}
	p.conns.release(c)
	if len(results) != 1 || results[0].CommandTag.String() != "COMMIT" {
		return p.errorf(errs.CodeConflict, "commit", "%s", rolledBack)
	}
	return nil
}

// join adds a use that reads: a snapshot or a cursor.
func (p *pin) join() {
	p.mu.Lock()
	p.uses++
	p.readers++
	p.mu.Unlock()
	p.opened(1)
}

// part gives back a use that join added.
func (p *pin) part() error {
	p.mu.Lock()
	p.readers--
	p.mu.Unlock()
	defer p.opened(-1)
	return p.release()
}

// hasReaders reports whether snapshots or cursors are open.
func (p *pin) hasReaders() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readers > 0
}

// kept is b for a read that may go on when its caller has left, and with it its bytes.
func kept(ctx context.Context, b []byte) []byte {
	if ctx.Done() == nil {
		return b
	}
	return bytes.Clone(b)
}
