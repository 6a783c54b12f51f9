// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// handoverLimit is how long a COMMIT waits for a second connection, on which open cursors go on.
const handoverLimit = time.Second

// remoteTx is a transaction of the server. It holds a use of its pin and, with a single writer, the turn.
type remoteTx struct {
	reading
	w   *writing
	com commitment
	// from is the snapshot that it was made of, nil if there is none.
	from *snapshot
	left bool // it has the turn no more
}

// begin begins a transaction, of a snapshot if from is not nil. With now it waits for no other one.
func (s *remote) begin(ctx context.Context, from *snapshot, now bool) (*remoteTx, error) {
	switch {
	case s.o.readOnly:
		return nil, s.errorf(errs.CodeReadOnly, "begin", "the store was opened with mode=ro")
	case from == nil:
	case !from.mayWrite:
		return nil, s.errorf(errs.CodeMisuse, "begin", "the snapshot is for reading only")
	case from.closed:
		return nil, s.errorf(errs.CodeMisuse, "begin", "the snapshot is closed")
	}
	if err := s.enter(ctx, "begin"); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, now); err != nil {
		s.exit()
		return nil, err
	}
	t := &remoteTx{reading: reading{s: s}, w: s.writing, from: from}
	var err error
	if from == nil {
		var c *pgxpool.Conn
		if c, t.com, err = s.start(ctx, now); err == nil {
			t.pin = newPin(s.conns, c, s.count)
		}
	} else if err = t.raise(ctx, now); err == nil {
		t.pin = from.of.pin
		t.pin.retain()
	}
	if err != nil {
		s.leave()
		s.exit()
		return nil, err
	}
	s.begun()
	return t, nil
}

// raise makes the transaction of its snapshot.
func (t *remoteTx) raise(ctx context.Context, now bool) error {
	if t.from.used {
		return t.w.stale()
	}
	p := t.from.of.pin
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	if p.gone != nil {
		return p.gone
	}
	var err error
	t.com, err = t.w.raise(ctx, p.conn.Conn(), now)
	if err != nil && p.conn.Conn().PgConn().TxStatus() != 'T' {
		p.gone = p.place.gone("begin", err)
	}
	return err
}

// detach takes the connection away from the pin, for the end of the transaction. Snapshots and cursors that are
// open go on with the same state on another connection, if there is one; otherwise they report that it is gone.
func (t *remoteTx) detach(ctx context.Context) (*pgxpool.Conn, error) {
	p := t.pin
	if err := p.lock(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	defer p.unlock()
	c, lost := p.conn, p.gone
	p.conn = nil
	if lost == nil && p.hasReaders() {
		p.conn, p.gone = t.handover(ctx, c.Conn())
		if c.Conn().PgConn().TxStatus() != 'T' {
			lost = p.gone
		}
	}
	if p.gone == nil && p.conn == nil {
		p.gone = p.errorf(errs.CodeSnapshotGone, "read", "the transaction that showed this state has ended")
	}
	if lost != nil {
		t.w.rollback(ctx, c)
		return nil, lost
	}
	return c, nil
}

// handover makes a transaction on another connection show the state of c.
func (t *remoteTx) handover(ctx context.Context, c *pgx.Conn) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handoverLimit)
	defer cancel()
	text := `SELECT pg_export_snapshot()`
	if t.from != nil {
		text = `RELEASE ` + upgrade + `; ` + text
	}
	results, err := simple(ctx, c, text)
	if err != nil {
		return nil, t.w.gone("read", err)
	}
	next, _, err := t.w.conns.begin(ctx, "read", `BEGIN ISOLATION LEVEL `+t.w.o.level()+` READ ONLY; SET TRANSACTION SNAPSHOT '`+
		cell(results, len(results)-1)+`'; SELECT 1`)
	if err != nil {
		return nil, t.w.gone("read", err)
	}
	return next, nil
}

// commit sends what fill puts into pieces, and commits. ctx can end it until COMMIT is sent; after that its
// outcome is found out. With nothing to send there is nothing to commit.
func (t *remoteTx) commit(ctx context.Context, fill func(p *pieces) error) error {
	defer t.over()
	if t.from != nil {
		t.from.used = true
	}
	c, err := t.detach(ctx)
	if err != nil {
		return err
	}
	p := &pieces{s: t.w.conns, conn: c.Conn(), batch: &pgx.Batch{}}
	err = fill(p)
	if err == nil && (p.slow || t.w.o.many && ctx.Done() != nil) {
		err = p.send(ctx) // it may take long, or wait for locks: so ctx can end it
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = t.w.failed(ctx, "commit", err, true)
		t.w.rollback(ctx, c)
		return err
	}
	return t.finish(ctx, c, p)
}

// finish sends the last piece together with COMMIT.
func (t *remoteTx) finish(ctx context.Context, c *pgxpool.Conn, p *pieces) error {
	p.collect()
	if !t.w.o.many {
		p.batch.Queue(t.w.sql.mark, t.w.sql.last)
	}
	p.batch.Queue(`COMMIT`)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitLimit)
	defer cancel()
	results := c.Conn().SendBatch(limited, p.batch)
	t.leave(len(t.w.slots) < cap(t.w.slots))
	tag, done, err := answers(results, p.batch.Len())
	e := ending{tag: tag, err: err, lost: err != nil && c.Conn().IsClosed(), reached: done >= p.batch.Len()-1}
	switch {
	case e.lost:
		// The place in the pool is kept until the outcome is known: others would take it, and the server could not be
		// asked.
		c.Release()
		defer t.w.leaveSlot()
	case err != nil:
		t.w.rollback(limited, c)
	default:
		t.w.giveBack(limited, c)
	}
	return t.w.committed(ctx, t.com, e)
}

// rollback ends the transaction without its writes. A snapshot that it was made of can be one again.
func (t *remoteTx) rollback(ctx context.Context) {
	defer t.over()
	if t.from != nil && t.pin.hasReaders() && t.lower(ctx) {
		return
	}
	if c, err := t.detach(ctx); err == nil {
		t.w.rollback(ctx, c)
	}
}

// lower makes a snapshot of the transaction again, and reports whether that worked.
func (t *remoteTx) lower(ctx context.Context) bool {
	ctx = context.WithoutCancel(ctx)
	if err := t.pin.lock(ctx); err != nil {
		return false
	}
	defer t.pin.unlock()
	return t.pin.gone == nil && t.w.lower(ctx, t.pin.conn.Conn()) == nil
}

// leave gives the turn back, once, if may says so. That is when COMMIT was sent and there is another connection: the
// next transaction begins meanwhile, and gets the lock of the server when this one has ended there.
func (t *remoteTx) leave(may bool) {
	if may && !t.left {
		t.left = true
		t.w.leave()
	}
}

// over gives back what the transaction holds.
func (t *remoteTx) over() {
	t.leave(true)
	_ = t.pin.release() // the transaction has ended already
	t.s.exit()
}
