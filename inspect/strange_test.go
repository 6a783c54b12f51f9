// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestStrangeRequests sends parameters of all kinds to all resources: each answer is one that the
// client has caused, in JSON, and none is a fault of the handler.
func TestStrangeRequests(t *testing.T) {
	db := openEngine(t, engine.Options{})
	putMany(t, db, 50)
	put(t, db, "", "empty", "\xff", "x", repeated("k", 3000), "long")
	must(t, db.Flush(t.Context()))
	h := inspect.Handler(db, inspect.Options{Write: true})
	names := []string{"key", "ref", "after", "prefix", "from", "find", "sep", "limit", "reverse", "n", "text", "since", "offset", "length",
		"download", "q", "explain", "dry_run", "code", "svg", "x"}
	values := []string{"", "0", "1", "-1", "3", "9223372036854775807", "9223372036854775808", "key/", "\xff\xff", "\x00", "a2tleS8", "pa2tleS8", "kaw", "bA", "é",
		"SELECT * FROM kv", "SELECT '", "PRAGMA page_dump(3)", "%", repeated("x", 2000), "<script>"}
	resources := []string{"", wire.Info, wire.Stats, wire.Structure, wire.Layout, wire.Scene, wire.Pins, wire.Log, wire.Page, wire.History, wire.Metrics,
		wire.Keys, wire.Tree, wire.Value, wire.SQL, wire.SignIn, "page.css", "..", "nothing"}
	rng := rand.New(rand.NewPCG(1, 2))
	statuses := make(map[int]int)
	for range 5000 {
		query := url.Values{}
		for range rng.IntN(4) {
			query.Set(names[rng.IntN(len(names))], values[rng.IntN(len(values))])
		}
		resource := resources[rng.IntN(len(resources))] + "?" + query.Encode()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, local(resource))
		statuses[w.Code]++
		if w.Code >= 500 {
			t.Errorf("%s: %d %s", resource, w.Code, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: not JSON: %.200s", resource, w.Body)
		}
		if w.Code >= 400 && !strings.Contains(w.Body.String(), `"message":`) {
			t.Errorf("%s: %d without a message: %.200s", resource, w.Code, w.Body)
		}
	}
	if statuses[http.StatusOK] < 1000 || statuses[http.StatusBadRequest] < 100 {
		t.Errorf("the statuses are %s", fmt.Sprint(statuses))
	}
}
