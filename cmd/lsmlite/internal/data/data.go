// SPDX-License-Identifier: Apache-2.0

// Package data has the subcommands that read and write rows, one at a time or all of them.
package data

import (
	"context"
	"os"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// parseKey reads a key of the command line.
func parseKey(s string) ([]byte, error) {
	key, err := text.Parse(s)
	if err != nil {
		return nil, env.Errorf(env.Usage, "key %w", err)
	}
	return key, nil
}

// ctxRows is how many rows a walk passes between two looks at the context.
const ctxRows = 1 << 10

// walk calls f for each key of a range, in order, with the cursor on it, until f returns an error.
func walk(ctx context.Context, db *engine.DB, r row.Range, f func(*engine.Cursor) error) error {
	c, err := db.Cursor(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	n := 0
	for ok := c.Seek(r.From, engine.SeekGE); ok && r.Has(c.Key()); ok = c.Next() {
		if n++; n%ctxRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return c.Err()
}

// walkBack is walk from the last key to the first.
func walkBack(ctx context.Context, db *engine.DB, r row.Range, f func(*engine.Cursor) error) error {
	c, err := db.Cursor(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	ok := false
	if r.To == nil {
		ok = c.Last()
	} else if ok = c.Seek(r.To, engine.SeekLE); ok && !r.Has(c.Key()) {
		ok = c.Prev()
	}
	n := 0
	for ; ok && r.Has(c.Key()); ok = c.Prev() {
		if n++; n%ctxRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return c.Err()
}

// typed returns the command line without the given flags, as it can be typed again.
func typed(without ...string) string {
	words := []string{"lsmlite"}
	for _, w := range os.Args[1:] {
		skip := false
		for _, flag := range without {
			skip = skip || w == flag
		}
		if !skip {
			words = append(words, shellWord(w))
		}
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a shell, if it has to be.
func shellWord(w string) string {
	if w != "" && strings.IndexFunc(w, func(r rune) bool {
		return !strings.ContainsRune("%+,-./:=@_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
