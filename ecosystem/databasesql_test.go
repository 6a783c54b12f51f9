// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// profile is stored as JSON.
type profile struct {
	Name string
	Tags []string
}

// Value makes profile an argument.
func (p profile) Value() (driver.Value, error) { return json.Marshal(p) }

// Scan makes *profile a destination.
func (p *profile) Scan(src any) error {
	switch b := src.(type) {
	case []byte:
		return json.Unmarshal(b, p)
	case string:
		return json.Unmarshal([]byte(b), p)
	}
	return fmt.Errorf("a profile in a %T", src)
}

// A type of one's own as a value: driver.Valuer to write it, sql.Scanner to read it.
func Example_valuerAndScanner() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()

	_, err = db.Exec("INSERT INTO kv VALUES (?, ?)", "user/1", profile{"Ada", []string{"maths"}})
	check(err)
	var p profile
	check(db.QueryRow("SELECT value FROM kv WHERE key = ?", "user/1").Scan(&p))
	fmt.Println(p.Name, p.Tags)
	// Output: Ada [maths]
}

// Arguments by name, and a value that may be missing.
func Example_named() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()

	_, err = db.Exec("INSERT INTO kv VALUES (:k, @v)", sql.Named("v", 42), sql.Named("k", "answer"))
	check(err)
	var n sql.Null[int]
	check(db.QueryRow("SELECT value FROM kv WHERE key = $k", sql.Named("k", "answer")).Scan(&n))
	fmt.Println(n.V, n.Valid)
	// Output: 42 true
}

func TestNull(t *testing.T) {
	db := open(t, newFile(t))
	put(t, db, "INSERT INTO kv VALUES (?, ?)", sql.Null[string]{V: "n", Valid: true}, sql.Null[int64]{V: 7, Valid: true})
	put(t, db, "INSERT INTO kv VALUES ('when', ?)", sql.NullTime{Time: time.Unix(1e9, 0), Valid: true})

	var n sql.Null[int]
	must(t, db.QueryRow("SELECT value FROM kv WHERE key = 'n'").Scan(&n))
	equal(t, "Null[int]", n, sql.Null[int]{V: 7, Valid: true})
	var f sql.Null[float64]
	must(t, db.QueryRow("SELECT value FROM kv WHERE key = 'n'").Scan(&f))
	equal(t, "Null[float64]", f, sql.Null[float64]{V: 7, Valid: true})
	var b sql.Null[[]byte]
	must(t, db.QueryRow("SELECT value FROM kv WHERE key = 'n'").Scan(&b))
	equal(t, "Null[[]byte]", string(b.V), "7")
	var s sql.NullString
	must(t, db.QueryRow("SELECT value FROM kv WHERE key = 'when'").Scan(&s))
	equal(t, "a time as text", s.String, "2001-09-09T01:46:40.000000000Z")

	// There is no NULL to store.
	_, err := db.Exec("INSERT INTO kv VALUES ('null', ?)", sql.Null[string]{})
	if !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("storing NULL: got %v, want ErrMisuse", err)
	}
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv"), "2")
}

// The empty value is not NULL.
func TestEmptyIsNotNull(t *testing.T) {
	db := open(t, newFile(t))
	put(t, db, "INSERT INTO kv VALUES ('slice', ?), ('string', ?)", []byte{}, "")
	_, err := db.Exec("INSERT INTO kv VALUES ('nil slice', ?)", []byte(nil))
	if !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("a nil slice: %v", err)
	}
	rows, err := db.Query("SELECT value FROM kv")
	must(t, err)
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var v sql.Null[string]
		must(t, rows.Scan(&v))
		equal(t, "empty value", v, sql.Null[string]{V: "", Valid: true})
	}
	must(t, rows.Err())
	equal(t, "rows", count, 2)
}

func TestOutIsRefused(t *testing.T) {
	db := open(t, newFile(t))
	var v string
	for name, arg := range map[string]any{"by place": sql.Out{Dest: &v}, "by name": sql.Named("v", sql.Out{Dest: &v, In: true})} {
		_, err := db.Exec("SELECT value FROM kv WHERE key = :v", arg)
		if !errors.Is(err, lsmlite.ErrMisuse) || !strings.Contains(err.Error(), "output parameters") {
			t.Errorf("sql.Out %s: got %v, want ErrMisuse that says so", name, err)
		}
	}
}

func TestNamedArguments(t *testing.T) {
	db := open(t, newFile(t))
	// The three prefixes, a name that is used twice, and an order of its own.
	put(t, db, "INSERT INTO kv VALUES (:a, @b), ($c, :a)", sql.Named("c", "2"), sql.Named("b", "x"), sql.Named("a", "1"))
	equal(t, "first", get(t, db, "SELECT value FROM kv WHERE key = '1'"), "x")
	equal(t, "second", get(t, db, "SELECT value FROM kv WHERE key = '2'"), "1")
	for name, args := range map[string][]any{
		"unknown": {sql.Named("a", "1"), sql.Named("z", "2")},
		"missing": {},
		"twice":   {sql.Named("a", "1"), sql.Named("a", "1")},
	} {
		if err := db.QueryRow("SELECT value FROM kv WHERE key = :a", args...).Scan(new(string)); !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("%s name: got %v, want ErrMisuse", name, err)
		}
	}
}

// A sql.Conn is one connection, so BEGIN and its statements stay together.
func TestConn(t *testing.T) {
	db := open(t, newFile(t))
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	must(t, conn.PingContext(t.Context()))
	put(t, conn, "BEGIN")
	put(t, conn, "INSERT INTO kv VALUES ('a', 1)")
	equal(t, "in the connection", get(t, conn, "SELECT count(*) FROM kv"), "1")
	equal(t, "in the pool", get(t, db, "SELECT count(*) FROM kv"), "0")
	put(t, conn, "ROLLBACK")
	equal(t, "after ROLLBACK", get(t, conn, "SELECT count(*) FROM kv"), "0")

	tx, err := conn.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
	must(t, err)
	must(t, lsmlite.Savepoint(t.Context(), conn, func() error {
		_, err := conn.ExecContext(t.Context(), "INSERT INTO kv VALUES ('b', 2)")
		return err
	}))
	must(t, tx.Commit())
	equal(t, "after Commit", get(t, db, "SELECT count(*) FROM kv"), "1")

	// So does a text that has all of it.
	put(t, db, "BEGIN; INSERT INTO kv VALUES ('c', 3); COMMIT")
	equal(t, "after COMMIT", get(t, db, "SELECT count(*) FROM kv"), "2")

	must(t, conn.Raw(func(c any) error {
		if _, ok := c.(driver.QueryerContext); !ok {
			return fmt.Errorf("a connection of type %T runs no queries", c)
		}
		return nil
	}))
	must(t, conn.Close())
	if err := conn.PingContext(t.Context()); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("Ping after Close: got %v, want sql.ErrConnDone", err)
	}
}

func TestColumnTypes(t *testing.T) {
	path := newFile(t)
	type column struct {
		name, database string
		scan           reflect.Type
	}
	blob, text, integer := reflect.TypeFor[[]byte](), reflect.TypeFor[string](), reflect.TypeFor[int64]()
	for _, test := range []struct {
		setting, query string
		want           []column
	}{
		{"", "SELECT * FROM kv", []column{{"key", "BLOB", blob}, {"value", "BLOB", blob}}},
		{"?key_type=text&value_type=text", "SELECT key AS k, value FROM kv", []column{{"k", "TEXT", text}, {"value", "TEXT", text}}},
		{"", "SELECT count(*) AS n FROM kv", []column{{"n", "INTEGER", integer}}},
		{"", "SELECT 1.5 AS x", []column{{"x", "REAL", reflect.TypeFor[float64]()}}},
	} {
		t.Run(test.query, func(t *testing.T) {
			db := open(t, path+test.setting)
			rows, err := db.Query(test.query)
			must(t, err)
			defer rows.Close()
			types, err := rows.ColumnTypes()
			must(t, err)
			equal(t, "columns", len(types), len(test.want))
			for i, c := range types {
				equal(t, "column", column{c.Name(), c.DatabaseTypeName(), c.ScanType()}, test.want[i])
				nullable, known := c.Nullable()
				equal(t, "nullable", [2]bool{nullable, known}, [2]bool{false, true})
				// Bytes and texts have no limit that a tool could use, numbers have no length.
				wantLength := int64(math.MaxInt64)
				if c.ScanType() != blob && c.ScanType() != text {
					wantLength = 0
				}
				length, variable := c.Length()
				equal(t, "length", length, wantLength)
				equal(t, "variable length", variable, wantLength != 0)
				if _, _, ok := c.DecimalSize(); ok {
					t.Error("a column says that it is decimal")
				}
			}
		})
	}
}

// pointerValuer has its Value on the pointer.
type pointerValuer struct{ n int }

func (p *pointerValuer) Value() (driver.Value, error) { return fmt.Sprint("n=", p.n), nil }

// failing is an argument that cannot be had.
type failing struct{}

var errFailing = errors.New("cannot be had")

func (failing) Value() (driver.Value, error) { return nil, errFailing }

func TestValuers(t *testing.T) {
	db := open(t, newFile(t))
	type name string // its kind is what counts
	type number uint16
	put(t, db, "INSERT INTO kv VALUES (?, ?), ('ptr', ?), ('number', ?), ('json', ?)",
		name("profile"), profile{Name: "Ada"}, &pointerValuer{3}, number(9), json.RawMessage(`{"a":1}`))
	equal(t, "Valuer", get(t, db, "SELECT value FROM kv WHERE key = 'profile'"), `{"Name":"Ada","Tags":null}`)
	equal(t, "Valuer on a pointer", get(t, db, "SELECT value FROM kv WHERE key = 'ptr'"), "n=3")
	equal(t, "a kind of number", get(t, db, "SELECT value FROM kv WHERE key = 'number'"), "9")
	equal(t, "a kind of bytes", get(t, db, "SELECT value FROM kv WHERE key = 'json'"), `{"a":1}`)

	_, err := db.Exec("INSERT INTO kv VALUES ('x', ?)", failing{})
	if !errors.Is(err, errFailing) {
		t.Errorf("a Valuer that fails: got %v, want its error", err)
	}
	var none *profile
	for what, arg := range map[string]any{"a struct": struct{ A int }{1}, "a nil Valuer": none, "a channel": make(chan int)} {
		if _, err := db.Exec("INSERT INTO kv VALUES ('x', ?)", arg); !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("%s: got %v, want ErrMisuse", what, err)
		}
	}
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv"), "4")
}

func TestMultipleResultSets(t *testing.T) {
	db := open(t, newFile(t))
	rows, err := db.Query("INSERT INTO kv VALUES (?, ?); SELECT value FROM kv; SELECT count(*) FROM kv", "a", "x")
	must(t, err)
	defer rows.Close()
	equal(t, "rows of the INSERT", rows.Next(), false)
	var got []string
	for rows.NextResultSet() {
		for rows.Next() {
			var s string
			must(t, rows.Scan(&s))
			got = append(got, s)
		}
	}
	must(t, rows.Err())
	equal(t, "results", fmt.Sprint(got), "[x 1]")
}

// Statements prepared on the pool work in transactions and by many at once.
func TestPreparedOnThePool(t *testing.T) {
	db := open(t, newFile(t))
	insert, err := db.Prepare("INSERT INTO kv VALUES (?, ?)")
	must(t, err)
	defer insert.Close()
	tx, err := db.Begin()
	must(t, err)
	_, err = tx.Stmt(insert).Exec("in", "tx")
	must(t, err)
	must(t, tx.Rollback())
	done := make(chan error)
	for i := range 10 {
		go func() {
			_, err := insert.ExecContext(context.Background(), i, "x")
			done <- err
		}()
	}
	for range 10 {
		if err := <-done; !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("a number as a key: got %v, want ErrMisuse", err)
		}
	}
	for i := range 10 {
		go func() {
			_, err := insert.ExecContext(context.Background(), fmt.Sprint("key/", i), "x")
			done <- err
		}()
	}
	for range 10 {
		must(t, <-done)
	}
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv"), "10")
}
