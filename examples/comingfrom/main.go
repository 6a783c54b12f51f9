// SPDX-License-Identifier: Apache-2.0

// Command comingfrom runs five small programs, each written for lsmlite by database/sql,
// for its engine, for SQLite, bbolt and Pebble. They are the ones that
// docs/coming-from.md shows side by side, and its tests hold the page and the programs
// together. It is a module of its own, so that lsmlite does not depend on the others.
package main

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A program prints to out what it finds in the new database at path.
type program func(path string, out io.Writer)

// programs are the five, by the system they are written for.
var programs = []struct {
	name    string
	systems map[string]program
}{
	{"Basics", map[string]program{"lsmlite": lsmliteBasics, "engine": engineBasics,
		"sqlite": sqliteBasics, "bbolt": bboltBasics, "pebble": pebbleBasics}},
	{"Nested", map[string]program{"lsmlite": lsmliteNested, "engine": engineNested,
		"sqlite": sqliteNested, "bbolt": bboltNested, "pebble": pebbleNested}},
	{"Scan", map[string]program{"lsmlite": lsmliteScan, "engine": engineScan,
		"sqlite": sqliteScan, "bbolt": bboltScan, "pebble": pebbleScan}},
	{"Snapshot", map[string]program{"lsmlite": lsmliteSnapshot, "engine": engineSnapshot,
		"sqlite": sqliteSnapshot, "bbolt": bboltSnapshot, "pebble": pebbleSnapshot}},
	{"Bulk", map[string]program{"lsmlite": lsmliteBulk, "engine": engineBulk,
		"sqlite": sqliteBulk, "bbolt": bboltBulk, "pebble": pebbleBulk}},
}

var sampleRows = []struct{ key, value string }{
	{"user/2", "Grace"}, {"usher", "Tom"}, {"user/1", "Ada"}, {"fruit/fig", "12"}, {"user/3", "Barbara"},
}

const bulkRows = 10_000

func bulkKey(i int) string { return fmt.Sprintf("event/%06d", i) }

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}

// printRows prints the rows of a query of keys and values.
func printRows(db *sql.DB, out io.Writer, query string, args ...any) {
	rows, err := db.Query(query, args...)
	check(err)
	defer rows.Close()
	for rows.Next() {
		var key, value string
		check(rows.Scan(&key, &value))
		fmt.Fprintln(out, key, value)
	}
	check(rows.Err())
}

// quiet keeps Pebble from writing its log to the terminal.
var quiet = &pebble.Options{Logger: silent{}}

type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { log.Panicf(format, a...) }

func main() {
	dir, err := os.MkdirTemp("", "comingfrom")
	check(err)
	defer os.RemoveAll(dir)
	for _, p := range programs {
		for _, name := range slices.Sorted(maps.Keys(p.systems)) {
			fmt.Printf("-- %s, %s\n", p.name, name)
			p.systems[name](filepath.Join(dir, p.name+"."+name), os.Stdout)
		}
	}
}
