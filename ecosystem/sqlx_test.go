// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"
)

// row is a row of kv as a struct.
type row struct {
	Key   string
	Value string
}

// openSqlx returns a sqlx pool of a new database with three users.
func openSqlx(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Connect("lsmlite", newFile(t))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	res, err := db.NamedExec("INSERT INTO kv (key, value) VALUES (:key, :value)", users)
	must(t, err)
	n, err := res.RowsAffected()
	must(t, err)
	equal(t, "rows written by one NamedExec of a slice", n, 3)
	return db
}

var users = []row{{"user/1", "Ada"}, {"user/2", "Grace"}, {"user/3", "Barbara"}}

// Rows as structs, named arguments, and a list as an argument.
func Example_sqlx() {
	db := sqlx.MustConnect("lsmlite", ":memory:")
	defer db.Close()
	type user struct {
		Key  string
		Name string `db:"value"`
	}

	_, err := db.NamedExec("INSERT INTO kv (key, value) VALUES (:key, :value)",
		[]user{{"user/1", "Ada"}, {"user/2", "Grace"}, {"user/3", "Barbara"}})
	check(err)

	var ada user
	check(db.Get(&ada, "SELECT * FROM kv WHERE key = ?", "user/1"))
	fmt.Println(ada.Name)

	query, args, err := sqlx.In("SELECT * FROM kv WHERE key IN (?)", []string{"user/3", "user/2"})
	check(err)
	var some []user
	check(db.Select(&some, db.Rebind(query), args...))
	fmt.Println(some)
	// Output:
	// Ada
	// [{user/2 Grace} {user/3 Barbara}]
}

func TestSqlxGet(t *testing.T) {
	db := openSqlx(t)

	var got row
	must(t, db.Get(&got, "SELECT key, value FROM kv WHERE key = ?", "user/2"))
	equal(t, "struct", got, users[1])

	var name string
	must(t, db.Get(&name, "SELECT value FROM kv WHERE key = ?", "user/3"))
	equal(t, "scalar", name, "Barbara")

	var n int
	must(t, db.Get(&n, "SELECT count(*) FROM kv"))
	equal(t, "count", n, 3)

	err := db.Get(&got, "SELECT key, value FROM kv WHERE key = ?", "user/4")
	if !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("Get of a missing key: got %v, want sql.ErrNoRows", err)
	}
}

func TestSqlxSelect(t *testing.T) {
	db := openSqlx(t)

	var got []row
	must(t, db.Select(&got, "SELECT * FROM kv WHERE key BETWEEN ? AND ? ORDER BY key DESC", "user/1", "user/2"))
	if want := []row{users[1], users[0]}; !slices.Equal(got, want) {
		t.Errorf("structs: got %v, want %v", got, want)
	}

	var pointers []*row
	must(t, db.Select(&pointers, "SELECT * FROM kv"))
	for i, p := range pointers {
		equal(t, "pointer to struct", *p, users[i])
	}
	equal(t, "pointers", len(pointers), 3)

	// Each row's bytes are its own, also when they were read into one slice.
	var values [][]byte
	must(t, db.Select(&values, "SELECT value FROM kv"))
	equal(t, "values", fmt.Sprintf("%s", values), "[Ada Grace Barbara]")
}

func TestSqlxRows(t *testing.T) {
	db := openSqlx(t)

	rows, err := db.Queryx("SELECT key, value FROM kv LIMIT 2")
	must(t, err)
	defer rows.Close()
	if !rows.Next() {
		t.Fatal("no first row:", rows.Err())
	}
	var got row
	must(t, rows.StructScan(&got))
	equal(t, "StructScan", got, users[0])
	if !rows.Next() {
		t.Fatal("no second row:", rows.Err())
	}
	m := map[string]any{}
	must(t, rows.MapScan(m))
	equal(t, "MapScan", fmt.Sprintf("%s", m), "map[key:user/2 value:Grace]")
	equal(t, "a third row", rows.Next(), false)
	must(t, rows.Err())
}

func TestSqlxNamedQuery(t *testing.T) {
	db := openSqlx(t)
	for name, arg := range map[string]any{
		"map":    map[string]any{"key": "user/2"},
		"struct": row{Key: "user/2"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := db.NamedQuery("SELECT * FROM kv WHERE key = :key", arg)
			must(t, err)
			defer rows.Close()
			var got []row
			must(t, sqlx.StructScan(rows, &got))
			if !slices.Equal(got, users[1:2]) {
				t.Errorf("got %v, want %v", got, users[1:2])
			}
		})
	}

	_, err := db.NamedQuery("SELECT * FROM kv WHERE key = :nobody", row{})
	if err == nil {
		t.Error("a name that the struct does not have: no error")
	}
}

// sqlx turns :key into ? for a driver that it does not know. The driver takes :key
// itself, too, and sqlx leaves it alone once it is told so.
func TestSqlxBindType(t *testing.T) {
	equal(t, "bind type of the driver", sqlx.BindType("lsmlite"), sqlx.UNKNOWN)
	equal(t, "a query after Rebind", sqlx.Rebind(sqlx.UNKNOWN, "SELECT value WHERE key = ?"), "SELECT value WHERE key = ?")

	db := openSqlx(t)
	query, args, err := db.BindNamed("SELECT value WHERE key = :key", row{Key: "user/1"})
	must(t, err)
	equal(t, "query", query, "SELECT value WHERE key = ?")
	equal(t, "its result", get(t, db, query, args...), "Ada")
	equal(t, "result by name", get(t, db, "SELECT value WHERE key = :key", sql.Named("key", "user/1")), "Ada")
}

func TestSqlxIn(t *testing.T) {
	db := openSqlx(t)
	query, args, err := sqlx.In("SELECT * FROM kv WHERE key IN (?) LIMIT ?", []string{"user/3", "nobody", "user/1"}, 5)
	must(t, err)
	var got []row
	must(t, db.Select(&got, db.Rebind(query), args...))
	if want := []row{users[0], users[2]}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	query, args, err = sqlx.Named("DELETE FROM kv WHERE key IN (:keys)", map[string]any{"keys": []string{"user/1", "user/3"}})
	must(t, err)
	query, args, err = sqlx.In(query, args...)
	must(t, err)
	res, err := db.Exec(db.Rebind(query), args...)
	must(t, err)
	n, err := res.RowsAffected()
	must(t, err)
	equal(t, "rows deleted", n, 2)
}

func TestSqlxTransaction(t *testing.T) {
	db := openSqlx(t)

	tx, err := db.Beginx()
	must(t, err)
	_, err = tx.NamedExec("INSERT INTO kv VALUES (:key, :value)", row{"user/4", "Hedy"})
	must(t, err)
	var got row
	must(t, tx.Get(&got, "SELECT * FROM kv WHERE key = 'user/4'"))
	equal(t, "what the transaction sees", got, row{"user/4", "Hedy"})
	equal(t, "what others see", get(t, db, "SELECT count(*) FROM kv"), "3")
	must(t, tx.Rollback())
	equal(t, "rows after Rollback", get(t, db, "SELECT count(*) FROM kv"), "3")

	tx = db.MustBegin()
	tx.MustExec("INSERT INTO kv VALUES (?, ?)", "user/5", "Radia")
	must(t, tx.Commit())
	equal(t, "rows after Commit", get(t, db, "SELECT count(*) FROM kv"), "4")
}

func TestSqlxPreparedNamed(t *testing.T) {
	db := openSqlx(t)
	read, err := db.PrepareNamed("SELECT key, value FROM kv WHERE key = :key")
	must(t, err)
	defer read.Close()
	for _, want := range users {
		var got row
		must(t, read.Get(&got, row{Key: want.Key}))
		equal(t, "row", got, want)
	}

	tx, err := db.Beginx()
	must(t, err)
	defer tx.Rollback()
	write, err := tx.PrepareNamed("INSERT INTO kv (key, value) VALUES (:key, :value)")
	must(t, err)
	defer write.Close()
	write.MustExec(row{"user/1", "Augusta Ada"})
	write.MustExec(row{"user/4", "Hedy"})
	var got row
	must(t, tx.NamedStmt(read).Get(&got, row{Key: "user/1"}))
	equal(t, "a prepared query in the transaction", got, row{"user/1", "Augusta Ada"})
	must(t, tx.Commit())
	equal(t, "rows after Commit", get(t, db, "SELECT count(*) FROM kv"), "4")

	plain, err := db.Preparex("SELECT * FROM kv WHERE key >= ? LIMIT ?")
	must(t, err)
	defer plain.Close()
	var some []row
	must(t, plain.Select(&some, "user/3", 1))
	if !slices.Equal(some, users[2:3]) {
		t.Errorf("Preparex: got %v, want %v", some, users[2:3])
	}
}
