// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
)

// ent wants to know the tables that there are, and is told that it cannot.
func TestEntRefused(t *testing.T) {
	m, err := schema.NewMigrate(entsql.OpenDB(dialect.SQLite, open(t, newFile(t))))
	must(t, err)
	users := schema.NewTable("users").
		AddPrimary(&schema.Column{Name: "id", Type: field.TypeInt, Increment: true}).
		AddColumn(&schema.Column{Name: "name", Type: field.TypeString})
	if err := m.Create(t.Context(), users); err == nil || !strings.Contains(err.Error(), "unknown pragma foreign_keys") {
		t.Errorf("a schema: error %v", err)
	}
}
