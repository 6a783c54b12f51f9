// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
)

// FuzzPragma: a PRAGMA of any name with any value is done or an error, the database can be read afterwards, and no
// error quotes what may be a key.
func FuzzPragma(f *testing.F) {
	for _, name := range pragma.Names() {
		f.Add(name, "")
		f.Add(name, "1")
	}
	for _, name := range []string{"safety", "auto_flush", "cache_size", "busy_timeout", "key", "main.key", "hexkey", "rekey", "no_such"} {
		for _, value := range []string{"on", "-1", "9223372036854775808", "1e400", "10MiB", "0x10", "''", "full", "x'00'", "a passphrase"} {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.ContainsAny(name, "';-/\x00 \n") || strings.EqualFold(name, "backup") { // which writes a file
			return
		}
		db, err := sql.Open("lsmlite", ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		text := "PRAGMA " + name
		if value != "" {
			text += " = '" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		rows, err := db.QueryContext(t.Context(), text)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			_ = rows.Close()
		}
		if err != nil && strings.Contains(strings.ToLower(name), "key") && len(value) >= 8 && strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", text, err)
		}
		n := 0
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM kv").Scan(&n); err != nil || n != 0 {
			t.Fatalf("after %s: %d rows, %v", text, n, err)
		}
	})
}
