// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// schema is what the server says about the two tables.
type schema struct {
	rows, small bool // which of them there are
	shaped      bool // the rows' table has the two columns and the primary key
	recovery    bool // the server is a standby
}

// prepare makes sure that the tables are there and mean what o says, and makes them if o says that, too.
func prepare(ctx context.Context, c *pgx.Conn, p *place, o *options) error {
	s, err := look(ctx, c, o)
	if err == nil && (s.rows || s.small) && !(s.rows && s.small && s.shaped) {
		s, err = look(ctx, c, o) // the tables may have been made while the first look went from one to the other
	}
	if err != nil {
		return p.failed(ctx, "open", err, false)
	}
	if s.recovery && !o.readOnly {
		return p.errorf(errs.CodeReadOnly, "open", "the server is a standby, which takes no writes; name the primary, or set mode=ro")
	}
	if !s.rows && !s.small {
		if !o.create {
			return p.errorf(errs.CodeCantOpen, "open", "there is no such table; mode=rwc makes it")
		}
		if err := create(ctx, c, o); err != nil {
			return p.failed(ctx, "open", err, false)
		}
		if s, err = look(ctx, c, o); err != nil {
			return p.failed(ctx, "open", err, false)
		}
	}
	switch {
	case !s.rows || !s.small:
		return p.errorf(errs.CodeCantOpen, "open", "of the tables %s and %s there is only one, so another program made it; name another table",
			quoted(o.table), quoted(o.table+suffix))
	case !s.shaped:
		return p.errorf(errs.CodeCantOpen, "open", "the table has not the columns key and value of type bytea with the primary key key, "+
			"so another program made it; name another table")
	}
	if err := agree(ctx, c, p, o); err != nil {
		return err
	}
	return p.failed(ctx, "open", restored(ctx, c, o), false)
}

// look reads the catalog. to_regclass takes a quoted name.
func look(ctx context.Context, c *pgx.Conn, o *options) (s schema, err error) {
	err = c.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL, to_regclass($2) IS NOT NULL, pg_is_in_recovery(),
		(SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname IN ('key', 'value')
			AND atttypid = 'bytea'::regtype AND attnotnull) = 2
		AND EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			WHERE i.indrelid = to_regclass($1) AND i.indisprimary AND i.indnkeyatts = 1 AND a.attname = 'key')`,
		quoted(o.table), quoted(o.table+suffix)).Scan(&s.rows, &s.small, &s.recovery, &s.shaped)
	return s, err
}

// create makes the tables and the sequence in one transaction.
// Of two programs that do so at once, the second waits for the first.
func create(ctx context.Context, c *pgx.Conn, o *options) error {
	kv, small, last := quoted(o.table), quoted(o.table+suffix), quoted(o.table+lastSuffix)
	h := fnv.New64a()
	h.Write([]byte("lsmlite " + o.table))
	text := fmt.Sprintf(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
		SELECT pg_advisory_xact_lock(%d);
		CREATE TABLE IF NOT EXISTS %s (key bytea PRIMARY KEY, value bytea NOT NULL);
		ALTER TABLE %s ALTER key SET STORAGE PLAIN;
		CREATE TABLE IF NOT EXISTS %s (id int PRIMARY KEY CHECK (id = 1), format int NOT NULL, writers text NOT NULL);
		CREATE SEQUENCE IF NOT EXISTS %s;
		INSERT INTO %s (id, format, writers) VALUES (1, %d, '%s') ON CONFLICT DO NOTHING;
		COMMIT`, int64(h.Sum64()), kv, kv, small, last, small, formatNow, o.writers())
	var err error
	for range 2 { // two schemas of one name, or a program that does not take the lock
		if _, err = simple(ctx, c, text); err == nil {
			return nil
		}
		if _, ended := simple(ctx, c, "ROLLBACK"); ended != nil {
			return err
		}
		if !isCode(err, "23505") && !isCode(err, "42P07") {
			return err
		}
	}
	return err
}

// agree compares the recorded settings with o.
func agree(ctx context.Context, c *pgx.Conn, p *place, o *options) error {
	var format int
	var writers string
	err := c.QueryRow(ctx, `SELECT format, writers FROM `+quoted(o.table+suffix)+` WHERE id = 1`).Scan(&format, &writers)
	switch {
	case err == pgx.ErrNoRows:
		return p.errorf(errs.CodeCantOpen, "open", "the table %s is empty, so another program made it, or changed it; name another table",
			quoted(o.table+suffix))
	case err != nil:
		return p.failed(ctx, "open", err, false)
	case format != formatNow:
		return p.errorf(errs.CodeMismatch, "open", "the format of the tables is %d; this version knows %d", format, formatNow)
	case writers != o.writers():
		return p.errorf(errs.CodeMismatch, "open", "the table was made with writers=%s, and writers=%s is requested: "+
			"all programs that use a table must say the same", writers, o.writers())
	}
	return nil
}

// restored makes sure that the number in the sequence is not that of a transaction to come, as after a restore on
// another server: no snapshot could become a transaction until a transaction with its own snapshot has committed.
func restored(ctx context.Context, c *pgx.Conn, o *options) error {
	if o.readOnly || o.many {
		return nil
	}
	last, small := quoted(o.table+lastSuffix), quoted(o.table+suffix)
	var ahead bool
	err := c.QueryRow(ctx, `SELECT last_value::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) FROM `+last).Scan(&ahead)
	if err != nil || !ahead {
		return err
	}
	// It may be that of a transaction which has just begun. Under the lock there is none.
	_, err = simple(ctx, c, `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; LOCK TABLE `+small+` IN SHARE ROW EXCLUSIVE MODE;
		SELECT setval(`+literal(last)+`, 1) FROM `+last+` WHERE last_value::text::xid8 > pg_current_xact_id(); COMMIT`)
	if err != nil {
		_, _ = simple(ctx, c, "ROLLBACK") // the error before says more
	}
	return err
}

// literal is a text as a constant. It holds names, which have no zero byte.
func literal(text string) string {
	return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + `'`
}

// simple sends texts without parameters, separated by semicolons, in one message.
func simple(ctx context.Context, c *pgx.Conn, text string) ([]*pgconn.Result, error) {
	return c.PgConn().Exec(ctx, text).ReadAll()
}
