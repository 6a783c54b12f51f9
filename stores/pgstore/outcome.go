// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

const (
	// commitLimit is how long COMMIT may take, whatever the caller's context says.
	commitLimit = 30 * time.Second
	// outcomeLimit is how long the outcome of a COMMIT is looked for after its connection was lost.
	outcomeLimit = 15 * time.Second
	// patienceWithServer is how long a transaction whose connection was lost may go on before the server is
	// told to end it.
	patienceWithServer = time.Second
	// outcomeLeast is how long it is looked for after the caller's context has ended.
	outcomeLeast = 3 * time.Second
	// outcomePause is the time between two looks.
	outcomePause = 50 * time.Millisecond
)

// commitment is a transaction of the server that was told to commit.
type commitment struct {
	xid      string
	identity string // of the server where it was
}

// committed says how a COMMIT ended, with what was sent together with it: nil, ErrConflict if nothing was
// written, or ErrUndetermined. lost says that the connection ended.
func (s *conns) committed(ctx context.Context, lost bool, com commitment, tag pgconn.CommandTag, err error) error {
	var server *pgconn.PgError
	switch {
	case err == nil && tag.String() == "COMMIT":
		return nil
	case err == nil:
		return s.errorf(errs.CodeConflict, "commit", "the server rolled the transaction back; nothing was written, start again")
	case errors.As(err, &server) && !fatal(server) && !lost:
		return s.failed(context.WithoutCancel(ctx), "commit", err, true)
	case pgconn.SafeToRetry(err):
		return s.gone("commit", err)
	}
	return s.outcome(ctx, com, err)
}

// outcome asks the server what happened to a transaction whose connection was lost while it may have been
// committing. When the caller's context ends it does not search much longer: an outcome that is not known is worse than
// one that comes late.
func (s *conns) outcome(caller context.Context, com commitment, lost error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), s.outcomeLimit)
	defer cancel()
	defer context.AfterFunc(caller, func() { time.AfterFunc(outcomeLeast, cancel) })()
	s.pool.Reset()
	why := lost
	if com.identity == "" {
		return s.undetermined(com, "the server does not show its identity, so its word about transactions counts for nothing", why)
	}
	begun := time.Now()
	for {
		status, err := s.status(ctx, com, time.Since(begun) > patienceWithServer)
		switch {
		case err == nil && status == "committed":
			return nil
		case err == nil && status == "aborted":
			return &errs.Error{Code: errs.CodeConflict, Op: "commit", Path: s.text, Err: s.cause(lost),
				Detail: "the connection was lost, and the server rolled the transaction back; nothing was written, start again"}
		case err == errOther:
			return s.undetermined(com, "another server has taken over", why)
		case err != nil:
			why = err
		}
		select {
		case <-ctx.Done():
			return s.undetermined(com, "the server does not say", why)
		case <-time.After(outcomePause):
		}
	}
}

// errOther is why a server's word about a transaction does not count.
var errOther = errors.New("another server")

// status asks once. It ends what is left of the transaction if stop says so: then it cannot be committed later.
func (s *conns) status(ctx context.Context, com commitment, stop bool) (status string, err error) {
	c, err := s.acquire(ctx, "commit")
	if err != nil {
		return "", err
	}
	defer s.giveBack(ctx, c)
	if identityOf(c.Conn()) != com.identity {
		return "", errOther
	}
	if stop {
		if _, err := c.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`+
			` AND backend_xid = $1::text::xid8::xid`, com.xid); err != nil {
			return "", err
		}
	}
	var found *string
	if err := c.QueryRow(ctx, `SELECT pg_xact_status($1::text::xid8)`, com.xid).Scan(&found); err != nil {
		return "", err
	}
	if found == nil {
		return "", errors.New("the server has forgotten the transaction")
	}
	return *found, nil
}

func (s *conns) undetermined(com commitment, why string, cause error) error {
	return &errs.Error{Code: errs.CodeUndetermined, Op: "commit", Path: s.text, Err: s.cause(cause),
		Detail: "the connection was lost during COMMIT, and " + why + ": it is not known whether the transaction took place; " +
			"look at the rows before it is repeated, or ask the server: SELECT pg_xact_status('" + com.xid + "')"}
}
