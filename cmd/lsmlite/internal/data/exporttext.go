// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/write"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// exportCSV exports records.
type exportCSV struct {
	saving
	toFile
	Delimiter     string          `default:"," placeholder:"CHAR" help:"Between fields; tab is one."`
	Header        bool            `default:"true" negatable:"" help:"Begin with the names of the columns."`
	Encoding      encode.Encoding `enum:"text,hex,base64,shown" default:"text" help:"How bytes are written: ${enum}."`
	KeyEncoding   encode.Encoding `enum:"text,hex,base64,shown," default:"" help:"How keys are written, if in another way."`
	ValueEncoding encode.Encoding `enum:"text,hex,base64,shown," default:"" help:"How values are written, if in another way."`
}

// Help has examples.
func (exportCSV) Help() string {
	return env.Help("Rows that are no text are an error with the encoding text; the others can write all bytes. The header says which it is, "+
		"so that lsmlite import csv reads it back: key_hex, value_base64 …", "lsmlite export csv my.lsm out.csv",
		"lsmlite export csv my.lsm --prefix user/ | column -s, -t", "lsmlite export csv my.lsm out.csv --value-encoding base64")
}

// Run exports.
func (x exportCSV) Run(ctx context.Context, e *env.Env) error {
	delim, err := delimiter(x.Delimiter)
	if err != nil {
		return err
	}
	key, value := x.KeyEncoding, x.ValueEncoding
	if key == "" {
		key = x.Encoding
	}
	if value == "" {
		value = x.Encoding
	}
	return x.save(ctx, e, x.Output, func(*engine.DB) (write.Sink, error) {
		out, err := write.Create(x.place(x.File), e.Stdout)
		if err != nil {
			return nil, err
		}
		return write.NewCSV(out, delim, x.Header, key, value)
	})
}

// exportJSONL exports lines of JSON.
type exportJSONL struct {
	saving
	toFile
}

// Help has examples.
func (exportJSONL) Help() string {
	return env.Help("Each line is {\"key\":\"…\",\"value\":\"…\"}, with key_base64 or value_base64 for bytes that are not UTF-8. "+
		"lsmlite import jsonl reads it back.", "lsmlite export jsonl my.lsm out.jsonl", "lsmlite export jsonl my.lsm | jq -r .key")
}

// Run exports.
func (x exportJSONL) Run(ctx context.Context, e *env.Env) error {
	return x.save(ctx, e, x.Output, func(*engine.DB) (write.Sink, error) {
		out, err := write.Create(x.place(x.File), e.Stdout)
		if err != nil {
			return nil, err
		}
		return &write.JSONL{Output: out}, nil
	})
}

// exportSQL exports statements.
type exportSQL struct {
	saving
	toFile
	Table string `default:"kv" placeholder:"NAME" help:"Table of the statements."`
}

// Help has examples.
func (exportSQL) Help() string {
	return env.Help("INSERT statements of about 64 KiB, in transactions of about 4 MiB, for lsmlite or for SQLite. Bytes that are no text are "+
		"written as x'00ff'.", "lsmlite export sql my.lsm out.sql", "lsmlite export sql my.lsm | lsmlite other.lsm",
		"lsmlite export sql my.lsm --prefix user/ --table users | sqlite3 users.db")
}

// Run exports.
func (x exportSQL) Run(ctx context.Context, e *env.Env) error {
	return x.save(ctx, e, x.Output, func(*engine.DB) (write.Sink, error) {
		out, err := write.Create(x.place(x.File), e.Stdout)
		if err != nil {
			return nil, err
		}
		return write.NewSQL(out, x.Table), nil
	})
}
