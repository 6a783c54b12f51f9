// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// Session is one user of a store. Open makes it ready, and it must not be copied then.
type Session struct {
	txn     txn
	writer  writer
	pragmas SettingPragmas
	args    []parser.Value
	spare   *Rows // closed Rows, to be used again
}

// Open begins a session on a store. The session leaves settings by PRAGMA to pragmas.
func (s *Session) Open(st store.Store, shared *Shared, settings Settings, pragmas SettingPragmas) {
	s.txn.store, s.txn.shared, s.txn.settings = st, shared, settings
	shared.join(&s.txn.me)
	s.writer.txn = &s.txn
	s.pragmas = pragmas
}

// Configure changes the settings from the next statement on.
func (s *Session) Configure(settings Settings) { s.txn.settings = settings }

// Break says that a panic was caught in a call of s: what the session holds is unknown, and
// no statement may run on it any more.
func (s *Session) Break() { s.txn.broken = true }

// Broken reports whether Break was called.
func (s *Session) Broken() bool { return s.txn.broken }

// Begin opens a transaction, in the way of the settings or for reading only. For reading
// only it pins its snapshot here.
func (s *Session) Begin(ctx context.Context, readOnly bool) error {
	state := s.txn.defaultState()
	if readOnly {
		state = txnReading
	}
	return s.txn.begin(ctx, state, 2)
}

// Tx returns the write transaction that the session is in, nil if it is in none that has the writer's
// turn. It is the session's: the caller reads and writes in it between two statements, and leaves its
// levels and its end to the session.
func (s *Session) Tx() store.Tx {
	if s.txn.broken || s.txn.state != txnWriting {
		return nil
	}
	return s.txn.tx
}

// InTransaction reports whether a transaction is open, also one that only reads, or has not taken the writer's turn.
func (s *Session) InTransaction() bool { return s.txn.state != txnNone }

// Commit ends the transaction and makes what it wrote permanent. On a broken session it
// rolls back and fails.
func (s *Session) Commit(ctx context.Context) error { return s.txn.commit(ctx) }

// Rollback ends the transaction and undoes what it wrote.
func (s *Session) Rollback() error { return s.txn.rollback(context.Background()) }

// Abandon rolls back a transaction that nobody ended, if there is one.
func (s *Session) Abandon() error { return s.txn.abandon() }

// Exec binds the arguments of a text and runs all its statements. It returns the number of
// rows that the last one wrote, or Uncounted.
func (s *Session) Exec(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (n int64, err error) {
	if key, value, ok := s.plainPair(plans, args); ok {
		return s.writer.writePair(ctx, key, value)
	}
	return s.execGeneral(ctx, plans, args)
}

// execGeneral is Exec of any text.
func (s *Session) execGeneral(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (n int64, err error) {
	scratch := &s.writer.scratch
	*scratch = keep(*scratch)
	values, err := bindArguments(s.args[:0], scratch, plans, args)
	defer s.forgetArguments()
	s.args = values
	if err == nil {
		err = s.checkAll(plans, values)
	}
	if err != nil {
		return 0, err
	}
	for i, p := range plans {
		if i > 0 { // the caller has looked already
			if err := ctx.Err(); err != nil {
				return 0, err
			}
		}
		if n, err = s.exec(ctx, p, values); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// exec runs one statement whose rows, if it has any, nobody wants. It returns the number of
// rows written.
func (s *Session) exec(ctx context.Context, p *parser.Plan, args []parser.Value) (int64, error) {
	switch p.Op {
	case parser.OpInsert, parser.OpUpdate, parser.OpDelete:
		return s.writer.write(ctx, p, args)
	case parser.OpSelect, parser.OpPragma, parser.OpExplain:
		return 0, s.discard(ctx, p, args)
	}
	return 0, s.txn.control(ctx, p)
}

// discard runs a query for its errors.
func (s *Session) discard(ctx context.Context, p *parser.Plan, args []parser.Value) (err error) {
	r := s.newRows(ctx)
	buffer := r.values
	defer func() {
		r.values = buffer
		err = joinErrors(err, r.Close())
	}()
	// The arguments stay what they are until the rows are closed. They are those of all
	// statements of the text, so that a copy for each would be too much.
	r.values, r.owned = args, true
	return r.open(p)
}

// checkAll refuses arguments that one of several statements cannot take, before the first
// of them runs. A single statement does that itself.
func (s *Session) checkAll(plans []*parser.Plan, args []parser.Value) error {
	if len(plans) < 2 {
		return nil
	}
	for _, p := range plans {
		if err := p.Check(args, s.txn.settings.keys()); err != nil {
			return bindError(err)
		}
	}
	return nil
}

// forgetArguments releases the caller's bytes.
func (s *Session) forgetArguments() {
	clear(s.args)
	s.args = s.args[:0]
	s.writer.scratch = keep(s.writer.scratch)
}

// Query binds the arguments of a text and runs its first statement. The rest run as the
// caller moves on to their result sets, at the latest when the rows are closed.
func (s *Session) Query(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (*Rows, error) {
	if key, ok := s.plainKey(plans, args); ok {
		return s.queryKey(ctx, plans[0], key)
	}
	return s.queryGeneral(ctx, plans, args)
}

// queryGeneral is Query of any text.
func (s *Session) queryGeneral(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (_ *Rows, err error) {
	r := s.newRows(ctx)
	started := false
	defer func() {
		if !started { // an error, or a panic
			r.failed = true
			err = joinErrors(err, r.Close())
		}
	}()
	if r.values, err = bindArguments(r.values, &r.scratch, plans, args); err == nil {
		err = s.checkAll(plans, r.values)
	}
	if err == nil && len(plans) > 0 {
		r.rest = plans[1:]
		if err = r.start(plans[0]); err == nil && r.needsArguments() {
			r.own()
		}
	}
	if err != nil {
		return nil, err
	}
	started = true
	return r, nil
}

// newRows returns Rows that have nothing yet, used ones if there are.
func (s *Session) newRows(ctx context.Context) *Rows {
	r := s.spare
	if r == nil {
		r = &Rows{txn: &s.txn, writer: &s.writer, settings: s.pragmas, spare: &s.spare}
	}
	s.spare = nil
	r.ctx = ctx
	return r
}
