// SPDX-License-Identifier: Apache-2.0

// Package care has the subcommands that keep a database in order: they check, measure, copy,
// compare, rewrite and rescue it. Only package app uses it.
//
// A subcommand that makes a new file in the place of another one does it through a place, which
// owns the rule that the file there stays as it is until the new one is complete and verified.
package care

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// logSuffix makes the name of a log of that of its database.
const logSuffix = "-log"

// target is the database that a subcommand works on.
type target struct {
	env.Settings
	File string `arg:"" help:"Database file."`
}

// openToLook opens a database for reading, even if the first page of a segment is damaged. Only then
// it is read around what is damaged.
func (t target) openToLook(ctx context.Context) (*env.Database, error) {
	db, err := t.Open(ctx, t.File, env.Read)
	if !errors.Is(err, engine.ErrCorrupt) {
		return db, err
	}
	t.Set = append([]string{"skip_damaged=on"}, t.Set...)
	return t.Open(ctx, t.File, env.Read)
}

// printJSON prints a document on a line.
func printJSON(e *env.Env, v any) error {
	enc := json.NewEncoder(e.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inJSON is a key or a value in JSON: a string if it is UTF-8, else what becomes Base64. A field that is
// named for the one gets the first result, and one with _base64 in its name the second.
func inJSON(b []byte) (plain *string, base64 []byte) {
	if !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}

// amount renders a number of bytes.
func amount(n int64) string { return progress.FormatBytes(n) }

// plural renders a number of things, whose plural has an s unless it is given.
func plural(n int64, one string, more ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(more) > 0:
		return fmt.Sprintf("%d %s", n, more[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// sizes are the lengths of a database file and of its log; 0 if one is not there.
type sizes struct {
	File int64 `json:"file_bytes"`
	Log  int64 `json:"log_bytes"`
}

func sizesOf(path string) (s sizes) {
	if info, err := os.Stat(path); err == nil {
		s.File = info.Size()
	}
	if info, err := os.Stat(path + logSuffix); err == nil {
		s.Log = info.Size()
	}
	return s
}

// pollEvery is how often the progress of work is read that does not report it.
const pollEvery = 200 * time.Millisecond

// poll shows the progress that done returns, until the caller calls stop.
func poll(ctx context.Context, p *env.Progress, done func() int64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.Set(done())
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		p.Done()
	}
}
