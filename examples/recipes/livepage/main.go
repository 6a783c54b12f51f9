// SPDX-License-Identifier: Apache-2.0

// Livepage serves a page that shows the rows of a table as they change, from a cache in memory that what is committed
// keeps up to date.
//
//	go run -C examples/recipes ./livepage
//
// With an address it serves the page there:
//
//	go run -C examples/recipes ./livepage localhost:8080
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// items is a cache of the rows whose keys begin with item/.
type items struct {
	mu      sync.Mutex
	rows    map[string]string
	changed chan struct{} // closed when they change
}

// follow keeps the cache up to date until ctx ends. It calls ready once it holds all rows.
func (c *items) follow(ctx context.Context, db *sql.DB, ready func()) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(dc any) error {
		// First watch, then read: nothing is missed in between.
		events := dc.(lsmlite.Conn).Engine().Watch(ctx, engine.PrefixRange([]byte("item/")), 1000)
		if err := c.load(ctx, db); err != nil {
			return err
		}
		ready()
		for e := range events {
			long := e.Kind == engine.OpPut && e.Value == nil && e.ValueLen > 0 // which the event does not hold
			if e.Resync || long {                                              // too much has happened at once
				if err := c.load(ctx, db); err != nil {
					return err
				}
				continue
			}
			c.change(func(rows map[string]string) {
				switch e.Kind {
				case engine.OpPut:
					rows[string(e.Key)] = string(e.Value)
				case engine.OpDelete:
					delete(rows, string(e.Key))
				case engine.OpDeleteRange:
					maps.DeleteFunc(rows, func(key, _ string) bool { return e.Deleted.Contains([]byte(key)) })
				}
			})
		}
		return ctx.Err()
	})
}

// load reads all rows.
func (c *items) load(ctx context.Context, db *sql.DB) error {
	found, err := db.QueryContext(ctx, "SELECT key, value FROM kv WHERE key GLOB 'item/*'")
	if err != nil {
		return err
	}
	defer found.Close()
	read := make(map[string]string)
	for found.Next() {
		var key, value string
		if err := found.Scan(&key, &value); err != nil {
			return err
		}
		read[key] = value
	}
	if err := found.Err(); err != nil {
		return err
	}
	c.change(func(rows map[string]string) {
		clear(rows)
		maps.Copy(rows, read)
	})
	return nil
}

// change changes the rows, and wakes those who show them.
func (c *items) change(f func(map[string]string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.rows)
	close(c.changed)
	c.changed = make(chan struct{})
}

// show returns the rows in one line, and a channel that is closed when they change.
func (c *items) show() (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, key := range slices.Sorted(maps.Keys(c.rows)) {
		list = append(list, strings.TrimPrefix(key, "item/")+"="+c.rows[key])
	}
	return strings.Join(list, " "), c.changed
}

// events sends the rows to a browser, again whenever they change: these are server-sent events.
func (c *items) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		rows, changed := c.show()
		fmt.Fprintf(w, "data: %s\n\n", strings.NewReplacer("\n", " ", "\r", " ").Replace(rows))
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

const page = `<!DOCTYPE html><title>Items</title><p id="items"></p>
<script>new EventSource("events").onmessage = e => { document.getElementById("items").textContent = e.data }</script>`

// handler serves the page and its events.
func (c *items) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, page)
	})
	return mux
}

func run(ctx context.Context, dir string, out io.Writer, addr ...string) error {
	db, err := sql.Open("lsmlite", filepath.Join(dir, "items.lsm")+"?changes=1024")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('item/apples', '3')"); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	cache := &items{rows: make(map[string]string), changed: make(chan struct{})}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- cache.follow(ctx, db, func() { close(ready) }) }()
	defer func() {
		stop()
		<-ended
	}()
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		return err
	}
	if len(addr) > 0 {
		return http.ListenAndServe(addr[0], cache.handler())
	}
	return demo(ctx, db, cache, out)
}

// demo is a browser, and a program that changes the rows.
func demo(ctx context.Context, db *sql.DB, cache *items, out io.Writer) error {
	server := httptest.NewServer(cache.handler())
	defer server.Close()
	req, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/events", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for _, step := range []struct{ statement, want string }{
		{"", "apples=3"},
		{"INSERT INTO kv VALUES ('item/pears', '5'), ('other', '1')", "apples=3 pears=5"},
		{"INSERT OR REPLACE INTO kv VALUES ('item/apples', '2')", "apples=2 pears=5"},
		{"DELETE FROM kv WHERE key >= 'item/b'", "apples=2"},
	} {
		if step.statement != "" {
			if _, err := db.ExecContext(ctx, step.statement); err != nil {
				return err
			}
		}
		for lines.Scan() && lines.Text() != "data: "+step.want {
		}
		fmt.Fprintf(out, "%-60s %s\n", step.statement, strings.TrimPrefix(lines.Text(), "data: "))
	}
	return lines.Err()
}

func main() {
	dir, err := os.MkdirTemp("", "livepage")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout, os.Args[1:]...)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
