// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"strings"
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
	xid string
	identity
}

// ending is how the message with COMMIT went.
type ending struct {
	tag pgconn.CommandTag
	err error
	// lost says that the connection ended. Then the caller has a place in the pool, with which the server is asked.
	lost bool
	// reached says that the server has done everything before COMMIT.
	reached bool
}

// committed says how a COMMIT ended, with what was sent together with it: nil, ErrConflict or ErrSnapshotGone if
// nothing was written, or ErrUndetermined.
func (s *conns) committed(ctx context.Context, com commitment, e ending) error {
	var server *pgconn.PgError
	switch {
	case e.err == nil && e.tag.String() == "COMMIT":
		return nil
	case e.err == nil:
		return s.errorf(errs.CodeConflict, "commit", "%s", rolledBack)
	case errors.As(e.err, &server) && (!e.reached || !fatal(server) && !e.lost): // its answers come in order
		return s.failed(context.WithoutCancel(ctx), "commit", e.err, true)
	case pgconn.SafeToRetry(e.err) || strings.HasPrefix(e.err.Error(), preparing):
		return s.gone("commit", e.err)
	}
	return s.outcome(ctx, com, e.err)
}

// preparing begins pgx's errors of batches whose statements could not be prepared, which is before any is sent to be
// run.
const preparing = "error preprocessing batch (prepare): "

// outcome asks the server what happened to a transaction whose connection was lost while it may have been
// committing. When the caller's context ends it does not search much longer: an outcome that is not known is worse than
// one that comes late.
func (s *conns) outcome(caller context.Context, com commitment, lost error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), s.outcomeLimit)
	defer cancel()
	defer context.AfterFunc(caller, func() { time.AfterFunc(outcomeLeast, cancel) })()
	s.pool.Reset()
	why := lost
	if com.server == "" {
		return s.undetermined(com, "the server does not show its identity, so its word about transactions counts for nothing", why)
	}
	begun := time.Now()
	for {
		status, same, err := s.status(ctx, com, time.Since(begun) > patienceWithServer)
		switch {
		case err == nil && status == "committed" && same:
			return nil
		case err == nil && status == "committed":
			return s.undetermined(com, "the server has crashed or was started again since, after which it may give the number of "+
				"a lost transaction to another one, so its word counts for nothing", why)
		case err == nil && (status == "aborted" || status == statusUnknown):
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

// statusUnknown is the status of a transaction whose number the server has not given out. It had given it out, so it
// has crashed since, and nothing of the transaction had reached its log.
const statusUnknown = "unknown"

// status asks once. It ends what is left of the transaction if stop says so: then it cannot be committed later. same
// says that the server has not been started since the transaction, with or without a crash before; otherwise the number
// may be that of a later transaction. That transaction does not hide one that has committed for good: a number whose
// COMMIT is in the log is never given out again.
func (s *conns) status(ctx context.Context, com commitment, stop bool) (status string, same bool, err error) {
	c, err := s.pool.Acquire(ctx) // with the place of the connection that was lost
	if err != nil {
		return "", false, err // not as an ErrBusy: an unknown outcome must not be one, too
	}
	defer func() {
		if ctx.Err() != nil {
			closeNow(c)
		}
		c.Release()
	}()
	// In one message, so that all of it is the word of one process of the server, also through a pooler.
	xid := literal(com.xid) + `::xid8`
	text := identityText + `; SELECT pg_xact_status(` + xid + `)`
	if stop {
		text = identityText + `; SELECT pg_terminate_backend(pid) FROM pg_stat_activity, (` + identityText + `) i WHERE pid <> pg_backend_pid()` +
			` AND backend_xid = ` + xid + `::xid AND i.life = ` + literal(com.life) + `; SELECT pg_xact_status(` + xid + `)`
	}
	results, err := simple(ctx, c.Conn(), text)
	now := identityIn(results)
	switch {
	case now.server != "" && now.server != com.server:
		return "", false, errOther
	case isCode(err, "22023") && now.server == com.server: // the number is in the future
		return statusUnknown, false, nil
	case err != nil:
		return "", false, err
	case now.server == "":
		return "", false, errOther
	}
	status = cell(results, len(results)-1)
	if status == "" {
		return "", false, errors.New("the server has forgotten the transaction")
	}
	return status, now.life == com.life, nil
}

func (s *conns) undetermined(com commitment, why string, cause error) error {
	return &errs.Error{Code: errs.CodeUndetermined, Op: "commit", Path: s.text, Err: s.cause(cause),
		Detail: "the connection was lost during COMMIT, and " + why + ": it is not known whether the transaction took place; " +
			"look at the rows before it is repeated; it had the number " + com.xid}
}
