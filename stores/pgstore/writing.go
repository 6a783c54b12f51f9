// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// writing is what the transactions of a store have in common. With a single writer they take turns here first,
// so that those which wait hold no connections; then the lock of the server decides between processes.
type writing struct {
	*conns
	turn chan struct{} // nil with writers=many

	mu    sync.Mutex
	since time.Time // when the open transaction began; zero if there is none
}

// upgrade is the name of the savepoint from which a snapshot becomes a transaction.
const upgrade = "lsmlite_upgrade"

// wait takes the turn. With now it fails with ErrBusy if another transaction has it.
func (w *writing) wait(ctx context.Context, now bool) error {
	if err := ctx.Err(); err != nil || w.turn == nil {
		return err
	}
	if now {
		select {
		case w.turn <- struct{}{}:
			return nil
		default:
			return w.busy()
		}
	}
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writing) busy() error {
	return w.errorf(errs.CodeBusy, "begin", "another transaction has the writer's turn")
}

// begun notes that a transaction has the turn.
func (w *writing) begun() {
	if w.turn == nil {
		return
	}
	w.mu.Lock()
	w.since = time.Now()
	w.mu.Unlock()
}

// leave gives the turn back.
func (w *writing) leave() {
	if w.turn == nil {
		return
	}
	w.mu.Lock()
	w.since = time.Time{}
	w.mu.Unlock()
	<-w.turn
}

// state is the text that begins a transaction and pins what it shows.
func (w *writing) state(mayWrite bool) string {
	if mayWrite {
		return `BEGIN ISOLATION LEVEL ` + w.o.level() + ` READ WRITE; SELECT 1`
	}
	return `BEGIN ISOLATION LEVEL ` + w.o.level() + ` READ ONLY; SELECT 1`
}

// first is the text that begins a transaction that writes. The lock comes before the first query, so that
// the state which the transaction sees is the one after the last commit. now is for one that does not wait.
func (w *writing) first(ctx context.Context, now bool) string {
	return `BEGIN ISOLATION LEVEL ` + w.o.level() + ` READ WRITE; ` + w.locks(ctx, now) + `SELECT pg_current_xact_id()::text`
}

// locks takes the lock of the single writer, and sets how the transaction commits.
func (w *writing) locks(ctx context.Context, now bool) string {
	var b strings.Builder
	if w.o.commit != "" {
		b.WriteString(`SET LOCAL synchronous_commit = ` + w.o.commit + `; `)
	}
	switch {
	case w.o.many:
	case now:
		b.WriteString(w.sql.lock + ` NOWAIT; `)
	default:
		fmt.Fprintf(&b, `SET LOCAL lock_timeout = %d; %s; `, lockTimeout(ctx), w.sql.lock)
	}
	return b.String()
}

// lockTimeout is what is left of ctx in milliseconds, 0 for no end. It ends the wait where the server does not
// hear that ctx has ended.
func lockTimeout(ctx context.Context) int64 {
	end, limited := ctx.Deadline()
	if !limited {
		return 0
	}
	return min(max(time.Until(end).Milliseconds(), 1), 1<<31-1)
}

// late makes of a lock that was not available in time the end of ctx, which it was waited for.
func (w *writing) late(ctx context.Context, now bool, err error) error {
	if err == nil || !isCode(err, "55P03") {
		return err
	}
	if _, limited := ctx.Deadline(); limited && !now {
		return context.DeadlineExceeded
	}
	return w.busy()
}

// start begins a transaction on a connection of its own. The caller has the turn.
func (w *writing) start(ctx context.Context, now bool) (*pgxpool.Conn, commitment, error) {
	c, xid, err := w.conns.begin(ctx, "begin", w.first(ctx, now))
	if err != nil {
		return nil, commitment{}, w.late(ctx, now, err)
	}
	return c, commitment{xid: xid, identity: identityOf(c.Conn())}, nil
}

// raise makes a transaction of the snapshot whose connection c is. If it fails the snapshot stays as it was. The
// caller has the turn.
func (w *writing) raise(ctx context.Context, c *pgx.Conn, now bool) (com commitment, err error) {
	text := `SAVEPOINT ` + upgrade + `; ` + w.locks(ctx, now) + `SELECT pg_current_xact_id()::text; `
	if w.o.many {
		text += `SELECT true`
	} else {
		text += w.sql.fresh
	}
	results, err := simple(ctx, c, text)
	fresh := err == nil && cell(results, len(results)-1) == "t"
	if fresh {
		return commitment{xid: cell(results, len(results)-2), identity: identityOf(c)}, nil
	}
	if lowered := w.lower(ctx, c); lowered != nil {
		return com, errors.Join(w.failed(ctx, "begin", err, true), w.failed(ctx, "begin", lowered, true))
	}
	if err == nil {
		return com, w.stale()
	}
	return com, w.late(ctx, now, w.failed(ctx, "begin", err, true))
}

func (w *writing) stale() error {
	return w.errorf(errs.CodeBusySnapshot, "begin", "another transaction has committed since the snapshot; start again")
}

// lower makes a snapshot of a transaction again, and lets its lock go.
func (w *writing) lower(ctx context.Context, c *pgx.Conn) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	_, err := simple(limited, c, `ROLLBACK TO `+upgrade+`; RELEASE `+upgrade)
	return err
}
