// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// place names the server and the table in errors, and hides secrets in what others say about it.
type place struct {
	text    string
	secrets []string
}

// errorf is an error about the place.
func (p *place) errorf(code errs.Code, op, format string, args ...any) *errs.Error {
	return &errs.Error{Code: code, Op: op, Path: p.text, Detail: fmt.Sprintf(format, args...)}
}

// cause is an error of pgx whose text shows no secret. Its own error can be found with errors.As.
type cause struct {
	text string
	err  error
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.err }

func (p *place) cause(err error) error {
	if err == nil {
		return nil
	}
	return &cause{text: p.hide(err.Error()), err: err}
}

func (p *place) hide(text string) string {
	for _, secret := range p.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "xxxxx")
		}
	}
	return text
}

// meaning is what a SQLSTATE is in lsmlite's terms, and what to do where the text of the server does not say it.
type meaning struct {
	code   errs.Code
	detail string
}

const (
	startAgain = "; nothing was written, start again"
	conflict   = "another transaction changed the same rows" + startAgain
	rolledBack = "the server rolled the transaction back" + startAgain
	ended      = "the server ended the transaction that showed this state" + startAgain
)

// meanings are those of the SQLSTATEs that mean more than an I/O error.
var meanings = map[string]meaning{
	"40001": {errs.CodeConflict, conflict}, // serialization_failure
	"40P01": {errs.CodeConflict, conflict}, // deadlock_detected
	"23505": {errs.CodeConflict, conflict}, // unique_violation
	"55P03": {errs.CodeBusy, "a lock of another transaction was not free in time"},
	"57014": {errs.CodeBusy, "the server stopped the statement" + startAgain}, // query_canceled
	"53300": {errs.CodeBusy, "the server has no connection left"},
	"57P03": {errs.CodeBusy, "the server is starting or stopping"},
	"54000": {errs.CodeTooBig, "too big for the server"},
	"22001": {errs.CodeTooBig, "too big for the server"},
	"53100": {errs.CodeFull, "the disk of the server is full"},
	"53200": {errs.CodeNoMem, "the server is out of memory"},
	"25006": {errs.CodeReadOnly, "the server takes no writes: it is a standby, or read-only by its settings"},
	"42501": {errs.CodeReadOnly, "the server does not let this user do this"},
	"25P02": {errs.CodeSnapshotGone, ended},
	"25P03": {errs.CodeSnapshotGone, ended}, // idle_in_transaction_session_timeout
	"25P04": {errs.CodeSnapshotGone, ended}, // transaction_timeout
	"57P01": {errs.CodeSnapshotGone, ended}, // admin_shutdown
	"57P02": {errs.CodeSnapshotGone, ended}, // crash_shutdown
	"57P05": {errs.CodeSnapshotGone, ended}, // idle_session_timeout
	"42P01": {errs.CodeCantOpen, "a table of the store is not there"},
	"3D000": {errs.CodeCantOpen, "there is no such database"},
	"28000": {errs.CodeCantOpen, "the server does not let this user in"},
	"28P01": {errs.CodeCantOpen, "the server does not take the password"},
	"XX001": {errs.CodeCorrupt, "the server reports damaged data"},
	"XX002": {errs.CodeCorrupt, "the server reports a damaged index"},
}

// failed says in lsmlite's terms why op failed. pinned says that it read a state which is lost with its
// connection. The end of ctx explains every failure.
func (p *place) failed(ctx context.Context, op string, err error, pinned bool) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var mine *errs.Error
	if errors.As(err, &mine) {
		return mine
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		m, known := meanings[server.Code]
		switch {
		case !known && pinned && fatal(server):
			m = meaning{errs.CodeSnapshotGone, ended}
		case !known || op == "open" && m.code == errs.CodeSnapshotGone:
			m = meaning{errs.CodeIO, "the server refuses"}
		case !pinned && m.code == errs.CodeSnapshotGone:
			m = meaning{errs.CodeBusy, "the server ended the connection" + startAgain}
		}
		return &errs.Error{Code: m.code, Op: op, Path: p.text, Detail: m.detail, Err: p.cause(err)}
	}
	if pinned {
		return p.gone(op, err)
	}
	if op != "open" && away(err) {
		return &errs.Error{Code: errs.CodeBusy, Op: op, Path: p.text, Err: p.cause(err),
			Detail: "the server cannot be reached, as when it is started again" + startAgain}
	}
	return &errs.Error{Code: errs.CodeIO, Op: op, Path: p.text, Detail: "the connection to the server failed", Err: p.cause(err)}
}

// away reports whether an error is that of a server which is not there, or not any more, and may come back: the store
// was opened on it. Others, as those of certificates, stay until a setting is changed.
func away(err error) bool {
	var network net.Error // of dialling, a lookup of a name, a connection that has broken off, a time limit
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}

// gone says that the state which op reads is lost.
func (p *place) gone(op string, err error) error {
	return &errs.Error{Code: errs.CodeSnapshotGone, Op: op, Path: p.text, Err: p.cause(err),
		Detail: "the connection that showed this state is lost; nothing was written, start again"}
}

// fatal reports whether the server ended the session with err.
func fatal(err *pgconn.PgError) bool {
	s := err.SeverityUnlocalized
	return s == "FATAL" || s == "PANIC"
}

func isCode(err error, code string) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && server.Code == code
}

// isLost reports whether the connection ended, so that a statement which changes nothing may be sent again.
func isLost(c *pgx.Conn, err error) bool { return err != nil && c.IsClosed() }
