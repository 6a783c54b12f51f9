// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
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

// codes are the SQLSTATEs whose meaning is one of lsmlite's. What is not here is an I/O error.
var codes = map[string]errs.Code{
	"40001": errs.CodeConflict, // serialization_failure
	"40P01": errs.CodeConflict, // deadlock_detected
	"23505": errs.CodeConflict, // unique_violation: two writers made one key
	"55P03": errs.CodeBusy,     // lock_not_available
	"57014": errs.CodeBusy,     // query_canceled, by a timeout of the server's
	"53300": errs.CodeBusy,     // too_many_connections
	"57P03": errs.CodeBusy,     // cannot_connect_now
	"54000": errs.CodeTooBig,   // program_limit_exceeded
	"22001": errs.CodeTooBig,   // string_data_right_truncation
	"53100": errs.CodeFull,     // disk_full
	"53200": errs.CodeNoMem,    // out_of_memory
	"25006": errs.CodeReadOnly, // read_only_sql_transaction
	"42501": errs.CodeReadOnly, // insufficient_privilege
	"25P02": errs.CodeSnapshotGone,
	"25P03": errs.CodeSnapshotGone, // idle_in_transaction_session_timeout
	"25P04": errs.CodeSnapshotGone, // transaction_timeout
	"57P01": errs.CodeSnapshotGone, // admin_shutdown
	"57P02": errs.CodeSnapshotGone, // crash_shutdown
	"57P05": errs.CodeSnapshotGone, // idle_session_timeout
	"42P01": errs.CodeCantOpen,     // undefined_table
	"3D000": errs.CodeCantOpen,     // invalid_catalog_name
	"XX001": errs.CodeCorrupt,      // data_corrupted
	"XX002": errs.CodeCorrupt,      // index_corrupted
}

// details say what to do, where the text of the server does not.
var details = map[errs.Code]string{
	errs.CodeConflict:     "another transaction changed the same rows; nothing was written, start again",
	errs.CodeSnapshotGone: "the server ended the transaction that showed this state; nothing was written, start again",
	errs.CodeBusy:         "the server is busy",
	errs.CodeTooBig:       "too big for the server",
	errs.CodeCantOpen:     "the table is not there",
	errs.CodeReadOnly:     "the server does not let this user write here",
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
		return err
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		code, known := codes[server.Code]
		switch {
		case !known && pinned && fatal(server):
			code = errs.CodeSnapshotGone
		case !known || !pinned && code == errs.CodeSnapshotGone:
			code = errs.CodeIO
		}
		return &errs.Error{Code: code, Op: op, Path: p.text, Detail: details[code], Err: p.cause(err)}
	}
	if pinned {
		return p.gone(op, err)
	}
	return &errs.Error{Code: errs.CodeIO, Op: op, Path: p.text, Detail: "the connection to the server failed", Err: p.cause(err)}
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
