// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/bolt"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/leveldb"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/pebbledb"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/sqlitedb"
)

// bboltCommand reads bbolt.
type bboltCommand struct {
	Bucket    []string `placeholder:"NAME" sep:"none" help:"Only this bucket; given again, one in it."`
	Separator string   `default:"/" help:"Between the names of buckets and a key."`
	Escape    bool     `help:"Put a backslash before separators in names and keys."`
	File      string   `arg:"" help:"File of bbolt."`
}

// Run reads.
func (c bboltCommand) Run(w *out.Writer) error {
	return bolt.Read(c.File, bolt.Options{Bucket: c.Bucket, Separator: []byte(c.Separator), Escape: c.Escape}, w)
}

// pebbleCommand reads Pebble.
type pebbleCommand struct {
	Folder string `arg:"" help:"Folder of Pebble."`
}

// Run reads.
func (c pebbleCommand) Run(w *out.Writer) error { return pebbledb.Read(c.Folder, w) }

// leveldbCommand reads LevelDB.
type leveldbCommand struct {
	Folder string `arg:"" help:"Folder of LevelDB."`
}

// Run reads.
func (c leveldbCommand) Run(w *out.Writer) error { return leveldb.Read(c.Folder, w) }

// sqliteCommand reads SQLite.
type sqliteCommand struct {
	Table       string `placeholder:"NAME" help:"Table or view; not needed if there is only one table."`
	KeyColumn   string `placeholder:"NAME" help:"Column of the key: key, or else the primary key."`
	ValueColumn string `placeholder:"NAME" xor:"value" help:"Column of the value: value, or else the only other one."`
	ValueJSON   bool   `xor:"value" help:"Make the value an object of all columns other than the key."`
	File        string `arg:"" help:"SQLite database."`
}

// Run reads.
func (c sqliteCommand) Run(w *out.Writer) error {
	return sqlitedb.Read(c.File, sqlitedb.Options{Table: c.Table, Key: c.KeyColumn, Value: c.ValueColumn, ValueJSON: c.ValueJSON}, w)
}
