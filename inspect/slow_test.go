// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"database/sql"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// idle wants nobody to hold a connection of the pool or a state of the database.
func idle(t *testing.T, what string, db *sql.DB) {
	t.Helper()
	if n := db.Stats().InUse; n != 0 {
		t.Fatalf("%s: %d connections are in use", what, n)
	}
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	must(t, conn.Raw(func(dc any) error {
		pins, err := dc.(lsmlite.Conn).Engine().Pins()
		if len(pins.Pins) != 0 {
			t.Errorf("%s: %+v", what, pins.Pins)
		}
		return err
	}))
}

// TestSlowReader: a client that does not read its response holds neither the program's connection nor
// a state of the database, nor the turn of statements.
func TestSlowReader(t *testing.T) {
	db := openSQL(t, lsmlite.Config{})
	db.SetMaxOpenConns(1)
	_, err := db.ExecContext(t.Context(), "INSERT INTO kv VALUES ('k', 'v'), ('l', 'w')")
	must(t, err)
	h := inspect.Handler(db, inspect.Options{Limits: inspect.Limits{Statements: 1, ConnectionTime: time.Second}})
	for _, resource := range []string{wire.Value + "?key=k", wire.Value + "?key=x", wire.Keys, wire.Tree, wire.SQL + "?q=SELECT+*+FROM+kv", wire.SQL + "?q=x",
		wire.Info, wire.Stats, wire.Structure, wire.Layout, wire.Scene, wire.Scene + "?svg=1", wire.Pins, wire.Log, wire.History} {
		w := &heldWriter{ResponseRecorder: httptest.NewRecorder(), held: make(chan struct{}), reached: make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.ServeHTTP(w, local(resource))
		}()
		<-w.reached
		idle(t, resource, db)
		if got := answerOf(h, wire.SQL+"?q=SELECT+1"); !strings.Contains(got, `"rows":[[1]]`) {
			t.Errorf("%s: a statement meanwhile: %s", resource, got)
		}
		close(w.held)
		<-done
	}
}

// TestStalledReader: the request of a client that takes nothing of an answer ends.
func TestStalledReader(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "k", repeated("v", 24<<20))
	h := inspect.Handler(db, inspect.Options{Limits: inspect.Limits{StallTime: 50 * time.Millisecond, ResponseBytes: 32 << 20}})
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /value?key=k HTTP/1.1\r\nHost: localhost\r\n\r\n")
	must(t, err)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("it has not ended within 10 seconds")
	}
}

// heldBody reports its first read and then waits.
type heldBody struct {
	io.Reader
	reached, held chan struct{}
	n             int
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.n++; b.n == 1 {
		close(b.reached)
		<-b.held
	}
	return b.Reader.Read(p)
}

// TestSlowBody: a client that sends its body slowly holds nothing of the database, and there is a
// limit of such clients.
func TestSlowBody(t *testing.T) {
	db := openSQL(t, lsmlite.Config{})
	db.SetMaxOpenConns(1)
	h := inspect.Handler(db, inspect.Options{Write: true, Token: token, Limits: inspect.Limits{Bodies: 1}})
	post := func(resource string, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/debug/lsmlite/"+resource, body)
		r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for resource, text := range map[string]string{wire.Put + "?key=k": "v", wire.SQL: `{"sql": "SELECT 1"}`} {
		body := &heldBody{Reader: strings.NewReader(text), held: make(chan struct{}), reached: make(chan struct{})}
		done := make(chan *httptest.ResponseRecorder)
		go func() { done <- post(resource, body) }()
		<-body.reached
		idle(t, resource, db)
		second := post(resource, strings.NewReader(text))
		if second.Code != http.StatusServiceUnavailable || !strings.Contains(second.Body.String(), "limit Bodies: 1 at a time") {
			t.Errorf("a second %s: %d %s", resource, second.Code, second.Body)
		}
		close(body.held)
		if w := <-done; w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", resource, w.Code, w.Body)
		}
	}
}

// TestStalledBody: a body of which nothing comes any more ends the request.
func TestStalledBody(t *testing.T) {
	stalling := func(limit time.Duration) *site {
		return serve(t, inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{Write: true, Token: token,
			Limits: inspect.Limits{StallTime: limit}}))
	}
	s := stalling(50 * time.Millisecond)
	for _, head := range []string{"put?key=k HTTP/1.1\r\n", "signin HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"} {
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		must(t, err)
		defer conn.Close()
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(conn, "POST /debug/lsmlite/"+head+"Host: localhost\r\nAuthorization: Bearer "+token+
			"\r\nContent-Length: 100\r\n\r\ntoo little")
		must(t, err)
		raw, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(raw), "HTTP/1.1 4") {
			t.Errorf("%q: %v, %q", head, err, raw)
		}
		if strings.HasPrefix(head, wire.Put) && !strings.Contains(string(raw), "408 Request Timeout") {
			t.Errorf("put: %q", raw)
		}
	}
	// A body that goes on coming is taken, and the connection serves the next request.
	const patient = time.Second // pieces come faster than that, on any machine
	s = stalling(patient)
	bearer := header("Authorization", "Bearer "+token)
	for range 2 {
		s.want("a whole body", s.do(http.MethodPost, wire.Put+"?key=k", repeated("v", 1<<20), bearer), http.StatusOK, "found")
		time.Sleep(patient + 200*time.Millisecond)
	}
}
