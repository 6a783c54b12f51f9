// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/ecosystem/sqlc/kvdb"
)

// What sqlc generates from the queries in sqlc/queries.sql for its engine sqlite.
func TestSqlc(t *testing.T) {
	db := open(t, newFile(t))
	q := kvdb.New(db)
	ctx := t.Context()
	for i, name := range []string{"Ada", "Grace", "Barbara"} {
		must(t, q.Put(ctx, kvdb.PutParams{Key: fmt.Appendf(nil, "user/%d", i+1), Value: []byte(name)}))
	}
	value, err := q.Get(ctx, []byte("user/2"))
	must(t, err)
	equal(t, "Get", string(value), "Grace")
	if _, err := q.Get(ctx, []byte("nobody")); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a missing key: error %v", err)
	}
	rows, err := q.List(ctx, kvdb.ListParams{First: []byte("user/2"), Behind: []byte("user0")})
	must(t, err)
	equal(t, "rows", len(rows), 2)
	equal(t, "the last", string(rows[1].Key)+string(rows[1].Value), "user/3Barbara")
	for _, want := range []string{"1", "2"} {
		n, err := q.Increment(ctx, []byte("visits"))
		must(t, err)
		equal(t, "Increment", string(n), want)
	}

	tx, err := db.Begin()
	must(t, err)
	deleted, err := q.WithTx(tx).DeleteList(ctx, kvdb.DeleteListParams{First: []byte("user/1"), Behind: []byte("user/3")})
	must(t, err)
	equal(t, "rows deleted", deleted, 2)
	must(t, tx.Commit())
	n, err := q.Count(ctx)
	must(t, err)
	equal(t, "rows left", n, 2)
}
