// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPartsOfLongValues runs statements that need parts of long values, as lookups of one key and as
// scans, in a transaction that has written the values and after they are in the file.
func TestPartsOfLongValues(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		for i, c := range []string{"a", "b", "c"} {
			value := fmt.Sprintf("%d%s-", 10*i, strings.Repeat(c, 200_000)) // 0aa…-, 10bb…-, 20cc…-
			if _, err := tx.Exec("INSERT INTO kv VALUES (?, ?)", c, value); err != nil {
				t.Fatal(err)
			}
		}
		for _, state := range []string{"in the transaction", "committed", "in the file"} {
			var reader session = db
			if state == "in the transaction" {
				reader = tx
			}
			for _, tt := range []struct{ result, where, want string }{
				{"substr(value, 1, 3)", "", "0aa 10b 20c"},
				{"substr(value, 1, 3)", "key = 'b'", "10b"},
				{"substr(value, -2) || substr(value, 2, 2)", "key >= 'b'", "b-0b c-0c"},
				{"CAST(value AS INTEGER) + 1", "key = 'c'", "21"},
				{"value * 2", "", "0 20 40"},
				{"key", "value LIKE '10B%'", "b"},
				{"key", "value NOT LIKE '10B%'", "a c"},
				{"key", "value LIKE '%b-'", "b"},
				{"key", "value GLOB '[12]*' AND value GLOB '2*'", "c"},
				{"key", "value > '10' AND key < 'd'", "b c"},
				{"key", "key = 'b' AND value BETWEEN '10' AND '11'", "b"},
				{"key", "key = 'b' AND value BETWEEN '11' AND '12'", ""},
				{"count(*)", "substr(value, 200000, 2) IN ('aa', 'bb')", "2"},
				{"length(value) || substr(value, 1, 1)", "key = 'a' AND substr(value, 2, 1) = 'a'", "2000020"},
			} {
				text := "SELECT " + tt.result + " FROM kv"
				if tt.where != "" {
					text += " WHERE " + tt.where
				}
				wantRows(t, reader, tt.want, text)
			}
			if state == "in the transaction" {
				if err := tx.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			if state == "committed" && !strings.HasSuffix(t.Name(), "model") {
				exec(t, db, "PRAGMA flush")
			}
		}
		for _, tt := range []struct {
			text string
			want int64
		}{
			{"UPDATE kv SET value = substr(value, 1, 4) WHERE key = 'c' AND value LIKE 'x%'", 0},
			{"UPDATE kv SET value = substr(value, 1, 4) WHERE key = 'c' AND value LIKE '20%'", 1},
			{"UPDATE kv SET value = value + 1 WHERE value < '20'", 2},
			{"DELETE FROM kv WHERE key = 'b' AND substr(value, 1, 2) = '10'", 0},
			{"DELETE FROM kv WHERE substr(value, 1, 2) = '11'", 1},
		} {
			if got := exec(t, db, tt.text); got != tt.want {
				t.Errorf("%s: %d rows, want %d", tt.text, got, tt.want)
			}
		}
		wantRows(t, db, "a|1 c|20cc", "SELECT key, value FROM kv")
	})
}
