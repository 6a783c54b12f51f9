// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

var numericKeyTypes = []string{"int64", "uint64", "lsm1uint"}

// TestNumericKeys is what holds for every type of numeric keys.
func TestNumericKeys(t *testing.T) {
	cast := "write CAST("
	steps := []step{
		{exec: "INSERT INTO kv VALUES (10, 'ten'), (9, 'nine'), (?, 'hundred'), (2.0, 'two')", args: args(100), n: 4},
		{exec: "INSERT INTO kv VALUES (? * 100, 'thousand'), (?, 'one')", args: args(10, true), n: 2},
		{query: "SELECT key", rows: "1 2 9 10 100 1000"},
		{query: "SELECT key ORDER BY key DESC LIMIT 2", rows: "1000 100"},
		{query: "SELECT min(key), max(key), count(*)", rows: "1|1000|6"},
		{query: "SELECT min(key), max(key) WHERE key > 2 AND value LIKE '%n%'", rows: "9|1000"},
		{query: "SELECT max(key) WHERE key > 1000", rows: "NULL"},
		// Reals and numbers of no key.
		{query: "SELECT key WHERE key > 9.5", rows: "10 100 1000"},
		{query: "SELECT key WHERE key > 9.0", rows: "10 100 1000"},
		{query: "SELECT key WHERE key >= 8.5 AND key <= 10.5", rows: "9 10"},
		{query: "SELECT key WHERE key = 9.0", rows: "9"},
		{query: "SELECT key WHERE key = 9.5", rows: ""},
		{query: "SELECT key WHERE key != 9.5 AND key <= ?", args: args(9.99), rows: "1 2 9"},
		{query: "SELECT key WHERE key IN (1, 1.5, 2, 1e30, -1e30)", rows: "1 2"},
		{query: "SELECT key WHERE key NOT IN (1, 1.5, 2, 1e30, -1e30, 1e3)", rows: "9 10 100"},
		{query: "SELECT key WHERE key > ?", args: args(math.Inf(-1)), rows: "1 2 9 10 100 1000"},
		{query: "SELECT key WHERE key < ?", args: args(math.Inf(1)), rows: "1 2 9 10 100 1000"},
		{query: "SELECT key WHERE key < 1e30 AND key > -1e30", rows: "1 2 9 10 100 1000"},
		{query: "SELECT key WHERE key > 1e30 OR key < -1e30 OR key = 1e30", rows: ""},
		{query: "SELECT key WHERE key BETWEEN -1e30 AND 9.5", rows: "1 2 9"},
		{query: "SELECT key WHERE key NOT BETWEEN 1.5 AND 1e30", rows: "1"},
		{query: "SELECT key WHERE 5 < key AND NOT key >= 100", rows: "9 10"},
		// Expressions.
		{query: "SELECT key + 1, key / 4, key % 4, -key WHERE key = 10", rows: "11|2|2|-10"},
		{query: "SELECT key || '!', length(key), hex(key), substr(key, 2), CAST(key AS TEXT), +key WHERE key = 100", rows: "100!|3|313030|00|100|100"},
		{query: "SELECT key WHERE key LIKE '1%'", rows: "1 10 100 1000"},
		{query: "SELECT key WHERE key GLOB '10*'", rows: "10 100 1000"},
		{query: "SELECT key WHERE key GLOB ?", args: args("?"), rows: "1 2 9"},
		{query: "SELECT key WHERE key % 2 = 0", rows: "2 10 100 1000"},
		{query: "SELECT key WHERE key = length(value) - 2 OR key > length(value) * 100", rows: "1 1000"},
		{query: "SELECT key WHERE key = CAST(? AS INTEGER)", args: args("9"), rows: "9"},
		{query: "SELECT 1.5 + key WHERE key = 9", rows: "10.5"},
		// Writes.
		{exec: "INSERT OR ABORT INTO kv VALUES (9, '')", err: "the key 9 exists", is: lsmlite.ErrConstraint},
		{exec: "INSERT OR IGNORE INTO kv VALUES (9, ''), (3, 'three')", n: 1},
		{query: "INSERT INTO kv VALUES (9, 'x'), (4, 'four') ON CONFLICT (key) DO UPDATE SET value = excluded.key || value RETURNING key, value, key + 1",
			rows: "9|9nine|10 4|four|5"},
		{query: "UPDATE kv SET value = key WHERE key BETWEEN 3.5 AND 9.5 RETURNING key, value", rows: "4|4 9|9"},
		{query: "DELETE WHERE key > 9.5 AND key < 100.5 RETURNING key", rows: "10 100"},
		{exec: "DELETE WHERE key < 2.5", n: 2},
		{exec: "DELETE WHERE key = 2.5", n: 0},
		{exec: "UPDATE kv SET value = 'last' WHERE key >= 999.5", n: 1},
		{query: "SELECT key, value", rows: "3|three 4|4 9|9 1000|last"},
		// Refusals.
		{query: "SELECT key WHERE key = '9'", err: cast + "'9' AS INTEGER)", is: lsmlite.ErrSyntax},
		{query: "SELECT key WHERE key = ?", args: args("9"), err: cast + "… AS INTEGER)", is: lsmlite.ErrMisuse},
		{query: "SELECT key WHERE key IN (1, ?)", args: args([]byte("9")), err: "argument 1: bytes cannot be compared with a number", is: lsmlite.ErrMisuse},
		{query: "SELECT key WHERE key = value", err: cast + "value AS INTEGER)", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES ('9', '')", err: "cannot be bytes", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (?, '')", args: args("9"), err: "cannot be bytes", is: lsmlite.ErrMisuse},
		{exec: "INSERT INTO kv VALUES ('9' || ?, '')", args: args("9"), err: "cannot be bytes", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (5, ''), (5.5, '')", err: "the number 5.5 cannot be a key", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (?, '')", args: args(1e30), err: "argument 1: the number 1.0e+30 cannot be a key", is: lsmlite.ErrMisuse},
		{exec: "INSERT INTO kv VALUES (? / 2.0, '')", args: args(1), err: "the number 0.5 cannot be a key", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (1 / 0, '')", err: "the key is NULL", is: lsmlite.ErrConstraint},
		{query: "SELECT count(*)", rows: "4"},
	}
	for _, name := range numericKeyTypes {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, open opener) {
				runScript(t, open(t, "key_type="+name), steps)
			})
		})
	}
}

// TestRangeOfKeys is about the ends of each type.
func TestRangeOfKeys(t *testing.T) {
	const tooBig = "9223372036854775808"
	signed := []step{
		{exec: "INSERT INTO kv VALUES (-1, 'a'), (?, 'b'), (9223372036854775807, 'c'), (0, 'd')", args: args(int64(math.MinInt64)), n: 4},
		{query: "SELECT key", rows: "-9223372036854775808 -1 0 9223372036854775807"},
		{query: "SELECT key WHERE key < -0.5", rows: "-9223372036854775808 -1"},
		{query: "SELECT key WHERE key >= -1.5 AND key < 0.0", rows: "-1"},
		{query: "SELECT key WHERE key = -0.0", rows: "0"},
		{query: "SELECT key WHERE key < 9223372036854775808.0 AND key > 1e18", rows: "9223372036854775807"},
		{query: "SELECT key WHERE key >= 9223372036854775808.0 OR key < -9223372036854775808.0", rows: ""},
		{query: "SELECT key WHERE key <= -9223372036854775808.0", rows: "-9223372036854775808"},
		{query: "SELECT key + 1 WHERE key > 0", rows: fmt.Sprint(float64(1 << 63))},
		{query: "SELECT key WHERE key = " + tooBig, err: "outside the range of 64 bits", is: lsmlite.ErrSyntax},
		{query: "SELECT key WHERE key = ?", args: args(uint64(1 << 63)), err: "high bit", is: lsmlite.ErrMisuse},
		{query: "SELECT key WHERE key = 0xffffffffffffffff", rows: "-1"},
	}
	unsigned := []step{
		{exec: "INSERT INTO kv VALUES (0, 'a'), (?, 'b'), (" + tooBig + ", 'c'), (0xfffffffffffffffe, 'd')",
			args: args(uint64(math.MaxUint64)), n: 4},
		{query: "SELECT key", rows: "0 9223372036854775808 18446744073709551614 18446744073709551615"},
		{query: "SELECT key, value WHERE key = ?", args: args(uint64(math.MaxUint64)), rows: "18446744073709551615|b"},
		{query: "SELECT value WHERE key = ?", args: args(sql.Null[uint64]{V: 1 << 63, Valid: true}), rows: "c"},
		{query: "SELECT key WHERE key < -1", rows: ""},
		{query: "SELECT key WHERE key > -1", rows: "0 9223372036854775808 18446744073709551614 18446744073709551615"},
		{query: "SELECT key WHERE key != -1 AND key < -0.5", rows: ""},
		{query: "SELECT key WHERE key >= -0.5 AND key < 1", rows: "0"},
		{query: "SELECT key WHERE key = -0.0", rows: "0"},
		{query: "SELECT key WHERE key > 9223372036854775807", rows: "9223372036854775808 18446744073709551614 18446744073709551615"},
		{query: "SELECT key WHERE key = 9223372036854775808.0", rows: "9223372036854775808"},
		{query: "SELECT key WHERE key > 18446744073709551614 AND key < 18446744073709551616.0", rows: "18446744073709551615"},
		{query: "SELECT key WHERE key >= 18446744073709551616.0", rows: ""},
		{query: "SELECT max(key), min(key)", rows: "18446744073709551615|0"},
		{query: "SELECT key - 1, key % 10, key / 2, key || '' WHERE key = " + tooBig, rows: "9223372036854775807|8|4611686018427387904|9223372036854775808"},
		{query: "SELECT key WHERE key - 18446744073709551614 = 1", rows: "18446744073709551615"},
		{query: "SELECT CAST(key AS INTEGER) WHERE key = " + tooBig, rows: "9223372036854775807"},
		{query: "SELECT 0xffffffffffffffff, 18446744073709551615", rows: "18446744073709551615|18446744073709551615"},
		{query: "SELECT ?, -1", args: args(uint64(math.MaxUint64)), rows: "18446744073709551615|-1"},
		{query: "SELECT key LIMIT ?", args: args(uint64(math.MaxUint64)), err: "less than 2^63", is: lsmlite.ErrMisuse},
		{query: "SELECT 18446744073709551616", err: "outside the range of 64 bits", is: lsmlite.ErrSyntax},
		{query: "SELECT -9223372036854775809", err: "outside the range of 64 bits", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (-1, '')", err: "the number -1 cannot be a key", is: lsmlite.ErrSyntax},
		{exec: "INSERT INTO kv VALUES (?, '')", args: args(-5), err: "argument 1: the number -5 cannot be a key: keys are ", is: lsmlite.ErrMisuse},
		{exec: "DELETE WHERE key > 9223372036854775807.5", n: 2}, // the real is 2^63, which is a key
		{query: "SELECT key, value", rows: "0|a 9223372036854775808|c"},
		{exec: "UPDATE kv SET value = key", n: 2},
		{query: "SELECT value ORDER BY key DESC", rows: "9223372036854775808 0"},
	}
	for name, steps := range map[string][]step{"int64": signed, "uint64": unsigned, "lsm1uint": unsigned} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, open opener) { runScript(t, open(t, "key_type="+name), steps) })
		})
	}
}

func TestNumericKeyTypes(t *testing.T) {
	for _, name := range numericKeyTypes {
		db := openMemory(t, "key_type="+name)
		exec(t, db, "INSERT INTO kv VALUES (5, 'five'), (1000, 'thousand')")
		one, null := any(uint64(0)), any(sql.Null[uint64]{})
		if name == "int64" {
			one, null = int64(0), sql.NullInt64{}
		}
		for query, want := range map[string][]any{
			"SELECT key, value, key || '' FROM kv":                       {one, []byte{}, []byte{}},
			"SELECT min(key), max(key), count(*)":                        {null, null, int64(0)},
			"SELECT key WHERE key = 1":                                   {one},
			"INSERT INTO kv VALUES (1000, 'thousand') RETURNING key":     {one},
			"UPDATE kv SET value = value WHERE key > 100 RETURNING +key": {one},
		} {
			rows, err := db.Query(query)
			if err != nil {
				t.Fatal(err)
			}
			types, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			for i, typ := range types {
				database := "INTEGER"
				if want[i] != nil && reflect.TypeOf(want[i]) == reflect.TypeFor[[]byte]() {
					database = "BLOB"
				}
				if typ.ScanType() != reflect.TypeOf(want[i]) || typ.DatabaseTypeName() != database {
					t.Errorf("%s: %s: column %d is %s %v, want %s %T", name, query, i, typ.DatabaseTypeName(), typ.ScanType(), database, want[i])
				}
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		// Every kind of destination; what an any has got stays what it is.
		var kept []any
		for _, query := range []string{"SELECT key, key, key, key, key WHERE key > 1",
			"INSERT INTO kv VALUES (5, 'five'), (1000, 'thousand') RETURNING key, key, key, key, key"} {
			rows, err := db.Query(query)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{5, 1000} {
				var a any
				var i int
				var u uint64
				var s string
				var raw sql.RawBytes
				if !rows.Next() {
					t.Fatal(rows.Err())
				}
				if err := rows.Scan(&a, &i, &u, &s, &raw); err != nil {
					t.Fatal(err)
				}
				if i != want || u != uint64(want) || s != strconv.Itoa(want) || string(raw) != s || reflect.TypeOf(a) != reflect.TypeOf(one) {
					t.Errorf("%s: %v %d %d %s %s, want %d", name, a, i, u, s, raw, want)
				}
				kept = append(kept, a)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(kept); got != "[5 1000 5 1000]" {
			t.Errorf("%s: kept %s", name, got)
		}
	}
}

// TestForeignKeys reads keys that the type does not allow.
func TestForeignKeys(t *testing.T) {
	for _, name := range numericKeyTypes {
		path := filepath.Join(t.TempDir(), "test.lsm")
		plain, db := openDSN(t, path), openDSN(t, path+"?key_type="+name)
		exec(t, db, "INSERT INTO kv VALUES (7, 'seven')")
		exec(t, plain, "INSERT INTO kv VALUES (x'f0ff01', 'odd')")
		want := "the key x'f0ff01' in the database is not a"
		for _, query := range []string{
			"SELECT key", "SELECT max(key)", "SELECT value WHERE key % 2 = 0", "SELECT key + 1 WHERE key > 7",
			"SELECT length(key)", "UPDATE kv SET value = key", "UPDATE kv SET value = '' RETURNING key",
			"DELETE RETURNING key", "DELETE WHERE key % 2 = 0",
		} {
			_, err := ask(db, query)
			checkError(t, name+": "+query, err, want, lsmlite.ErrMisuse)
		}
		// What does not look at the key can be done.
		wantRows(t, db, "2", "SELECT count(*)")
		wantRows(t, db, "seven odd", "SELECT value")
		if n := exec(t, db, "DELETE WHERE key > 7"); n != 1 {
			t.Errorf("%s: %d rows deleted", name, n)
		}
		wantRows(t, db, "7", "SELECT key")
	}
}

func TestExplainNumericKeys(t *testing.T) {
	for query, want := range map[string]string{
		"EXPLAIN SELECT key WHERE key > 5.5 AND key <= 300":  "1|scan|forward, keys only| 2|interval|[6, 300]|[8000000000000006, 800000000000012C]",
		"EXPLAIN SELECT key WHERE key = 5":                   "1|scan|forward, keys only| 2|interval|{5}|{8000000000000005}",
		"EXPLAIN SELECT key WHERE key = 5.5 OR key > 1e30":   "1|nothing|no row qualifies|",
		"EXPLAIN SELECT key WHERE key < -3.5 OR key > -1":    "1|scan|forward, keys only| 2|interval|(-, -3)|(-, 7FFFFFFFFFFFFFFD) 3|interval|(-1, -)|(7FFFFFFFFFFFFFFF, -)",
		"EXPLAIN SELECT key WHERE key < 1e30":                "1|scan|forward, keys only| 2|interval|(-, -)|(-, -)",
		"EXPLAIN SELECT key WHERE key GLOB '1*' AND key > 7": "1|scan|forward, keys only| 2|interval|(7, -)|(8000000000000007, -) 3|filter|key GLOB '1*'|",
	} {
		wantRows(t, openMemory(t, "key_type=int64"), want, query)
	}
	wantRows(t, openMemory(t, "key_type=lsm1uint"),
		"1|scan|backward, keys only| 2|interval|[0, 242)|[00, F102)", "EXPLAIN SELECT key WHERE key >= 0 AND key <= 241.5 ORDER BY key DESC")
	wantRows(t, openMemory(t, "key_type=uint64"), "1|nothing|no row qualifies|", "EXPLAIN SELECT key WHERE key < 0 AND key < -1")
}
