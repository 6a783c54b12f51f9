// SPDX-License-Identifier: Apache-2.0

package overlay_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"

	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// shortKeys is the longest key of the stores of the scheme overlay+short.
const shortKeys = 3

func openShort() store.Store {
	m := storetest.NewModel(nil)
	caps := m.Caps()
	caps.MaxKey = shortKeys
	return remote{Model: m, caps: &caps}
}

func init() {
	store.Register("overlay+short", store.Driver{Open: func(context.Context, *url.URL, store.Settings) (store.Store, error) {
		return openShort(), nil
	}})
}

// shortRows are all keys of up to shortKeys bytes, of few values.
func shortRows() (keys [][]byte) {
	keys = [][]byte{{}}
	for i := 0; i < len(keys); i++ {
		if key := keys[i]; len(key) < shortKeys {
			for _, b := range []byte{0, 'a', 0xff} {
				keys = append(keys, append(bytes.Clone(key), b))
			}
		}
	}
	return keys
}

// Ends of ranges that are longer than any key of the store delete what they delete in a database in memory,
// counted or not.
func TestStatementsWithLongEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	open := func(name string) *sql.DB {
		db, err := sql.Open("lsmlite", name)
		must(t, err)
		t.Cleanup(func() { must(t, db.Close()) })
		return db
	}
	var keys string
	for _, key := range shortRows() {
		if keys += ", "; len(keys) == 2 {
			keys = ""
		}
		keys += fmt.Sprintf("(x'%x', 'v')", key)
	}
	end := func() []byte {
		b := make([]byte, rng.IntN(shortKeys+3))
		for i := range b {
			b[i] = []byte{0, 'a', 0xff, 'b'}[rng.IntN(4)]
		}
		return b
	}
	for _, counts := range []string{"on", "off"} {
		far, near := open("overlay+short://"+counts+"?count_deletes="+counts), open(":memory:?count_deletes="+counts)
		for range 300 {
			where := fmt.Sprintf("key %s x'%x' AND key %s x'%x'", []string{">", ">="}[rng.IntN(2)], end(), []string{"<", "<="}[rng.IntN(2)], end())
			switch rng.IntN(6) {
			case 0:
				where = fmt.Sprintf("key %s x'%x'", []string{"<", "<=", ">", ">=", "="}[rng.IntN(5)], end())
			case 1:
				where = fmt.Sprintf("key IN (x'%x', x'%x')", end(), end())
			}
			var left [2]string
			var deleted [2]int64
			for i, db := range []*sql.DB{far, near} {
				_, err := db.Exec("INSERT OR REPLACE INTO kv VALUES " + keys)
				must(t, err)
				res, err := db.Exec("DELETE FROM kv WHERE " + where)
				if err != nil {
					t.Fatalf("DELETE WHERE %s: %v", where, err)
				}
				deleted[i], _ = res.RowsAffected()
				left[i] = keysOf(t, db)
			}
			if left[0] != left[1] || counts == "on" && deleted[0] != deleted[1] {
				t.Fatalf("DELETE WHERE %s\n deletes %d, %d in memory; left are\n%s\n%s", where, deleted[0], deleted[1], left[0], left[1])
			}
		}
	}
}

// keysOf returns all keys, as text.
func keysOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.Query("SELECT hex(key) FROM kv")
	must(t, err)
	var all string
	for rows.Next() {
		var key string
		must(t, rows.Scan(&key))
		all += key + " "
	}
	must(t, rows.Err(), rows.Close())
	return all
}
