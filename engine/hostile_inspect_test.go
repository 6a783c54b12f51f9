// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// dropped is a response of which only the status is kept.
type dropped struct {
	header http.Header
	status int
}

func (d *dropped) Header() http.Header { return d.header }
func (d *dropped) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}
func (d *dropped) Write(p []byte) (int, error) { d.WriteHeader(http.StatusOK); return len(p), nil }

// serve serves a request as a server does, which knows one panic: a response that cannot be ended.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil && p != any(http.ErrAbortHandler) {
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
}

// inspectEverything asks the pages of package inspect for all that they have of a database.
func inspectEverything(t *testing.T, ctx context.Context, db *engine.DB) error {
	t.Helper()
	in := inspect.Handler(db, inspect.Options{})
	resources := []string{"", "info", "stats", "structure", "layout", "scene", "pins", "history", "keys", "keys?prefix=key&limit=1000",
		"keys?find=1&from=k", "tree", "tree?sep=0", "value?key=key003", "value?key=key00003&length=100", "sql?q=SELECT+count(*)+FROM+kv", "check", "backup", "log"}
	for _, n := range []int64{1, 2, 3, 9, 40, 300, 1 << 20, 1 << 40, 1 << 62} {
		resources = append(resources, fmt.Sprintf("page?n=%d", n))
	}
	served := 0
	for _, name := range resources {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/db/"+name, nil)
		r.RemoteAddr = "127.0.0.1:1234"
		w := &dropped{header: make(http.Header)}
		serve(in, w, r)
		if w.status == http.StatusOK {
			served++
		}
	}
	if served == 0 { // the page itself reads nothing of the database
		t.Error("the inspector serves nothing")
	}
	return ctx.Err()
}
