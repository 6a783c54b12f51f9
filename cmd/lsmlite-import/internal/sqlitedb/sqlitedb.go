// SPDX-License-Identifier: Apache-2.0

// Package sqlitedb reads tables of SQLite databases.
package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

// Options say which columns become rows.
type Options struct {
	Table      string // or view; "" is the only table
	Key, Value string // columns; "" are those that suggest themselves
	ValueJSON  bool   // the value is an object of all columns other than the key
}

// Read writes the rows of a table. A key or value is the bytes of a text or of a blob, or a number as SQL
// writes it; NULL is an error. In objects, numbers, texts and NULL are what they are in JSON, and blobs are
// in base64, in fields named NAME_base64. Rows come in the order in which SQLite has them.
func Read(path string, o Options, w *out.Writer) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	name := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "mode=ro&_pragma=busy_timeout(2000)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(table(db, path, o, w), db.Close())
}

// table reads the table.
func table(db *sql.DB, path string, o Options, w *out.Writer) error {
	if err := db.Ping(); err != nil {
		return out.Errorf(out.ErrOpen, "open %s: %w", path, err)
	}
	tables, err := names(db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	switch {
	case err != nil:
		return out.Errorf(out.ErrOpen, "open %s: %w", path, err)
	case o.Table != "":
	case len(tables) == 1:
		o.Table = tables[0]
	default:
		return out.Errorf(out.ErrRefused, "which table of %s? --table names one of %s", path, orNone(tables))
	}
	columns, err := names(db, `SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1`, o.Table)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return out.Errorf(out.ErrRefused, "%s has no table %s; the tables are %s", path, o.Table, orNone(tables))
	}
	primary, err := names(db, `SELECT name FROM pragma_table_info(?) WHERE pk > 0`, o.Table)
	if err != nil {
		return err
	}
	c := chosen{columns: columns, json: o.ValueJSON}
	if err := c.choose(o, primary); err != nil {
		return err
	}
	return rows(db, o.Table, c, w)
}

// names returns the first column of a query.
func names(db *sql.DB, query string, args ...any) (list []string, err error) {
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, rows.Err()
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// rows reads all rows. A column is read through an expression, because the driver would make a time of
// a column whose type says so.
func rows(db *sql.DB, table string, c chosen, w *out.Writer) error {
	list := make([]string, len(c.columns))
	for i, name := range c.columns {
		list[i] = "+" + quote(name)
	}
	found, err := db.QueryContext(context.Background(), "SELECT "+strings.Join(list, ", ")+" FROM "+quote(table))
	if err != nil {
		return err
	}
	defer found.Close()
	cells := make([]any, len(c.columns))
	into := make([]any, len(c.columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for n := int64(1); found.Next(); n++ {
		if err := found.Scan(into...); err != nil {
			return err
		}
		if err := c.row(n, cells, w); err != nil {
			return err
		}
	}
	return found.Err()
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
