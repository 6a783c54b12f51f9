// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/write"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Dump writes rows as a stream.
type Dump struct {
	saving
	toFile
}

// Help has examples.
func (Dump) Help() string {
	return env.Help("A dump keeps all bytes, and a damaged or unfinished one is never read as a whole one. lsmlite load reads it. "+
		"The format is in docs/dump-format.md.", "lsmlite dump my.lsm my.dump", "lsmlite dump my.lsm | ssh host lsmlite load their.lsm",
		"lsmlite dump my.lsm --prefix user/ | zstd > users.dump.zst")
}

// Run dumps.
func (d Dump) Run(ctx context.Context, e *env.Env) error {
	if d.Output == "-" && e.OutTerminal() {
		return env.Errorf(env.Usage, "a dump is no text for a terminal; name a file, or write it into a pipe")
	}
	return d.save(ctx, e, d.Output, func(*engine.DB) (write.Sink, error) {
		out, err := write.Create(d.place(d.File), e.Stdout)
		if err != nil {
			return nil, err
		}
		return write.NewDump(out), nil
	})
}

// Load reads a dump.
type Load struct {
	loading
	Input string `arg:"" default:"-" help:"Dump, or - for standard input."`
}

// Help has examples.
func (Load) Help() string {
	return env.Help("Reads what lsmlite dump, or lsmlite-import, has written. An error in the dump names the byte; the rows before it are in the "+
		"database. "+aboutImport, "lsmlite load my.lsm my.dump", "zstd -dc users.dump.zst | lsmlite load my.lsm --add-prefix old/")
}

// Run loads.
func (l Load) Run(ctx context.Context, e *env.Env) error {
	in, err := read.Open(l.Input, e.Stdin)
	if err != nil {
		return err
	}
	src, err := read.NewDump(in)
	if err != nil {
		_ = in.Close()
		return env.Errorf(env.Refused, "%w", err)
	}
	return l.load(ctx, e, src, "dump", l.Input, nil)
}
