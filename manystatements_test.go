// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"strings"
	"testing"
	"time"
)

// What a text of many statements costs does not grow with the product of its statements and
// its arguments.
func TestManyStatementsWithManyArguments(t *testing.T) {
	db := openMemory(t, "")
	exec(t, db, "INSERT INTO kv VALUES ('b', 1)")
	text := strings.Repeat("SELECT key WHERE key > ?1; SELECT value WHERE key = ?1;", 2000)
	many := make([]any, 30_000)
	for i := range many {
		many[i] = "a"
	}
	took := func(text string, args ...any) time.Duration {
		t.Helper()
		best := time.Duration(1 << 62)
		for range 5 {
			start := time.Now()
			if _, err := db.Exec(text, args...); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	one, all := took(text, "a"), took(text+"SELECT ?30000", many...)
	t.Logf("4000 statements take %v with one argument, %v with 30000", one, all)
	if all > 20*one+500*time.Millisecond { // a copy for each takes 2 s on a machine that does nothing else
		t.Errorf("4000 statements take %v with one argument, %v with 30000", one, all)
	}
}
