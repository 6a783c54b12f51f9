// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPartsOfShortValuesOpenNoCursor: a cursor in a transaction makes the writes after it copy what it
// shows. So a statement that needs only a part of one value, or that may not need it, must not cost a
// transaction more memory than one that always loads it, as long as the value is short.
func TestPartsOfShortValuesOpenNoCursor(t *testing.T) {
	if raceDetector {
		t.Skip("what pools hold is forgotten at random under the race detector")
	}
	const rows, rounds = 200, 4000
	perRound := func(text string) int {
		db := openMemory(t, "")
		tx := begin(t, db, nil)
		const value = "1234567812345678"
		key := func(i int) string { return fmt.Sprintf("%06d", i*7919%rows) }
		put, err := tx.Prepare("UPDATE kv SET value = ? WHERE key = ?")
		if err != nil {
			t.Fatal(err)
		}
		stmt, err := tx.Prepare(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if _, err := tx.Exec("INSERT INTO kv VALUES (?, ?)", key(i), value); err != nil {
				t.Fatal(err)
			}
		}
		do := func(i int) {
			if strings.HasPrefix(text, "SELECT") {
				var s string
				err = stmt.QueryRow(key(i)).Scan(&s)
			} else {
				_, err = stmt.Exec(key(i))
			}
			if err == nil {
				_, err = put.Exec(value, key(i))
			}
			if err != nil {
				t.Fatal(text, err)
			}
		}
		do(0)
		bytes := allocated(func() {
			for i := range rounds {
				do(i)
			}
		})
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		return bytes / rounds
	}
	read := perRound("SELECT value FROM kv WHERE key = ?")
	write := perRound("UPDATE kv SET value = '1234567812345678' WHERE key = ?")
	for _, text := range []string{
		"SELECT substr(value, 1, 3) FROM kv WHERE key = ?",
		"SELECT key FROM kv WHERE key = ? AND value LIKE '1%'",
		"SELECT value FROM kv WHERE key = ? AND length(value) < 100",
		"UPDATE kv SET value = substr(value, 1, 8) || '12345678' WHERE key = ?",
		"UPDATE kv SET value = value || '' WHERE key = ? AND length(value) < 100",
		"DELETE FROM kv WHERE key = ? AND value LIKE 'x%'",
		"DELETE FROM kv WHERE key = ? AND value > '2'",
	} {
		base := write
		if strings.HasPrefix(text, "SELECT") {
			base = read
		}
		// A cursor costs more than 1,000 bytes; pools that the collector empties cost a hundred or two.
		if got := perRound(text); got > base+500 {
			t.Errorf("%s: %d bytes a round, without parts %d", text, got, base)
		}
	}
}
