// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// tx is a transaction. Its lane does its messages; only there its fields are used.
type tx struct {
	server  *Server
	lane    lane
	conn    *conn
	tx      driver.Tx
	ended   bool
	batches []uint32 // guarded by Server.mu
}

func (s *Server) tx(number uint32) *tx {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txs[number]
}

// newTx begins a transaction, which has to be ended.
func (s *Server) newTx(ctx context.Context) (*tx, error) {
	c, err := s.conn(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := c.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		s.release(c)
		return nil, err
	}
	return &tx{server: s, conn: c, tx: begun}, nil
}

// end commits or rolls back.
func (t *tx) end(commit bool) error {
	if t.ended {
		return misuse("the transaction has ended")
	}
	t.ended = true
	t.server.mu.Lock()
	var open []*batches
	for _, n := range t.batches {
		if b := t.server.batches[n]; b != nil {
			open = append(open, b)
			delete(t.server.batches, n)
		}
	}
	for number, other := range t.server.txs {
		if other == t {
			delete(t.server.txs, number)
		}
	}
	t.server.mu.Unlock()
	for _, b := range slices.Backward(open) {
		_ = b.close()
	}
	defer t.server.release(t.conn)
	if commit {
		return t.tx.Commit()
	}
	return t.tx.Rollback()
}

// abandon rolls back a transaction that has not ended.
func (t *tx) abandon() {
	if !t.ended {
		_ = t.end(false)
	}
}

// begin answers with the number of a new transaction.
func (s *Server) begin(r *request, _ *tx, out *wire.Writer) error {
	t, err := s.newTx(r.ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	closed := s.closing
	n := s.number()
	if !closed {
		s.txs[n] = t
	}
	s.mu.Unlock()
	if closed {
		t.abandon()
		return errClosed
	}
	out.U32(n)
	return nil
}

func (s *Server) commit(_ *request, t *tx, _ *wire.Writer) error { return endTx(t, true) }

func (s *Server) rollback(_ *request, t *tx, _ *wire.Writer) error { return endTx(t, false) }

func endTx(t *tx, commit bool) error {
	if t == nil {
		return misuse("the transaction has ended")
	}
	return t.end(commit)
}

// savepoint opens a savepoint of the transaction, merges it into what is around it, or undoes it.
func (s *Server) savepoint(r *request, t *tx, _ *wire.Writer) error {
	if t == nil {
		return misuse("the transaction has ended")
	}
	do := "SAVEPOINT "
	switch r.op {
	case opRelease:
		do = "RELEASE "
	case opRollbackTo:
		do = "ROLLBACK TO "
	}
	_, err := t.conn.ExecContext(r.ctx, do+savepointName(r.in.U32()), nil)
	return err
}
