// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

func TestStatements(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "a", "1", "b", "2", "\xff", "\x00")
	s := serve(t, inspect.Handler(db, inspect.Options{Write: true}))
	s.visit()
	for _, c := range []struct{ text, want string }{
		{"SELECT key, value, length(value), 1.5 FROM kv", `[["a","1",1,1.5],["b","2",1,1.5],[{"hex":"ff","len":1},"\u0000",1,1.5]]`},
		{"SELECT 9223372036854775807, 9007199254740991, 2.0", `[[{"int":"9223372036854775807"},9007199254740991,2.0]]`},
		{"SELECT count(*), min(key) FROM kv WHERE key = 'none'", `[[0,null]]`},
		{"PRAGMA mode", `[["rwc"]]`},
		{"EXPLAIN SELECT count(*) WHERE key = 'a' AND key = 'b'", `[[1,"count","forward, keys only",""]]`},
		{"SELECT key WHERE key = 'none'", `[]`},
		{"INSERT INTO kv VALUES ('c', '3') RETURNING key || '!'", `[["c!"]]`},
		{"SELECT 1; BEGIN; DELETE FROM kv WHERE key = 'c'; COMMIT", `[[1]]`},
	} {
		text, want := c.text, c.want
		m, status := s.postSQL(text)
		if m.Error != nil || status != http.StatusOK {
			t.Errorf("%s: %d %+v", text, status, m.Error)
			continue
		}
		rows, err := wire.Marshal(m.Statements[0].Rows)
		must(t, err)
		if string(rows) != want {
			t.Errorf("%s: %s, want %s", text, rows, want)
		}
	}
	m, _ := s.postSQL("UPDATE kv SET value = value + 1 WHERE key < 'c'; SELECT value FROM kv WHERE key = 'a'")
	if len(m.Statements) != 2 || m.Statements[0].Affected != 2 || string(m.Statements[1].Rows[0][0].V.(wire.Bytes).Data) != "2" {
		t.Errorf("%+v", m)
	}
	if steps := m.Statements[1].Explain; len(steps) == 0 || !strings.Contains(fmt.Sprint(steps), "'a'") && !strings.Contains(fmt.Sprintf("%s", steps), "61") {
		t.Errorf("the steps of a SELECT: %+v", steps)
	}
	// Without a COMMIT nothing is written, and that is not passed over in silence.
	m, _ = s.postSQL("BEGIN; DELETE FROM kv")
	if !strings.Contains(m.Note, "rolled back") {
		t.Errorf("an open transaction: %+v", m)
	}
	s.want("after it", s.get(wire.SQL+query("q", "SELECT count(*)")), http.StatusOK, "[[3]]")
	// A dry run shows the steps alone.
	a := s.get(wire.SQL + query("q", "SELECT key FROM kv", "explain", "1", "dry_run", "1"))
	s.want("a dry run", a, http.StatusOK, `"rows":[]`)
	s.want("a dry run", a, http.StatusOK, `"interval"`)
}

// TestErrorsOfStatements: what has run before the error is there, and the error has its place in
// the whole text.
func TestErrorsOfStatements(t *testing.T) {
	s := serve(t, inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{Write: true}))
	s.visit()
	m, status := s.postSQL("SELECT 1; SELEC 2")
	if status != http.StatusBadRequest || len(m.Statements) != 0 || m.Error.Offset != 10 || m.Error.Code != int(engine.CodeSyntax) {
		t.Errorf("%d %+v", status, m.Error)
	}
	m, status = s.postSQL("SELECT 1; INSERT OR ABORT INTO kv VALUES ('a', 1), ('a', 2); SELECT 3")
	if status != http.StatusConflict || len(m.Statements) != 2 || m.Statements[1].Error == nil || m.Error.Code != int(engine.CodeConstraint) {
		t.Errorf("%d %+v", status, m)
	}
	m, status = s.postSQL("SELECT 1; SELECT nobody FROM kv")
	if status != http.StatusBadRequest || m.Error.Offset != 17 || !strings.Contains(m.Error.Message, "no such column") {
		t.Errorf("%d %+v", status, m.Error)
	}
	if m, status = s.postSQL("SELECT ?"); status != http.StatusBadRequest {
		t.Errorf("a parameter: %d %+v", status, m)
	}
	if m, status = s.postSQL(" -- nothing"); status != http.StatusOK || len(m.Statements) != 0 {
		t.Errorf("no statement: %d %+v", status, m)
	}
	json := header("Content-Type", "application/json")
	s.want("no JSON", s.do(http.MethodPost, wire.SQL, "{", json), http.StatusBadRequest, "the body")
}

// TestLimitsOfStatements: each limit has its name in what it causes.
func TestLimitsOfStatements(t *testing.T) {
	db := openEngine(t, engine.Options{})
	putMany(t, db, 3000)
	put(t, db, "long", repeated("x", 10_000))
	limited := func(l inspect.Limits) *site {
		s := serve(t, inspect.Handler(db, inspect.Options{Write: true, Limits: l}))
		s.visit()
		return s
	}
	m, _ := limited(inspect.Limits{}).postSQL("SELECT key FROM kv; SELECT count(*) FROM kv")
	if m.Statements[0].Cut != "rows" || len(m.Statements[0].Rows) != inspect.DefaultRows || m.Statements[1].Cut != "" {
		t.Errorf("%d rows, cut by %q", len(m.Statements[0].Rows), m.Statements[0].Cut)
	}
	m, _ = limited(inspect.Limits{Rows: 7}).postSQL("DELETE FROM kv WHERE key GLOB 'key/0000*' RETURNING key")
	if n := m.Statements[0]; n.Cut != "rows" || len(n.Rows) != 7 {
		t.Errorf("%d rows, cut by %q", len(n.Rows), n.Cut)
	}
	if m, _ = limited(inspect.Limits{}).postSQL("SELECT count(*) FROM kv"); m.Statements[0].Rows[0][0].V != int64(2901) {
		t.Errorf("after a DELETE whose rows were cut: %+v", m.Statements[0].Rows)
	}
	m, _ = limited(inspect.Limits{ResponseBytes: 2000}).postSQL("SELECT key FROM kv")
	if n := m.Statements[0]; n.Cut != "bytes" || len(n.Rows) < 150 || len(n.Rows) > 200 {
		t.Errorf("%d rows of 10 bytes, with their steps, cut by %q", len(n.Rows), n.Cut)
	}
	m, _ = limited(inspect.Limits{CellBytes: 100}).postSQL("SELECT value FROM kv WHERE key = 'long'")
	if b := m.Statements[0].Rows[0][0].V.(wire.Bytes); len(b.Data) != 100 || b.Len != 10_000 {
		t.Errorf("%d bytes of %d", len(b.Data), b.Len)
	}
	m, status := limited(inspect.Limits{StatementTime: time.Nanosecond}).postSQL("SELECT count(*) FROM kv WHERE value GLOB '*x'")
	if status != http.StatusGatewayTimeout || !strings.Contains(m.Error.Message, "StatementTime") {
		t.Errorf("%d %+v", status, m.Error)
	}
	s := limited(inspect.Limits{BodyBytes: 100})
	s.want("a long text", s.do(http.MethodPost, wire.SQL, `{"sql":"`+repeated(" ", 100)+`"}`, header("Content-Type", "application/json")),
		http.StatusRequestEntityTooLarge, "limit BodyBytes")
	s.want("a long value", s.do(http.MethodPost, wire.Put+"?key=k", repeated("x", 101)), http.StatusRequestEntityTooLarge, "limit BodyBytes")
	s = limited(inspect.Limits{Rows: 10})
	s.want("many keys", s.get(wire.Keys+"?limit=11"), http.StatusBadRequest, "from 1 to 10")
	keys := read[wire.KeysMessage](limited(inspect.Limits{ScanRows: 50}), wire.Keys+"?find=none")
	if keys.More != "scan" || keys.Scanned != 50 || keys.Next == "" {
		t.Errorf("%+v", keys)
	}
	keys = read[wire.KeysMessage](limited(inspect.Limits{ResponseBytes: 100}), wire.Keys)
	if keys.More != "bytes" || len(keys.Keys) > 10 || keys.Next == "" {
		t.Errorf("%d keys, %q", len(keys.Keys), keys.More)
	}
	s = limited(inspect.Limits{StatementTime: time.Nanosecond})
	for _, resource := range []string{wire.Keys, wire.Tree, wire.Value + "?key=long"} {
		s.want("no time for "+resource, s.get(resource), http.StatusGatewayTimeout, "limit StatementTime")
	}
}

// TestWriterIsBusy: an edit waits for the writer's turn, but not forever.
func TestWriterIsBusy(t *testing.T) {
	db := openEngine(t, engine.Options{})
	s := serve(t, inspect.Handler(db, inspect.Options{Write: true, Limits: inspect.Limits{StatementTime: 50 * time.Millisecond}}))
	s.visit()
	tx, err := db.Begin(t.Context())
	must(t, err)
	a := s.do(http.MethodPost, wire.Put+"?key=k", "v")
	s.want("put", a, http.StatusServiceUnavailable, "writer's turn")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if m, status := s.postSQL("INSERT INTO kv VALUES ('k', 'v')"); status != http.StatusGatewayTimeout {
		t.Errorf("a statement: %d %+v", status, m)
	}
	must(t, tx.Rollback())
	s.want("then", s.do(http.MethodPost, wire.Put+"?key=k", "v"), http.StatusOK, `"found":false`)
	s.want("and again", s.do(http.MethodPost, wire.Put+"?key=k", "w"), http.StatusOK, `"found":true`)
	s.want("deleted", s.do(http.MethodPost, wire.Delete+"?key=k", ""), http.StatusOK, `"found":true`)
	s.want("deleted", s.do(http.MethodPost, wire.Delete+"?key=k", ""), http.StatusOK, `"found":false`)
}

// TestPool: of a *sql.DB the handler takes connections, one for each request.
func TestPool(t *testing.T) {
	db := openSQL(t, lsmlite.Config{KeyType: lsmlite.TypeInt64, ValueType: lsmlite.TypeText})
	_, err := db.Exec("INSERT INTO kv VALUES (7, 'seven')")
	must(t, err)
	s := serve(t, inspect.Handler(db, inspect.Options{Write: true}))
	s.visit()
	m, _ := s.postSQL("SELECT key, value FROM kv WHERE key = 7; PRAGMA key_type")
	rows, err := wire.Marshal(m.Statements[0].Rows)
	must(t, err)
	if string(rows) != `[[7,"seven"]]` {
		t.Errorf("%s", rows)
	}
	// What a statement sets for its connection is not the program's.
	s.postSQL("PRAGMA value_type = blob; PRAGMA count_deletes = off")
	var kind string
	must(t, db.QueryRow("PRAGMA value_type").Scan(&kind))
	if kind != "text" {
		t.Errorf("value_type of the program's connections is %s", kind)
	}
	if open := db.Stats().InUse; open != 0 {
		t.Errorf("%d connections are still in use", open)
	}
}

func TestPoolWithoutConnections(t *testing.T) {
	db := openSQL(t, lsmlite.Config{})
	db.SetMaxOpenConns(1)
	s := serve(t, inspect.Handler(db, inspect.Options{Limits: inspect.Limits{ConnectionTime: 50 * time.Millisecond}}))
	s.want("with a free one", s.get(wire.Stats), http.StatusOK, "commits")
	conn, err := db.Conn(t.Context())
	must(t, err)
	s.want("without", s.get(wire.Stats), http.StatusServiceUnavailable, "limit ConnectionTime")
	must(t, conn.Close())
	s.want("with it again", s.get(wire.Stats), http.StatusOK, "commits")
}
