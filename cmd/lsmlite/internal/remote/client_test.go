// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

const token = "a-token-that-nobody-guesses"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve opens a database and serves it.
func serve(t *testing.T, o inspect.Options) (*engine.DB, *httptest.Server) {
	t.Helper()
	db, err := engine.Open(t.Context(), filepath.Join(t.TempDir(), "my.lsm"), engine.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Update(t.Context(), func(tx *engine.Tx) error {
		for i := range 2500 {
			if err := tx.Put(fmt.Appendf(nil, "key/%04d", i), fmt.Appendf(nil, "value %d", i)); err != nil {
				return err
			}
		}
		return tx.Put([]byte("\xff\x00&="), bytes.Repeat([]byte("long"), 1<<20))
	}))
	must(t, db.Flush(t.Context()))
	mux := http.NewServeMux()
	mux.Handle("/debug/lsmlite/", inspect.Handler(db, o))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return db, server
}

func client(t *testing.T, address, token string) *remote.Client {
	t.Helper()
	c, err := remote.New(address, token)
	must(t, err)
	return c
}

// TestReading compares what the client reads with what the database itself returns.
func TestReading(t *testing.T) {
	db, server := serve(t, inspect.Options{})
	ctx := t.Context()
	c := client(t, server.URL+"/debug/lsmlite", "")
	info, err := c.Info(ctx)
	must(t, err)
	stats, err := c.Stats(ctx)
	must(t, err)
	structure, err := c.Structure(ctx)
	must(t, err)
	layout, err := c.Layout(ctx)
	must(t, err)
	pins, err := c.Pins(ctx)
	must(t, err)
	log, err := c.Log(ctx)
	must(t, err)
	if info.Path != db.Path() || stats.FileBytes != db.Stats().FileBytes || stats.Segments != 1 || len(structure.Levels) != 1 ||
		len(layout.Segments) != 1 || len(pins.Pins) != 0 || log.LogBytes != db.Stats().LogBytes {
		t.Errorf("%+v\n%+v\n%+v\n%+v\n%+v", info, stats, structure, layout, log)
	}
	page, err := c.Page(ctx, structure.Levels[0].Segments[0].First)
	must(t, err)
	if string(page.Cells[0].Key.Data) != "key/0000" {
		t.Errorf("%+v", page)
	}
}

func TestRows(t *testing.T) {
	_, server := serve(t, inspect.Options{})
	ctx := t.Context()
	c := client(t, server.URL+"/debug/lsmlite/", "")
	var value bytes.Buffer
	found, err := c.Get(ctx, []byte("\xff\x00&="), &value)
	if err != nil || !found || value.String() != strings.Repeat("long", 1<<20) {
		t.Errorf("%v, %v, %d bytes", found, err, value.Len())
	}
	if found, err = c.Get(ctx, []byte("none"), io.Discard); found || err != nil {
		t.Errorf("no such key: %v, %v", found, err)
	}
	count := func(r remote.Range) (n int, first, last string) {
		for row, err := range c.Keys(ctx, r) {
			must(t, err)
			if last = string(row.Key.Data); n == 0 {
				first = last
			}
			n++
		}
		return n, first, last
	}
	if n, first, last := count(remote.Range{}); n != 2501 || first != "key/0000" || last != "\xff\x00&=" {
		t.Errorf("%d keys from %q to %q", n, first, last)
	}
	if n, first, last := count(remote.Range{Prefix: []byte("key/1"), Reverse: true}); n != 1000 || first != "key/1999" || last != "key/1000" {
		t.Errorf("%d keys from %q to %q", n, first, last)
	}
	if n, _, _ := count(remote.Range{From: []byte("key/2400"), Find: []byte("9")}); n != 19 {
		t.Errorf("%d keys", n)
	}
	for row, err := range c.Keys(ctx, remote.Range{Prefix: []byte("\xff")}) {
		must(t, err)
		value.Reset()
		if found, err := c.Value(ctx, row, &value); !found || err != nil || value.Len() != row.ValueLen || value.Len() != 4<<20 {
			t.Errorf("%v, %v, %d of %d bytes", found, err, value.Len(), row.ValueLen)
		}
	}
}

func TestSQL(t *testing.T) {
	_, server := serve(t, inspect.Options{})
	c := client(t, server.URL+"/debug/lsmlite/", "")
	m, err := c.SQL(t.Context(), wire.SQLRequest{SQL: "SELECT count(*) FROM kv"})
	must(t, err)
	if m.Error != nil || m.Statements[0].Rows[0][0].V != int64(2501) {
		t.Errorf("%+v", m)
	}
	m, err = c.SQL(t.Context(), wire.SQLRequest{SQL: "SELECT 1; DELETE FROM kv"})
	must(t, err)
	if m.Error == nil || m.Error.Code != int(engine.CodeReadOnly) || len(m.Statements) != 2 {
		t.Errorf("%+v", m)
	}
}

func TestWriting(t *testing.T) {
	for name, o := range map[string]inspect.Options{"local": {Write: true}, "token": {Write: true, Token: token}, "reads only": {}} {
		t.Run(name, func(t *testing.T) {
			db, server := serve(t, o)
			c := client(t, server.URL+"/debug/lsmlite/", o.Token)
			err := c.Put(t.Context(), []byte("a"), []byte("1"))
			if !o.Write {
				if env.CodeOf(err) != env.Refused {
					t.Errorf("%v", err)
				}
				return
			}
			must(t, err)
			if v, _, _ := db.Get(nil, []byte("a")); string(v) != "1" {
				t.Errorf("%q", v)
			}
			must(t, c.Delete(t.Context(), []byte("a")))
			if _, found, _ := db.Get(nil, []byte("a")); found {
				t.Error("it is still there")
			}
		})
	}
}

func TestBackupAndCheck(t *testing.T) {
	_, server := serve(t, inspect.Options{Token: token})
	c := client(t, server.URL+"/debug/lsmlite/", token)
	path := filepath.Join(t.TempDir(), "copy.lsm")
	f, err := os.Create(path)
	must(t, err)
	reported := int64(0)
	must(t, c.Backup(t.Context(), f, func(n int64) { reported = n }))
	must(t, f.Close())
	info, err := os.Stat(path)
	must(t, err)
	if reported != info.Size() {
		t.Errorf("%d bytes of %d were reported", reported, info.Size())
	}
	db, err := engine.Open(t.Context(), path, engine.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	for p := range db.Check(t.Context()) {
		t.Error(p)
	}
	for p, err := range c.Check(t.Context()) {
		t.Errorf("a sound database: %v, %v", p, err)
	}
}

// TestErrors: each way to fail has an exit code and says what to do.
func TestErrors(t *testing.T) {
	_, server := serve(t, inspect.Options{Token: token})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{") }))
	defer strange.Close()
	for _, c := range []struct {
		address, token string
		code           env.Code
		text           string
	}{
		{server.URL + "/debug/lsmlite/", "", env.CannotOpen, remote.TokenVariable},
		{server.URL + "/debug/lsmlite/", "wrong", env.CannotOpen, "the token is wrong"},
		{server.URL + "/elsewhere/", token, env.CannotOpen, "not the address of an inspect handler"},
		{gone.URL, "", env.CannotOpen, "cannot be reached"},
		{other.URL, "", env.CannotOpen, "answers with 404"},
		{strange.URL, "", env.CannotOpen, "not the address of an inspect handler"},
	} {
		_, err := client(t, c.address, c.token).Stats(t.Context())
		if env.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: %v (code %d), want %q (code %d)", c.address, err, env.CodeOf(err), c.text, c.code)
		}
	}
	for _, address := range []string{"", "my.lsm", "ftp://x/", "http://", "::"} {
		if _, err := remote.New(address, ""); env.CodeOf(err) != env.Usage {
			t.Errorf("%q: %v", address, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, server.URL, "").Stats(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := client(t, server.URL+"/debug/lsmlite/", token).Put(t.Context(), []byte("k"), nil); env.CodeOf(err) != env.Refused {
		t.Errorf("a handler that reads only: %v", err)
	}
}

// TestCutOff: a stream that ends early is an error, and never a copy or a sound database.
func TestCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, `{"problem":null,"problems":0,"time":1,"done":false}`)
	}))
	defer server.Close()
	c := client(t, server.URL, "")
	if err := c.Backup(t.Context(), io.Discard, nil); env.CodeOf(err) != env.IO || !strings.Contains(err.Error(), "before it was complete") {
		t.Errorf("a copy: %v", err)
	}
	n := 0
	for _, err := range c.Check(t.Context()) {
		n++
		if env.CodeOf(err) != env.IO {
			t.Errorf("a check: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("the check has yielded %d times", n)
	}
}
