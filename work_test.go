// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// tally counts what is asked of a store.
type tally map[string]int

func (n tally) String() string {
	var list []string
	for _, op := range slices.Sorted(maps.Keys(n)) {
		list = append(list, fmt.Sprintf("%s %d", op, n[op]))
	}
	return strings.Join(list, ", ")
}

// TestWork counts what statements ask of the store that holds a thousand rows: a move for
// each place that a cursor goes to (a step over an end that does not belong to a range is
// the store's own), a get for each lookup, a length for each that loads no value, a value
// for each value loaded by a cursor. Where a short value is loaded and a long one is not yet, that is
// a length and a get.
func TestWork(t *testing.T) {
	tests := []struct {
		settings, text string
		want           string
	}{
		// Points.
		{"", "SELECT value WHERE key = '0500'", "get 1"},
		{"", "SELECT value WHERE key = '0500' AND value != ''", "get 1"},
		{"", "SELECT key WHERE key = '0500'", "length 1"},
		{"", "SELECT key, length(value) WHERE key = '0500' AND length(value) < 9", "length 1"},
		{"", "SELECT value WHERE key = '0500' AND length(value) > 9", "get 1, length 1"},
		{"", "SELECT value WHERE key = '0500' AND length(value) < 9", "get 1, length 1"},
		{"", "SELECT value WHERE key IN ('0500', '0501', 'x')", "cursor 1, move 3, value 2"},
		// Intervals: one move beyond each.
		{"", "SELECT key WHERE key BETWEEN '0100' AND '0104'", "cursor 1, move 5"},
		{"", "SELECT key WHERE key < '0003' OR key > '0996'", "cursor 1, move 8"},
		{"", "SELECT key WHERE key GLOB '012*'", "cursor 1, move 11"},
		{"", "SELECT key WHERE NOT (key >= '0003' AND key <= '0996')", "cursor 1, move 8"},
		{"", "SELECT key WHERE key > '0100' AND key < '0104' AND value != 'x'", "cursor 1, move 4"},
		{"", "SELECT key WHERE key > '0100' AND key < '0104' AND value != '103'", "cursor 1, move 4, value 3"},
		{"", "SELECT key WHERE key > '0100' AND key < '0104' AND value > 'x'", "cursor 1, move 4, value 3"},
		{"", "SELECT key, length(value) WHERE key < '0003' AND length(value) < 9", "cursor 1, move 4"},
		// An empty set reads nothing.
		{"", "SELECT * WHERE key > 'b' AND key < 'a'", ""},
		{"", "SELECT count(*) WHERE 1 = 2", ""},
		{"", "SELECT * LIMIT 0", ""},
		{"", "SELECT 1", ""},
		{"", "DELETE WHERE key > 'b' AND key < 'a'", ""},
		{"", "UPDATE kv SET value = 'x' WHERE key IN ()", ""},
		{"", "EXPLAIN DELETE", ""},
		// LIMIT stops the cursor.
		{"", "SELECT key LIMIT 3", "cursor 1, move 3"},
		{"", "SELECT key ORDER BY key DESC LIMIT 1", "cursor 1, move 1"},
		{"", "SELECT key WHERE key > '0500' ORDER BY key DESC LIMIT 2 OFFSET 1", "cursor 1, move 3"},
		// Aggregates, and values that nobody mentions.
		{"", "SELECT count(*)", "cursor 1, move 1001"},
		{"", "SELECT min(key), max(key)", "cursor 1, move 2"},
		{"", "SELECT min(key), max(key) WHERE key > '0100' AND key < '0200'", "cursor 1, move 2"},
		{"", "SELECT max(key) WHERE value > ''", "cursor 1, move 1, value 1"},
		{"", "SELECT key || '!' WHERE key LIKE '%9' LIMIT 1", "cursor 1, move 10"},
		{"", "SELECT key, value LIMIT 2", "cursor 1, move 2, value 2"},
		// INSERT reads nothing unless it has to.
		{"", "INSERT INTO kv VALUES ('0500', 'x')", "begin 1, commit 1, put 1"},
		{"", "INSERT INTO kv VALUES ('a', 1), ('b', 2), ('a', 3)", "begin 1, commit 1, put 3"},
		{"", "INSERT OR IGNORE INTO kv VALUES ('0500', 'x')", "begin 1, commit 1, length 1"},
		{"", "INSERT OR ABORT INTO kv VALUES ('a', 'x')", "begin 1, commit 1, length 1, put 1"},
		{"", "INSERT INTO kv VALUES ('a', 'x') ON CONFLICT DO UPDATE SET value = 1", "begin 1, commit 1, length 1, put 1"},
		{"", "UPDATE kv SET value = 'x' WHERE key IN ('0003', '0005', 'x')", "begin 1, commit 1, cursor 1, move 3, put 2"},
		{"", "SELECT count(*) WHERE key IN ('0003', '0005', 'x')", "cursor 1, move 3"},
		{"", "SELECT key WHERE key IN ('0003', '0005', 'x') ORDER BY key DESC", "cursor 1, move 3"},
		{"", "INSERT INTO kv VALUES ('0500', 'x') ON CONFLICT DO NOTHING", "begin 1, commit 1, length 1"},
		{"", "INSERT INTO kv VALUES ('0500', 'x') ON CONFLICT DO UPDATE SET value = excluded.value", "begin 1, commit 1, length 1, put 1"},
		{"", "INSERT INTO kv VALUES ('0500', 'x') ON CONFLICT DO UPDATE SET value = length(value)", "begin 1, commit 1, length 1, put 1"},
		{"", "INSERT INTO kv VALUES ('0500', 'x') ON CONFLICT DO UPDATE SET value = value + 1", "begin 1, commit 1, get 1, put 1"},
		// UPDATE that does not mention the value does not load it.
		{"", "UPDATE kv SET value = 'x' WHERE key < '0003'", "begin 1, commit 1, cursor 1, move 4, put 3"},
		{"", "UPDATE kv SET value = value + 1 WHERE key < '0003'", "begin 1, commit 1, cursor 1, move 4, put 3, value 3"},
		{"", "UPDATE kv SET value = value + 1 WHERE key = '0003'", "begin 1, commit 1, get 1, put 1"},
		{"", "UPDATE kv SET value = 'x' WHERE key = '0003'", "begin 1, commit 1, length 1, put 1"},
		{"", "UPDATE kv SET value = value + 1 WHERE key = '0003' AND length(value) > 9", "begin 1, commit 1, get 1, length 1"},
		// DELETE of intervals: a few records however many keys, after counting them.
		{"", "DELETE", "begin 1, commit 1, cursor 1, delete 1, delete range 1, move 1001"},
		{"", "DELETE WHERE key > '0003' AND key < '0990'", "begin 1, commit 1, cursor 1, delete range 1, move 987"},
		{"", "DELETE WHERE key >= '0003' AND key <= '0990'", "begin 1, commit 1, cursor 1, delete 1, delete range 1, move 988"},
		{"", "DELETE WHERE key BETWEEN '0003' AND '0003x'", "begin 1, commit 1, cursor 1, delete 1, delete range 1, move 2"},
		{"", "DELETE WHERE key BETWEEN 'x' AND 'y'", "begin 1, commit 1, cursor 1, move 1"},
		{"", "DELETE WHERE key IN ('0003', 'x') OR key > '0995'", "begin 1, commit 1, cursor 1, delete 1, delete range 1, move 6"},
		{"", "DELETE WHERE key = '0003'", "begin 1, commit 1, delete 1, length 1"},
		{"", "DELETE WHERE key = 'x'", "begin 1, commit 1, length 1"},
		{"", "DELETE WHERE key = '0003' RETURNING key, length(value)", "begin 1, commit 1, delete 1, length 1"},
		{"", "DELETE WHERE key = '0003' RETURNING value", "begin 1, commit 1, delete 1, get 1"},
		{"", "DELETE WHERE key < '0003' RETURNING key", "begin 1, commit 1, cursor 1, delete 3, move 4"},
		{"", "DELETE WHERE value = '1'", "begin 1, commit 1, cursor 1, delete 1, move 1001, value 10"},
		// Without counting, an interval is not read; single keys are counted anyway.
		{"count_deletes=off", "DELETE WHERE key > '0003' AND key < '0990'", "begin 1, commit 1, delete range 1"},
		{"count_deletes=off", "DELETE WHERE key >= '0003' AND key <= '0990'", "begin 1, commit 1, delete 1, delete range 1"},
		{"count_deletes=off", "DELETE", "begin 1, commit 1, cursor 1, delete 1, delete range 1, move 1"},
		{"count_deletes=off", "DELETE WHERE key = '0003'", "begin 1, commit 1, delete 1, length 1"},
		{"count_deletes=off", "DELETE WHERE key IN ('0003', '0005', 'x')", "begin 1, commit 1, cursor 1, delete 2, move 3"},
	}
	for _, tt := range tests {
		t.Run(tt.settings+" "+tt.text, func(t *testing.T) {
			wantWork(t, tt.settings, thousandRows, tt.text, tt.want)
		})
	}
}

// wantWork runs text on the rows that are put into a store, and compares what it asks of it.
func wantWork(t *testing.T, settings string, put func(*testing.T, session), text, want string) {
	t.Helper()
	n := tally{}
	cfg, err := lsmlite.ParseDSN(":memory:?" + settings)
	if err != nil {
		t.Fatal(err)
	}
	db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(cfg, func(op string) error {
		n[op]++
		return nil
	})))
	conn := connect(t, db)
	put(t, conn)
	clear(n)
	if _, err := ask(conn, text); err != nil {
		t.Fatal(err)
	}
	if got := n.String(); got != want {
		t.Errorf("%s\n asks for %s\n not      %s", text, got, want)
	}
}

// TestWorkOnOneLongValue: from 4 KiB on, a cursor loads the value of a single key, when it is needed.
func TestWorkOnOneLongValue(t *testing.T) {
	put := func(t *testing.T, s session) {
		exec(t, s, "INSERT INTO kv VALUES ('long', ?), ('short', ?)", make([]byte, 4096), make([]byte, 4095))
	}
	for _, tt := range []struct{ text, want string }{
		{"SELECT value WHERE key = 'long' AND length(value) < 9", "cursor 1, length 1, move 1"},
		{"SELECT value WHERE key = 'long' AND length(value) > 9", "cursor 1, length 1, move 1, value 1"},
		{"SELECT value WHERE key = 'short' AND length(value) < 9", "get 1, length 1"},
		{"SELECT value WHERE key = 'none' AND length(value) < 9", "length 1"},
		{"SELECT substr(value, 1, 2) WHERE key = 'long'", "cursor 1, length 1, move 1, value 1"},
		{"SELECT substr(value, 1, 2) WHERE key = 'short'", "get 1, length 1"},
		{"SELECT substr(value, 1, 2) WHERE key = 'none'", "length 1"},
		{"SELECT substr(value, 1, 2) WHERE key = 'long' LIMIT 1 OFFSET 1", "cursor 1, length 1, move 1"},
		{"DELETE WHERE key = 'long' AND length(value) < 9", "begin 1, commit 1, length 1"},
		{"DELETE WHERE key = 'long' AND substr(value, 1, 1) = 'x'", "begin 1, commit 1, cursor 1, length 1, move 1, value 1"},
		{"DELETE WHERE key = 'short' AND substr(value, 1, 1) = 'x'", "begin 1, commit 1, get 1, length 1"},
		{"UPDATE kv SET value = substr(value, 1, 2) WHERE key = 'long'", "begin 1, commit 1, cursor 1, length 1, move 1, put 1, value 1"},
		{"UPDATE kv SET value = substr(value, 1, 2) WHERE key = 'short'", "begin 1, commit 1, get 1, length 1, put 1"},
		{"UPDATE kv SET value = substr(value, 1, 2) WHERE key = 'none'", "begin 1, commit 1, length 1"},
	} {
		wantWork(t, "", put, tt.text, tt.want)
	}
}

func thousandRows(t *testing.T, s session) {
	t.Helper()
	var text strings.Builder
	text.WriteString("INSERT INTO kv VALUES ('0000', 0)")
	for i := 1; i < 1000; i++ {
		fmt.Fprintf(&text, ", ('%04d', %d)", i, i)
	}
	exec(t, s, text.String())
}

// TestRowsStream checks that a query does no more than its reader asks for.
func TestRowsStream(t *testing.T) {
	n := tally{}
	cfg, err := lsmlite.ParseDSN(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(cfg, func(op string) error {
		n[op]++
		return nil
	})))
	conn := connect(t, db)
	thousandRows(t, conn)
	clear(n)
	rows, err := conn.QueryContext(context.Background(), "SELECT key, value WHERE value != 'x'")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
	}
	if n["move"] != 3 || n["value"] > 6 {
		t.Errorf("three rows were read, and %s", n)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if n["move"] != 3 {
		t.Errorf("closing the rows went on: %s", n)
	}
}
