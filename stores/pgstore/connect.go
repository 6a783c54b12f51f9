// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

const (
	// oldestServer is the first one that has pg_current_xact_id.
	oldestServer = 13
	// answerLimit is how long a server that was asked to stop a statement may take to say that it did.
	answerLimit = 2 * time.Second
)

// identityKey is where a connection keeps the identity of its server.
const identityKey = "lsmlite.identity"

// poolOf makes the pool for what is left of a name. It connects to nothing.
func poolOf(rest string, o *options) (*pgxpool.Pool, *place, error) {
	p := &place{text: "postgres", secrets: secretsOf(rest)}
	cfg, err := pgxpool.ParseConfig(rest)
	if err != nil {
		// The text of pgx's error has the name in it, which may hide a password where nobody looks for one.
		return nil, p, p.errorf(errs.CodeMisuse, "open", "the name cannot be read: %s", reason(err, p))
	}
	c := cfg.ConnConfig
	p.secrets = append(p.secrets, c.Password)
	p.text = fmt.Sprintf("postgres %s:%d/%s table %s", c.Host, c.Port, c.Database, quoted(o.table))
	c.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: answerLimit}
	}
	c.DialFunc = sockets(c.DialFunc)
	if _, found := c.RuntimeParams["application_name"]; !found {
		c.RuntimeParams["application_name"] = "lsmlite"
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectLimit
	}
	if o.serializable {
		c.RuntimeParams["default_transaction_isolation"] = "serializable" // for statements in no transaction
	}
	given := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if given != nil {
			if err := given(ctx, conn); err != nil {
				return err
			}
		}
		return meet(ctx, conn, p, o)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, p, p.errorf(errs.CodeMisuse, "open", "%s", p.hide(err.Error()))
	}
	return pool, p, nil
}

// reason is what pgx says is wrong with a name, without the name.
func reason(err error, p *place) string {
	text := p.hide(err.Error())
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		return text[i+3:]
	}
	return "it is no URL of PostgreSQL"
}

// secretsOf finds the passwords of a name, however it is broken.
func secretsOf(name string) (secrets []string) {
	if u, err := url.Parse(name); err == nil {
		if password, set := u.User.Password(); set {
			secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
		}
		for _, key := range []string{"password", "sslpassword"} {
			for _, value := range u.Query()[key] {
				secrets = append(secrets, value, url.QueryEscape(value))
			}
		}
	}
	return secrets
}

// meet looks at the server of a new connection: is it one that the store can use, and which one is it?
func meet(ctx context.Context, conn *pgx.Conn, p *place, o *options) error {
	registerBytes(conn.TypeMap())
	pg := conn.PgConn()
	results, err := pg.Exec(ctx, `SELECT version(), current_setting('server_version_num')`).ReadAll()
	if err != nil {
		return err
	}
	version, number := cell(results, 0), cellAt(results, 0, 1)
	if why := refusal(version, number, pg.ParameterStatus("crdb_version")); why != "" && !o.unsupported {
		return p.errorf(errs.CodeCantOpen, "open", "%s; unsupported_server=1 tries it", why)
	}
	// Where the server does not let us look, outcomes are never looked up.
	found, err := simple(ctx, conn, identityText)
	var refused *pgconn.PgError
	if err != nil && (!errors.As(err, &refused) || fatal(refused)) {
		return err
	}
	pg.CustomData()[identityKey] = identityIn(found)
	return nil
}

// identity is which server a connection leads to. The number of a transaction means something to this server only, and
// only until another one takes over from it. The status of a transaction can be proven for one life of the server only:
// after a crash it gives out again the numbers of those transactions of which nothing had reached its log.
type identity struct {
	server string // empty if that is not known
	life   string
}

// identityText requests the identity. The server and its timeline stay the same when it recovers from a crash. A new
// start of its main process is a new life, and so are lost statistics: with a crash of any process the server throws
// them away, and notes the time, also where the main process goes on.
const identityText = `SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||` +
	` CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS server,` +
	` extract(epoch FROM pg_postmaster_start_time())::text || '/' ||` +
	` extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time())::text AS life`

// identityIn is the identity that the first of the results has.
func identityIn(results []*pgconn.Result) identity {
	found := identity{server: cell(results, 0), life: cellAt(results, 0, 1)}
	if found.life == "" {
		return identity{}
	}
	return found
}

// identityOf is the identity of a connection's server when it began.
func identityOf(conn *pgx.Conn) identity {
	found, _ := conn.PgConn().CustomData()[identityKey].(identity)
	return found
}

// refusal says why a server is none that the store was tried on, if so.
func refusal(version, number, cockroach string) string {
	n, err := strconv.Atoi(number)
	switch {
	case cockroach != "" || strings.Contains(version, "CockroachDB"):
		return "the server is CockroachDB, which has no LOCK TABLE"
	case strings.Contains(version, "-YB-"):
		return "the server is YugabyteDB, on which nothing was tried"
	case !strings.HasPrefix(version, "PostgreSQL ") || strings.Contains(version, "Redshift"):
		return fmt.Sprintf("the server is not PostgreSQL, but %.80q", version)
	case err != nil || n < oldestServer*10000:
		return fmt.Sprintf("the server is too old: %.80q; PostgreSQL %d or newer is needed", version, oldestServer)
	}
	return ""
}

// cell is the first field of the result i, empty if there is none.
func cell(results []*pgconn.Result, i int) string { return cellAt(results, i, 0) }

func cellAt(results []*pgconn.Result, i, column int) string {
	if i >= len(results) || len(results[i].Rows) == 0 || column >= len(results[i].Rows[0]) {
		return ""
	}
	return string(results[i].Rows[0][column])
}
