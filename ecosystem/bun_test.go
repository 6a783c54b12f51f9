// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

type bunRow struct {
	bun.BaseModel `bun:"table:kv"`

	Key   string `bun:",pk"`
	Value string
}

// What bun writes without an alias of the table works, with its dialect for SQLite: Insert,
// texts of one's own, and queries of columns by name. Queries of models are refused.
func TestBun(t *testing.T) {
	db := bun.NewDB(open(t, newFile(t)), sqlitedialect.New())
	ctx := t.Context()
	rows := []bunRow{{Key: "user/1", Value: "Ada"}, {Key: "user/2", Value: "Grace"}}
	_, err := db.NewInsert().Model(&rows).Exec(ctx)
	must(t, err)

	var got []bunRow
	must(t, db.NewRaw("SELECT * FROM kv WHERE key > ?", "user/1").Scan(ctx, &got))
	equal(t, "rows of a text", len(got), 1)
	equal(t, "the row", got[0].Value, "Grace")
	got = nil
	must(t, db.NewSelect().ColumnExpr("key, value").TableExpr("kv").Where("key < ?", "user/2").Scan(ctx, &got))
	equal(t, "rows of a query", len(got), 1)

	refused := map[string]error{"select": db.NewSelect().Model(&got).Scan(ctx)}
	_, refused["update"] = db.NewUpdate().Model(&rows[0]).WherePK().Exec(ctx)
	_, refused["delete"] = db.NewDelete().Model(&rows[0]).WherePK().Exec(ctx)
	for what, err := range refused {
		if err == nil || !strings.Contains(err.Error(), "the table has no other name here") {
			t.Errorf("%s of a model: error %v", what, err)
		}
	}
	if _, err := db.NewCreateTable().Model((*bunRow)(nil)).Exec(ctx); err == nil {
		t.Error("bun creates a table")
	}
}
