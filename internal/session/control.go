// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"github.com/lsmlite/lsmlite-go/parser"
)

// control runs a statement that has neither rows nor counts.
func (t *txn) control(ctx context.Context, p *parser.Plan) error {
	switch p.Op {
	case parser.OpCreate:
		return t.pin(ctx) // it looks whether the table is there
	case parser.OpBegin:
		state := txnWriting
		switch p.TxMode {
		case parser.TxDefault:
			state = t.defaultState()
		case parser.TxDeferred:
			state = txnDeferred
		}
		return t.begin(ctx, state, 2)
	case parser.OpCommit:
		return t.commit(ctx)
	case parser.OpRollback:
		return t.rollback(ctx)
	case parser.OpSavepoint:
		return t.savepoint(ctx, p.Savepoint)
	case parser.OpRelease:
		return t.release(ctx, p.Savepoint)
	case parser.OpRollbackTo:
		return t.rollbackTo(p.Savepoint)
	}
	return misusef("exec", "this version cannot run: %s", p.Text)
}
