// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestMain fails the package if any of its tests leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openEngine opens an empty database in memory. It refuses to close while a request has something
// open, so every test that ends well has given everything back.
func openEngine(t testing.TB, o engine.Options) *engine.DB {
	t.Helper()
	if o.FS == nil {
		o.FS = memfs.New()
	}
	db, err := engine.Open(context.Background(), "/data/my.lsm", o)
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func openSQL(t testing.TB, cfg lsmlite.Config) *sql.DB {
	t.Helper()
	cfg.Path = ":memory:"
	c, err := lsmlite.NewConnector(cfg)
	must(t, err)
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func put(t testing.TB, db *engine.DB, rows ...string) {
	t.Helper()
	must(t, db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := 0; i < len(rows); i += 2 {
			if err := tx.Put([]byte(rows[i]), []byte(rows[i+1])); err != nil {
				return err
			}
		}
		return nil
	}))
}

func putMany(t testing.TB, db *engine.DB, n int) {
	t.Helper()
	must(t, db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "key/%06d", i), fmt.Appendf(nil, "value %d", i)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// site is a handler that is served, and a browser or program that uses it.
type site struct {
	t      testing.TB
	server *httptest.Server
	base   string // ends in a slash
	client *http.Client
	csrf   string
}

func serve(t testing.TB, h *inspect.Inspector) *site {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/debug/lsmlite/", h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := server.Client()
	client.Jar = jar
	return &site{t: t, server: server, base: server.URL + "/debug/lsmlite/", client: client}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request; change may alter it.
func (s *site) do(method, resource, body string, change ...func(*http.Request)) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.base+resource, strings.NewReader(body))
	must(s.t, err)
	if s.csrf != "" && method == http.MethodPost {
		r.Header.Set(wire.HeaderCSRF, s.csrf)
	}
	for _, f := range change {
		f(r)
	}
	res, err := s.client.Do(r)
	must(s.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

func (s *site) get(resource string, change ...func(*http.Request)) answer {
	s.t.Helper()
	return s.do(http.MethodGet, resource, "", change...)
}

// read reads a resource as a message.
func read[M any](s *site, resource string) (m M) {
	s.t.Helper()
	a := s.get(resource)
	if a.status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", resource, a.status, a.body)
	}
	must(s.t, wire.Unmarshal([]byte(a.body), &m))
	return m
}

// visit opens the page, as a person does, so that requests may write.
func (s *site) visit() {
	s.t.Helper()
	if a := s.get(""); a.status != http.StatusOK {
		s.t.Fatalf("the page: %d %s", a.status, a.body)
	}
	s.csrf = read[wire.InfoMessage](s, wire.Info).CSRF
	if s.csrf == "" {
		s.t.Fatal("a session without a token")
	}
}

// postSQL runs statements as the page does.
func (s *site) postSQL(text string) (m wire.SQLMessage, status int) {
	s.t.Helper()
	raw, err := wire.Marshal(wire.SQLRequest{SQL: text, Explain: true})
	must(s.t, err)
	a := s.do(http.MethodPost, wire.SQL, string(raw), header("Content-Type", "application/json"))
	if err := wire.Unmarshal([]byte(a.body), &m); err != nil {
		s.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return m, a.status
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

// want compares the status of an answer, and looks for a text in it.
func (s *site) want(what string, a answer, status int, text string) {
	s.t.Helper()
	if a.status != status || !strings.Contains(a.body, text) {
		s.t.Errorf("%s: %d %.300s; want %d with %q", what, a.status, a.body, status, text)
	}
}

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}

func repeated(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }

// answerOf asks a handler without a network.
func answerOf(h http.Handler, resource string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, local(resource))
	return w.Body.String()
}

// otherDriver is a driver that is not lsmlite.
type otherDriver struct{}

func (otherDriver) Open(string) (driver.Conn, error)               { return otherConn{}, nil }
func (d otherDriver) Connect(context.Context) (driver.Conn, error) { return otherConn{}, nil }
func (d otherDriver) Driver() driver.Driver                        { return d }

type otherConn struct{}

func (otherConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("no statements") }
func (otherConn) Close() error                        { return nil }
func (otherConn) Begin() (driver.Tx, error)           { return nil, errors.New("no transactions") }

func openOther(t testing.TB) *sql.DB {
	t.Helper()
	db := sql.OpenDB(otherDriver{})
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}
