// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// csvColumns are the flags that say how a record becomes a row.
type csvColumns struct {
	Delimiter     string          `default:"," placeholder:"CHAR" help:"Between fields; tab is one."`
	Columns       []string        `placeholder:"NAME" help:"Names of the columns of a file without a header."`
	KeyColumn     string          `placeholder:"NAME" help:"Column of the key: key, or else the first one."`
	ValueColumn   string          `placeholder:"NAME" xor:"value" help:"Column of the value: value, or else the second of two."`
	ValueJSON     bool            `xor:"value" help:"Make the value an object of all columns other than the key."`
	KeyEncoding   encode.Encoding `enum:"text,hex,base64,shown," default:"" help:"How keys are written: text, hex, base64 or shown. Else the name of the column says it."`
	ValueEncoding encode.Encoding `enum:"text,hex,base64,shown," default:"" help:"How values are written, in the same way."`
}

// importCSV imports records.
type importCSV struct {
	loading
	csvColumns
	MaxRecord int    `default:"256" placeholder:"MIB" help:"Longest record, in MiB."`
	Input     string `arg:"" default:"-" help:"CSV file, or - for standard input."`
}

// Help has examples.
func (importCSV) Help() string {
	return env.Help("The first record has the names of the columns, unless --columns does. Columns key_hex, key_base64 and key_shown, "+
		"and those of values, are decoded: lsmlite export csv writes such. All bytes of a field are kept. "+aboutImport,
		"lsmlite import csv my.lsm in.csv", "lsmlite import csv my.lsm people.csv --key-column id --value-json",
		"lsmlite import csv my.lsm --columns key,value --delimiter tab < in.tsv")
}

// Run imports.
func (i importCSV) Run(ctx context.Context, e *env.Env) error {
	delim, err := delimiter(i.Delimiter)
	if err != nil {
		return err
	}
	in, err := read.Open(i.Input, e.Stdin)
	if err != nil {
		return err
	}
	in.MaxRecord = i.MaxRecord << 20
	src, err := read.NewCSV(in, read.CSVOptions{
		Delimiter: delim, Columns: i.Columns, Key: i.KeyColumn, Value: i.ValueColumn, ValueJSON: i.ValueJSON,
		KeyEncoding: i.KeyEncoding, ValueEncoding: i.ValueEncoding,
	})
	if err != nil {
		_ = in.Close()
		return env.Errorf(env.Refused, "%w", err)
	}
	return i.load(ctx, e, src, "csv", i.Input, i.csvColumns)
}

// delimiter is the character that a flag names.
func delimiter(s string) (rune, error) {
	if s == "tab" {
		return '\t', nil
	}
	r, n := utf8.DecodeRuneInString(s)
	if n != len(s) || r == utf8.RuneError || r == '"' || r == '\n' || r == '\r' {
		return 0, env.Errorf(env.Usage, "--delimiter %s: name one character, or tab", s)
	}
	return r, nil
}

// jsonFields are the flags that say how an object becomes a row.
type jsonFields struct {
	KeyField   string `placeholder:"NAME" help:"The field that is the key; the whole object is the value."`
	ValueField string `placeholder:"NAME" help:"With --key-field: the field that is the value."`
}

// importJSONL imports lines of JSON.
type importJSONL struct {
	loading
	jsonFields
	MaxRecord int    `default:"256" placeholder:"MIB" help:"Longest line, in MiB."`
	Input     string `arg:"" default:"-" help:"File, or - for standard input."`
}

// Help has examples.
func (importJSONL) Help() string {
	return env.Help("Each line is {\"key\":\"…\",\"value\":\"…\"}, with key_base64 and value_base64 for bytes that are not UTF-8, "+
		"as lsmlite scan --json and lsmlite export jsonl write it; or any object with --key-field: "+
		"its key is a string, or a number, true or false as it is written. "+aboutImport,
		"lsmlite import jsonl my.lsm in.jsonl", "lsmlite import jsonl my.lsm events.jsonl --key-field id --add-prefix event/")
}

// Run imports.
func (i importJSONL) Run(ctx context.Context, e *env.Env) error {
	if i.ValueField != "" && i.KeyField == "" {
		return env.Errorf(env.Usage, "--value-field needs --key-field")
	}
	in, err := read.Open(i.Input, e.Stdin)
	if err != nil {
		return err
	}
	in.MaxRecord = i.MaxRecord << 20
	src := read.NewJSONL(in, encode.Fields{Key: i.KeyField, Value: i.ValueField})
	return i.load(ctx, e, src, "jsonl", i.Input, i.jsonFields)
}
