// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outside"
)

// aboutReader is part of the help of the imports from other engines.
var aboutReader = "It is read by the command " + readerName + ", which has to be installed: go install " + outside.Module(readerName) + "@latest. "

// readerName is the program that reads other engines.
const readerName = "lsmlite-import"

// from imports what the reader of other engines writes. The options say what is read.
func (l loading) from(ctx context.Context, e *env.Env, engine, input string, options []string) error {
	program, err := outside.Find(readerName, "other engines are read")
	if err != nil {
		return err
	}
	args := append([]string{"--ignore-interrupt", engine}, options...)
	src, err := read.Start(ctx, program, append(args, "--", input)...)
	if err != nil {
		return err
	}
	return l.load(ctx, e, src, engine, input, options)
}

// importBbolt imports buckets.
type importBbolt struct {
	loading
	Bucket    []string `placeholder:"NAME" sep:"none" help:"Only this bucket; given again, one in it."`
	Separator string   `default:"/" help:"Between the names of buckets and a key."`
	Escape    bool     `help:"Put a backslash before separators in names and keys."`
	Other     string   `arg:"" name:"bolt-file" help:"File of bbolt."`
}

// Help has examples.
func (importBbolt) Help() string {
	return env.Help("The key of each row is the names of its buckets and its key, with separators between them: the key 1 in the bucket users "+
		"is users/1. An empty bucket is a row with an empty key in it. If a name or a key has the separator in it so that two rows could "+
		"have one key, that is an error; --escape keeps all keys different. "+aboutReader+aboutImport,
		"lsmlite import bbolt my.lsm my.bolt", "lsmlite import bbolt my.lsm my.bolt --bucket users --add-prefix user/")
}

// Run imports.
func (i importBbolt) Run(ctx context.Context, e *env.Env) error {
	options := []string{"--separator=" + i.Separator}
	for _, name := range i.Bucket {
		options = append(options, "--bucket="+name)
	}
	if i.Escape {
		options = append(options, "--escape")
	}
	return i.from(ctx, e, "bbolt", i.Other, options)
}

// importPebble imports a folder of Pebble.
type importPebble struct {
	loading
	Folder string `arg:"" help:"Folder of Pebble."`
}

// Help has examples.
func (importPebble) Help() string {
	return env.Help("Keys and values are taken over as they are. Range keys of Pebble are an error. "+aboutReader+aboutImport,
		"lsmlite import pebble my.lsm db/")
}

// Run imports.
func (i importPebble) Run(ctx context.Context, e *env.Env) error {
	return i.from(ctx, e, "pebble", i.Folder, nil)
}

// importLevelDB imports a folder of LevelDB.
type importLevelDB struct {
	loading
	Folder string `arg:"" help:"Folder of LevelDB."`
}

// Help has examples.
func (importLevelDB) Help() string {
	return env.Help("Keys and values are taken over as they are. "+aboutReader+aboutImport, "lsmlite import leveldb my.lsm db/")
}

// Run imports.
func (i importLevelDB) Run(ctx context.Context, e *env.Env) error {
	return i.from(ctx, e, "leveldb", i.Folder, nil)
}

// importSQLite imports a table.
type importSQLite struct {
	loading
	Table       string `placeholder:"NAME" help:"Table or view; not needed if there is only one table."`
	KeyColumn   string `placeholder:"NAME" help:"Column of the key: key, or else the primary key."`
	ValueColumn string `placeholder:"NAME" xor:"value" help:"Column of the value: value, or else the only other one."`
	ValueJSON   bool   `xor:"value" help:"Make the value an object of all columns other than the key."`
	Other       string `arg:"" name:"sqlite-file" help:"SQLite database."`
}

// Help has examples.
func (importSQLite) Help() string {
	return env.Help("Texts and blobs are taken over as they are, and numbers as SQL writes them. In objects blobs are base64, in fields named "+
		"NAME_base64. "+aboutReader+aboutImport,
		"lsmlite import sqlite my.lsm my.db", "lsmlite import sqlite my.lsm my.db --table people --value-json --add-prefix person/")
}

// Run imports.
func (i importSQLite) Run(ctx context.Context, e *env.Env) error {
	var options []string
	for _, f := range []struct{ flag, value string }{
		{"--table=", i.Table}, {"--key-column=", i.KeyColumn}, {"--value-column=", i.ValueColumn},
	} {
		if f.value != "" {
			options = append(options, f.flag+f.value)
		}
	}
	if i.ValueJSON {
		options = append(options, "--value-json")
	}
	return i.from(ctx, e, "sqlite", i.Other, options)
}
