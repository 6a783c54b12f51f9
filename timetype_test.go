// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// times are hard ones: with zones, a monotonic reading, without and with all digits, and at both ends.
var times = []time.Time{
	time.Date(2022, 12, 17, 22, 39, 4, 0, time.FixedZone("CN", 8*3600)), time.Date(2022, 12, 17, 22, 39, 4, 1, time.UTC),
	time.Date(2022, 12, 17, 22, 39, 4, 500_000_000, time.FixedZone("NP", 5*3600+2700)), time.Now(), time.Unix(0, 0), {},
	time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(99, 1, 1, 0, 0, 0, 0, time.UTC),
}

// What a time.Time was stored as scans back into an equal time.Time: by itself where that is
// the declared type, and by ScanTime everywhere.
func TestTimesComeBack(t *testing.T) {
	for _, settings := range []string{"", "value_type=text&key_type=text", "value_type=time&key_type=time"} {
		eachStore(t, func(t *testing.T, open opener) {
			db := open(t, settings)
			for _, want := range times {
				exec(t, db, "INSERT INTO kv VALUES (?, ?)", want, want)
				check := func(how string, got time.Time, err error) {
					t.Helper()
					if err != nil || !got.Equal(want) || got.Location() != time.UTC {
						t.Errorf("%q, %v by %s: %v, %v", settings, want, how, got, err)
					}
				}
				for _, query := range []string{
					"SELECT value FROM kv WHERE key = ?", "SELECT key FROM kv WHERE key = ?", "SELECT max(key) FROM kv WHERE key <= ?",
					"SELECT '' || value FROM kv WHERE key = ?", "SELECT ?", "SELECT value FROM kv WHERE key >= ? LIMIT 1",
					"UPDATE kv SET value = value WHERE key = ? RETURNING value", "UPDATE kv SET value = value WHERE key = ? RETURNING key",
				} {
					var got time.Time
					err := db.QueryRow(query, want).Scan(lsmlite.ScanTime(&got))
					check("ScanTime, "+query, got, err)
				}
			}
		})
	}
}

func TestScanTimeRefusesOtherTexts(t *testing.T) {
	for _, settings := range []string{"", "value_type=text", "value_type=time"} {
		db := openMemory(t, settings)
		for _, text := range []string{"", "text", "2022-12-17T14:39:04Z", "2022-12-17T14:39:04.5Z", "2022-13-17T14:39:04.000000000Z", "2022-12-17T14:39:04.000000000+",
			"2022-12-17t14:39:04.000000000Z", "2022-12-17 14:39:04.000000000Z", "2022-12-17T14:39:04,000000000Z", "2022-12-17T24:39:04.000000000Z"} {
			exec(t, db, "INSERT INTO kv VALUES ('t', ?)", text)
			got := times[0]
			if err := db.QueryRow("SELECT value").Scan(lsmlite.ScanTime(&got)); !errors.Is(err, lsmlite.ErrMisuse) || got != times[0] {
				t.Errorf("%q: %v, %v", text, got, err)
			}
			var s string
			if err := db.QueryRow("SELECT value").Scan(&s); err != nil || s != text {
				t.Errorf("%q is scanned as %q, %v", text, s, err)
			}
		}
		null := sql.NullTime{Valid: true}
		if err := db.QueryRow("SELECT min(key) WHERE key = 'nobody'").Scan(lsmlite.ScanTime(&null)); err != nil || null.Valid {
			t.Errorf("NULL: %v, %v", null, err)
		}
		var got time.Time
		if err := db.QueryRow("SELECT min(key) WHERE key = 'nobody'").Scan(lsmlite.ScanTime(&got)); !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("NULL into a time.Time: %v", err)
		}
	}
}

// With the declared type, database/sql scans by itself, and tools are told.
func TestDeclaredTimes(t *testing.T) {
	db := openMemory(t, "key_type=time&value_type=time")
	for _, want := range times {
		exec(t, db, "INSERT INTO kv VALUES (?, ?)", want, want)
		var key time.Time
		var value sql.NullTime
		if err := db.QueryRow("SELECT key, value FROM kv WHERE key = ?", want).Scan(&key, &value); err != nil || !key.Equal(want) || !value.Valid || !value.Time.Equal(want) {
			t.Errorf("%v: %v, %v, %v", want, key, value, err)
		}
		if err := db.QueryRow("UPDATE kv SET value = value WHERE key = ? RETURNING value", want).Scan(&value); err != nil || !value.Time.Equal(want) {
			t.Errorf("%v by RETURNING: %v, %v", want, value, err)
		}
		var again int
		if err := db.QueryRow("SELECT count(*) FROM kv WHERE key = ? AND value = ?", key, value).Scan(&again); err != nil || again != 1 {
			t.Errorf("%v is found %d times by what was scanned, %v", want, again, err)
		}
	}
	exec(t, db, "INSERT INTO kv VALUES ('plain', 'text'), (5, 6)")
	wantRows(t, db, "text", "SELECT value WHERE key = 'plain'")
	wantRows(t, db, "6", "SELECT value WHERE key = 5")
	rows, err := db.Query("SELECT key, value, length(value) FROM kv")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"TIMESTAMP", "TIMESTAMP", "INTEGER"} {
		if got := types[i].DatabaseTypeName(); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}
