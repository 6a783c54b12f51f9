package lsmlite_test

import (
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
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

// keyModel is a table as a sorted slice.
type keyModel []*big.Int

// condition is a condition as a text and as a function.
type condition struct {
	text  string
	args  []any
	holds func(key *big.Int) bool
}

// randomOperand returns a number near the keys, or far from all, as a literal or argument.
func randomOperand(r *rand.Rand, m keyModel, unsigned bool) (text string, arg []any, value *big.Rat) {
	near := new(big.Int).Add(m[r.IntN(len(m))], big.NewInt(int64(r.IntN(3)-1)))
	switch kind := r.IntN(6); {
	case kind < 3:
	case kind == 3: // a real; whatever it is rounded to is what is meant
		f, _ := new(big.Float).SetInt(near).Float64()
		f += []float64{-1.5, -0.5, -0.25, 0, 0.25, 0.5}[r.IntN(6)]
		return "?", []any{f}, new(big.Rat).SetFloat64(f)
	case kind == 4:
		f := []float64{-1e30, -1 << 63, -0.5, 1 << 63, 1 << 64, 1e30}[r.IntN(6)]
		return strconv.FormatFloat(f, 'e', -1, 64), nil, new(big.Rat).SetFloat64(f)
	default:
		near.SetInt64(-int64(r.IntN(3)))
	}
	value = new(big.Rat).SetInt(near)
	switch {
	case near.IsInt64() && r.IntN(2) == 0:
		return "?", []any{near.Int64()}, value
	case near.IsInt64(), unsigned && near.IsUint64():
		return near.String(), nil, value
	}
	f, _ := value.Float64()
	return "?", []any{f}, new(big.Rat).SetFloat64(f)
}

func randomKeyCondition(r *rand.Rand, m keyModel, unsigned bool, depth int) condition {
	operand := func() (string, []any, func(key *big.Int) int) {
		text, arg, value := randomOperand(r, m, unsigned)
		return text, arg, func(key *big.Int) int { return new(big.Rat).SetInt(key).Cmp(value) }
	}
	not, is := "", true
	if r.IntN(4) == 0 {
		not, is = "NOT ", false
	}
	if depth > 0 && r.IntN(2) == 0 {
		x, y := randomKeyCondition(r, m, unsigned, depth-1), randomKeyCondition(r, m, unsigned, depth-1)
		op := []string{"AND", "OR"}[r.IntN(2)]
		return condition{not + "(" + x.text + " " + op + " " + y.text + ")", append(x.args, y.args...), func(key *big.Int) bool {
			a, b := x.holds(key), y.holds(key)
			return (op == "AND" && a && b || op == "OR" && (a || b)) == is
		}}
	}
	a, arg, cmp := operand()
	switch r.IntN(8) {
	case 0:
		b, more, cmp2 := operand()
		return condition{"key " + not + "BETWEEN " + a + " AND " + b, append(arg, more...), func(key *big.Int) bool {
			return (cmp(key) >= 0 && cmp2(key) <= 0) == is
		}}
	case 1:
		b, more, cmp2 := operand()
		return condition{"key " + not + "IN (" + a + ", " + b + ")", append(arg, more...), func(key *big.Int) bool {
			return (cmp(key) == 0 || cmp2(key) == 0) == is
		}}
	}
	op := []string{"=", "!=", "<", "<=", ">", ">="}[r.IntN(6)]
	return condition{not + "key " + op + " " + a, arg, func(key *big.Int) bool {
		c := cmp(key)
		return map[string]bool{"=": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op] == is
	}}
}

// TestNumericKeysModel compares random conditions, as intervals and as filters, with what
// they mean in mathematics.
func TestNumericKeysModel(t *testing.T) {
	for i, name := range numericKeyTypes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			unsigned := name != "int64"
			db := openMemory(t, "key_type="+name)
			conn := connect(t, db)
			var m keyModel
			add := func(key *big.Int) {
				least, most := big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64)
				var arg any
				if unsigned {
					least, most = new(big.Int), new(big.Int).SetUint64(math.MaxUint64)
					arg = key.Uint64()
				} else {
					arg = key.Int64()
				}
				if key.Cmp(least) < 0 || key.Cmp(most) > 0 {
					return
				}
				exec(t, conn, "INSERT INTO kv VALUES (?, 'v')", arg)
				for i, old := range m {
					switch c := key.Cmp(old); {
					case c == 0:
						return
					case c < 0:
						m = append(m[:i], append(keyModel{key}, m[i:]...)...)
						return
					}
				}
				m = append(m, key)
			}
			for _, base := range []int64{math.MinInt64, -300, 0, 240, 2287, 67823, 1 << 24, 1 << 32, 1 << 53, math.MaxInt64} {
				for d := range int64(4) {
					add(new(big.Int).Add(big.NewInt(base), big.NewInt(d-1)))
				}
			}
			for d := range uint64(3) {
				add(new(big.Int).SetUint64(math.MaxUint64 - d))
			}
			for range 700 {
				c := randomKeyCondition(r, m, unsigned, 2)
				var want []string
				for _, key := range m {
					if c.holds(key) {
						want = append(want, key.String())
					}
				}
				up := strings.Join(want, " ")
				down := make([]string, len(want))
				for i, key := range want {
					down[len(want)-1-i] = key
				}
				ends := "NULL|NULL|0"
				if len(want) > 0 {
					ends = fmt.Sprintf("%s|%s|%d", want[0], down[0], len(want))
				}
				filtered := " WHERE value = 'none' OR (" + c.text + ")"
				for _, where := range []string{" WHERE " + c.text, filtered} {
					wantRows(t, conn, up, "SELECT key"+where, c.args...)
					wantRows(t, conn, strings.Join(down, " "), "SELECT key"+where+" ORDER BY key DESC", c.args...)
					wantRows(t, conn, ends, "SELECT min(key), max(key), count(*)"+where, c.args...)
				}
				exec(t, conn, "BEGIN")
				var updated []string
				for _, key := range want {
					updated = append(updated, key+"|"+key)
				}
				wantRows(t, conn, strings.Join(updated, " "), "UPDATE kv SET value = key WHERE "+c.text+" RETURNING key, value", c.args...)
				if r.IntN(2) == 0 {
					wantRows(t, conn, up, "DELETE WHERE "+c.text+" RETURNING key", c.args...)
				} else if n := exec(t, conn, "DELETE WHERE "+c.text, c.args...); n != int64(len(want)) {
					t.Errorf("DELETE WHERE %s %v: %d rows, want %d", c.text, c.args, n, len(want))
				}
				wantRows(t, conn, fmt.Sprint(len(m)-len(want)), "SELECT count(*)")
				exec(t, conn, "ROLLBACK")
				if t.Failed() {
					return
				}
			}
		})
	}
}
