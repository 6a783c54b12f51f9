// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// byPlace returns arguments in their places.
func byPlace(values ...driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return args
}

// outcome runs a query and returns all of its rows, or its error, as text.
func outcome(query func() (*Rows, error)) (text string) {
	r, err := query()
	if err != nil {
		return err.Error()
	}
	dest := make([]driver.Value, len(r.Columns()))
	for err = r.Next(dest); err == nil; err = r.Next(dest) {
		text += fmt.Sprintf("%q\n", dest)
	}
	if err != io.EOF {
		text += err.Error()
	}
	if err := r.Close(); err != nil {
		text += err.Error()
	}
	return text
}

// TestPlainTexts runs texts the short way, where they and their arguments allow that, and the
// general way on a store of its own. Both must mean the same, and leave the same rows.
func TestPlainTexts(t *testing.T) {
	ctx := context.Background()
	named := func(name string, v driver.Value) []driver.NamedValue {
		return []driver.NamedValue{{Name: name, Ordinal: 1, Value: v}}
	}
	const put, get = "INSERT OR REPLACE INTO kv VALUES (?, ?)", "SELECT value FROM kv WHERE key = ?"
	calls := []struct {
		text  string
		args  []driver.NamedValue
		plain bool // of keys that are bytes
	}{
		{put, byPlace([]byte("a"), []byte("1")), true},
		{put, byPlace("b", "2"), true},
		{put, byPlace("", ""), true},
		{put, byPlace([]byte{}, []byte{}), true},
		{"REPLACE INTO kv(value, key) VALUES (?2, ?1)", byPlace("c", []byte("3")), true},
		{"INSERT INTO kv VALUES (:key, :value)", byPlace("d", "4"), true},
		{"INSERT INTO kv(value, key) VALUES (?, ?)", byPlace("value", "e"), false},
		{"INSERT INTO kv VALUES (?1, ?1)", byPlace("f"), false},
		{"INSERT INTO kv VALUES (?, 'constant')", byPlace("g"), false},
		{"INSERT INTO kv VALUES (?, upper(?))", byPlace("h", "x"), false},
		{"INSERT INTO kv VALUES (?, ?) RETURNING value", byPlace("i", "9"), false},
		{"INSERT OR IGNORE INTO kv VALUES (?, ?)", byPlace("a", "ignored"), false},
		{put + "; " + get, byPlace("j", "10", "j"), false},
		{put, byPlace(int64(5), []byte("integer")), false},
		{put, byPlace("k", 2.5), false},
		{put, byPlace("l", true), false},
		{put, byPlace("m", time.Unix(0, 0)), false},
		{put, byPlace([]byte(nil), "nil"), false},
		{put, byPlace("n", []byte(nil)), false},
		{put, byPlace("o"), false},
		{put, byPlace("o", "1", "2"), false},
		{put, []driver.NamedValue{{Ordinal: 2, Value: "p"}, {Ordinal: 1, Value: "q"}}, false},
		{"INSERT INTO kv VALUES ($k, $v)", []driver.NamedValue{{Name: "v", Ordinal: 1, Value: "11"}, {Name: "k", Ordinal: 2, Value: "r"}}, false},
		{"INSERT INTO kv VALUES ('s', '12')", nil, false},
		{get, byPlace("a"), true},
		{get, byPlace([]byte("b")), true},
		{get, byPlace("none"), true},
		{get, byPlace(""), true},
		{"SELECT key, value, key FROM kv WHERE key = :key", byPlace("c"), true},
		{"SELECT key FROM kv WHERE ? = key", byPlace("c"), true},
		{"SELECT key FROM kv WHERE key = ?2", byPlace("none", "c"), false},
		{"SELECT ?, value FROM kv WHERE key = ?1", byPlace("c"), false},
		{"SELECT 'constant' FROM kv WHERE key = ?", byPlace("c"), false},
		{"SELECT length(value) FROM kv WHERE key = ?", byPlace("c"), false},
		{"SELECT count(*) FROM kv WHERE key = ?", byPlace("c"), false},
		{"SELECT key FROM kv WHERE key = ? LIMIT 0", byPlace("c"), false},
		{"SELECT key FROM kv WHERE key = ? AND value != 'x'", byPlace("c"), false},
		{"SELECT key FROM kv WHERE key > ?", byPlace("c"), false},
		{"EXPLAIN " + get, byPlace("c"), false},
		{get, byPlace(int64(5)), false},
		{get, byPlace([]byte(nil)), false},
		{get, nil, false},
		{get, byPlace("a", "b"), false},
		{get, named("key", "a"), false},
		{"SELECT value FROM kv WHERE key = @key", named("key", "a"), false},
		{get, []driver.NamedValue{{Ordinal: 2, Value: "a"}}, false},
		{"SELECT key, value FROM kv", nil, false},
	}
	for _, settings := range []Settings{{}, {KeyType: Text, ValueType: Text}, {KeyType: Int64}, {ReadOnly: true}, {Deferred: true}} {
		keys := settings.KeyType
		short, general := new(Session), new(Session)
		for _, s := range []*Session{short, general} {
			s.Open(storetest.NewModel(nil), &Shared{}, settings, nil)
		}
		cache := parser.Cache{Keys: keys.Keys()}
		for pass := range 2 {
			if pass == 1 { // in a transaction
				for _, s := range []*Session{short, general} {
					if err := s.Begin(ctx, false); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, c := range calls {
				at := fmt.Sprintf("%+v: %s %v", settings, c.text, c.args)
				plans, err := cache.Get(c.text)
				if err != nil { // a type of keys refuses constants
					continue
				}
				_, _, pair := short.plainPair(plans, c.args)
				_, key := short.plainKey(plans, c.args)
				if got, want := pair || key, c.plain && !keys.numeric(); got != want {
					t.Errorf("%s: plain is %t, want %t", at, got, want)
				}
				if !key {
					n, err := short.Exec(ctx, plans, c.args)
					m, wantErr := general.execGeneral(ctx, plans, c.args)
					if n != m || fmt.Sprint(err) != fmt.Sprint(wantErr) {
						t.Errorf("%s: %d, %v; want %d, %v", at, n, err, m, wantErr)
					}
				}
				got := outcome(func() (*Rows, error) { return short.Query(ctx, plans, c.args) })
				want := outcome(func() (*Rows, error) { return general.queryGeneral(ctx, plans, c.args) })
				if got != want {
					t.Errorf("%s: %s, want %s", at, got, want)
				}
			}
		}
		for _, s := range []*Session{short, general} {
			if err := s.Commit(ctx); err != nil {
				t.Error(err)
			}
			if err := s.txn.store.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPlainRowsLeaveNothing: what a lookup has returned is not kept by the Rows that are used
// again, nor memory beyond the limit, nor its failure.
func TestPlainRowsLeaveNothing(t *testing.T) {
	ctx := context.Background()
	var s Session
	s.Open(storetest.NewModel(nil), &Shared{}, Settings{}, nil)
	var cache parser.Cache
	plans, err := cache.Get("SELECT key, value, key FROM kv WHERE key = ?")
	if err != nil {
		t.Fatal(err)
	}
	put, err := cache.Get("INSERT INTO kv VALUES (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(ctx, put, byPlace("long", make([]byte, maxKeptBytes+1))); err != nil {
		t.Fatal(err)
	}
	r, err := s.Query(ctx, plans, byPlace("long"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Next(make([]driver.Value, 3)); err != nil || !r.plain {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil || s.spare != r {
		t.Fatal("the rows are not kept", err)
	}
	if r.plain || r.plan != nil || r.ctx != nil || r.source != sourceNone || r.limit != 0 || cap(r.valueBytes) > maxKeptBytes ||
		slices.ContainsFunc(append(r.boxes.few[:], r.boxes.many...), func(b []byte) bool { return b != nil }) {
		t.Errorf("rows that are closed hold %+v", r)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Query(canceled, plans, byPlace("long")); err != context.Canceled {
		t.Errorf("a canceled lookup: %v", err)
	}
	if s.spare != r || r.failed || r.plain {
		t.Errorf("after a failure: kept %t, failed %t, plain %t", s.spare == r, r.failed, r.plain)
	}
	if err := s.txn.store.Close(); err != nil {
		t.Error(err)
	}
}
