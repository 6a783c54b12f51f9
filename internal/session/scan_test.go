// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// TestRowsAsStored compares rows that are shown as they are stored with what the general way
// makes of the same scan.
func TestRowsAsStored(t *testing.T) {
	ctx := context.Background()
	for _, settings := range []Settings{{}, {KeyType: Text}, {ValueType: Text}, {KeyType: Uint64}, {ValueType: Time}} {
		var s Session
		s.Open(storetest.NewModel(nil), &Shared{}, settings, nil)
		cache := parser.Cache{Keys: settings.KeyType.Keys()}
		run := func(text string, args ...driver.Value) []*parser.Plan {
			plans, err := cache.Get(text)
			if err != nil {
				t.Fatal(text, err)
			}
			return plans
		}
		for i := range 40 {
			var key driver.Value = fmt.Sprint(i)
			if settings.KeyType.numeric() {
				key = int64(i)
			}
			value := fmt.Sprint("value ", i)
			if i%7 == 0 {
				value = ""
			}
			if _, err := s.Exec(ctx, run("INSERT INTO kv VALUES (?, ?)"), byPlace(key, value)); err != nil {
				t.Fatal(err)
			}
		}
		number := func(n int64) []driver.Value { return []driver.Value{n} }
		for _, c := range []struct {
			text   string
			args   []driver.Value
			stored bool // if both types are blobs
		}{
			{"SELECT key, value FROM kv", nil, true},
			{"SELECT * FROM kv ORDER BY key DESC", nil, true},
			{"SELECT value FROM kv", nil, true},
			{"SELECT key FROM kv", nil, true},
			{"SELECT value, key, value, key FROM kv", nil, true},
			{"SELECT key, value FROM kv LIMIT ?", number(3), true},
			{"SELECT key, value FROM kv LIMIT ?", number(1), true},
			{"SELECT key, value FROM kv LIMIT ?", number(-1), true},
			{"SELECT key, value FROM kv LIMIT ?", number(math.MaxInt64), true},
			{"SELECT key, value FROM kv LIMIT 3 OFFSET ?", number(38), true},
			{"SELECT key, value FROM kv ORDER BY key DESC LIMIT 3 OFFSET ?", number(2), true},
			{"SELECT key, value FROM kv LIMIT 9223372036854775807 OFFSET ?", number(38), true},
			{"SELECT key, value, 'x' FROM kv", nil, false},
			{"SELECT key, upper(value) FROM kv", nil, false},
			{"SELECT key, value FROM kv WHERE value != ?", []driver.Value{"value 5"}, false},
		} {
			at := fmt.Sprintf("%+v: %s %v", settings, c.text, c.args)
			plans := run(c.text)
			stored := false
			got := outcome(func() (*Rows, error) {
				r, err := s.Query(ctx, plans, byPlace(c.args...))
				stored = err == nil && r.source == sourceStored
				return r, err
			})
			want := outcome(func() (*Rows, error) {
				r, err := s.Query(ctx, plans, byPlace(c.args...))
				if err == nil && r.source == sourceStored {
					r.source = sourceScan
				}
				return r, err
			})
			if got != want || got == "" {
				t.Errorf("%s:\n%s\nwant\n%s", at, got, want)
			}
			if settings == (Settings{}) && stored != c.stored {
				t.Errorf("%s: as stored is %t", at, stored)
			}
		}
		if err := s.txn.store.Close(); err != nil {
			t.Error(err)
		}
	}
}
