// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// Bad parameters are misuse that says which one, and what is allowed.
func TestBadParameters(t *testing.T) {
	for query, want := range map[string]string{
		"table=":                                "leave it out",
		"table=a&table=b":                       "set twice",
		"table=" + strings.Repeat("x", 52):      "more than 51",
		"table=a%00b":                           "zero byte",
		"table=%ff":                             "not UTF-8",
		"writers=two":                           "one or many",
		"writers=":                              "one or many",
		"isolation=snapshots":                   "snapshot or serializable",
		"isolation=serializable":                "writers=many",
		"pool_wait=3":                           "as 30s",
		"pool_wait=-1s":                         "as 30s",
		"pool_wait=2h":                          "as 30s",
		"unsupported_server=perhaps":            "1 or 0",
		"pool_max_conns=0":                      "pool_max_conns",
		"pool_max_conns=x":                      "pool_max_conns",
		"sslmode=whatever":                      "sslmode",
		"default_query_exec_mode=x":             "default_query_exec_mode",
		"a=%zz":                                 "hexadecimal",
		"table=a;b":                             "%3B",
		"x=" + strings.Repeat("y", maxText):     "more than 65536",
		"port=99999999":                         "port",
		"connect_timeout=soon":                  "connect_timeout",
		"writers=many&isolation=" + "read%20un": "snapshot or serializable",
	} {
		_, err := tryOpen("postgres://u:swordfish@127.0.0.1:1/db?"+query, rwc)
		if !errors.Is(err, errs.ErrMisuse) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v", query, err)
		}
		if err != nil && (strings.Contains(err.Error(), "swordfish") || len(err.Error()) > 1000) {
			t.Errorf("%.60s: the error shows too much: %.2000s", query, err)
		}
	}
	if _, err := tryOpen("postgres://127.0.0.1:1/db", store.Settings{Values: map[string]string{"safety": "off"}}); !errors.Is(err, errs.ErrMisuse) {
		t.Errorf("safety=off: %v", err)
	}
}

// No error shows a password, wherever it is in the name and whatever goes wrong: not even in what it wraps.
func TestNoPasswordInErrors(t *testing.T) {
	shared.start(t)
	const secret, escaped = "sword/fi sh%41", "sword%2Ffi%20sh%2541"
	for _, name := range []string{
		"postgres://u:" + escaped + "@127.0.0.1:1/db",
		"postgres://u:" + escaped + "@127.0.0.1:1/db?sslmode=bad",
		"postgres://u@127.0.0.1:1/db?password=" + escaped,
		"postgres://u@127.0.0.1:1/db?password=" + escaped + "&pool_max_conns=zero",
		"postgres://u@127.0.0.1:1/db?pass%77ord=" + escaped + "&sslmode=bad",
		"postgres://nobody:" + escaped + "@/nothing?host=" + url.QueryEscape(shared.dir),
		"postgres://nobody:" + escaped + "@/postgres?host=" + url.QueryEscape(shared.dir) + "&writers=" + escaped + "x",
		"postgres://tester:" + escaped + "@/postgres?host=" + url.QueryEscape(shared.dir) + "&search_path=nowhere&table=none",
		"postgres://tester@/postgres?host=" + url.QueryEscape(shared.dir) + "&table=none&sslpassword=" + escaped,
	} {
		_, err := tryOpen(name, store.Settings{})
		if err == nil {
			t.Errorf("%s opens", name)
		}
		var texts []string
		var all func(err error)
		all = func(err error) {
			if err == nil {
				return
			}
			var mine *errs.Error
			if errors.As(err, &mine) {
				texts = append(texts, mine.Error(), mine.Path, mine.Detail)
			}
			texts = append(texts, err.Error())
			all(errors.Unwrap(err))
		}
		all(err)
		if strings.Contains(name, "writers=") {
			continue // which shows what it does not know, and is no password
		}
		for _, text := range texts {
			for _, part := range []string{secret, escaped, url.QueryEscape(secret), "sword"} {
				if strings.Contains(text, part) {
					t.Errorf("%s\nshows it: %s", name, text)
				}
			}
		}
	}
}

// Names of tables may be anything that the server can keep. None does harm, and none is another one's.
func TestHostileTableNames(t *testing.T) {
	shared.start(t)
	names := []string{
		`kv"; DROP TABLE kv; --`, `a.b`, `"`, `'`, `\`, `sélect`, `SELECT`, ` `, "\n", `$1`, `kv'); --`, `%s`, `Kv`, `kv`,
		strings.Repeat("x", maxTable), strings.Repeat("x", maxTable-1) + `"`, `{}[]?&=#`, `excluded`, `kept`, `unnest`, `key`, `value`,
	}
	for _, name := range names {
		s := openStore(t, shared.url(name, nil), rwc)
		put(t, s, "name", name)
		put(t, s, "name", name, "more", name)
	}
	for _, name := range names {
		s := openStore(t, shared.url(name, nil), store.Settings{})
		if v, _, err := s.Get(context.Background(), nil, []byte("name")); string(v) != name || err != nil {
			t.Errorf("%q holds %q, %v", name, v, err)
		}
	}
}

// fakeServer answers as a server of another kind would.
func fakeServer(t *testing.T, version, number, cockroach string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			serveVersion(c, version, number, cockroach)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "postgres://u@" + l.Addr().String() + "/db?sslmode=disable"
}

func serveVersion(c net.Conn, version, number, cockroach string) {
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	if cockroach != "" {
		b.Send(&pgproto3.ParameterStatus{Name: "crdb_version", Value: cockroach})
	}
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if b.Flush() != nil {
		return
	}
	for {
		m, err := b.Receive()
		if err != nil {
			return
		}
		if _, query := m.(*pgproto3.Query); !query {
			return
		}
		b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
			{Name: []byte("version"), DataTypeOID: 25}, {Name: []byte("number"), DataTypeOID: 25}}})
		b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte(version), []byte(number)}})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
	}
}

// Servers on which nothing was tried are refused by name. With unsupported_server=1 the next thing that they cannot
// do is the error.
func TestOtherServersAreRefused(t *testing.T) {
	for _, c := range []struct{ version, number, cockroach, want string }{
		{"CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)", "130000", "", "CockroachDB"},
		{"PostgreSQL 13.0", "130000", "CockroachDB OSS", "CockroachDB"},
		{"PostgreSQL 11.2-YB-2.21.0.0-b0 on x86_64", "110002", "", "Yugabyte"},
		{"PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64", "150002", "", "Yugabyte"},
		{"PostgreSQL 8.0.2 on i686, Redshift 1.0.12", "80002", "", "not PostgreSQL"},
		{"MySQL 8", "80000", "", "not PostgreSQL"},
		{"PostgreSQL 12.9 on x86_64", "120009", "", "too old"},
		{"PostgreSQL", "", "", "not PostgreSQL"},
		{"PostgreSQL x", "x", "", "too old"},
	} {
		name := fakeServer(t, c.version, c.number, c.cockroach)
		_, err := tryOpen(name, rwc)
		if !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "unsupported_server=1") {
			t.Errorf("%s: %v", c.version, err)
		}
		if _, err := tryOpen(name+"&unsupported_server=1", rwc); err == nil || strings.Contains(err.Error(), "unsupported_server") {
			t.Errorf("%s, with unsupported_server=1: %v", c.version, err)
		}
	}
}

// A server that is not there, or does not let anybody in, is an error that says where.
func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	address := l.Addr().String()
	l.Close()
	_, err = tryOpen("postgres://u@"+address+"/db", rwc)
	if !errors.Is(err, errs.ErrIO) || !strings.Contains(err.Error(), address) {
		t.Errorf("no server: %v", err)
	}
	shared.start(t)
	_, err = tryOpen(strings.Replace(shared.url("kv", nil), "/postgres?", "/nothing?", 1), rwc)
	if !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("no database: %v", err)
	}
}
