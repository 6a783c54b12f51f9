// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/write"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/keys"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Export has a subcommand for each kind of output.
type Export struct {
	CSV   exportCSV   `cmd:"" name:"csv" help:"Export rows as CSV."`
	JSONL exportJSONL `cmd:"" name:"jsonl" help:"Export rows as JSON, an object on each line."`
	SQL   exportSQL   `cmd:"" name:"sql" help:"Export rows as INSERT statements."`
	Dir   exportDir   `cmd:"" name:"dir" help:"Export each row as a file."`
	LSM   exportLSM   `cmd:"" name:"lsm" help:"Export rows into a new database."`
}

// saving are the flags of all exports.
type saving struct {
	env.Settings
	keys.Range
	File string `arg:"" help:"Database file."`
}

// toFile are the flags of exports into a file.
type toFile struct {
	Force  bool   `help:"Replace a file that is there."`
	Output string `arg:"" default:"-" help:"File, or - for standard output."`
}

// place is where the rows of a database go.
func (t toFile) place(from string) write.Place {
	return write.Place{Name: t.Output, Force: t.Force, From: from}
}

// save writes the rows of the range into the sink that begin makes. What was written is reported if it is
// not standard output.
func (s saving) save(ctx context.Context, e *env.Env, output string, begin func(*engine.DB) (write.Sink, error)) error {
	r, err := s.Rows()
	if err != nil {
		return err
	}
	db, err := s.Open(ctx, s.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	sink, err := begin(db.Engine)
	if err != nil {
		return err
	}
	begun := time.Now()
	p := e.Progress("exporting", env.Bytes, aboutSize(db.Engine, r))
	rows, err := copyRows(ctx, db.Engine, r, sink, p)
	p.Done()
	if err != nil {
		sink.Abort()
		return err
	}
	if err := sink.Close(); err != nil {
		return err
	}
	if err := db.Unread(e, s.File); err != nil {
		return err
	}
	if output == "-" {
		return nil
	}
	return saved(e, output, rows, time.Since(begun))
}

// copyRows writes the rows of a range into a sink and returns their number.
func copyRows(ctx context.Context, db *engine.DB, r row.Range, sink write.Sink, p *env.Progress) (rows int64, err error) {
	bytes := int64(0)
	limited, isLimited := sink.(write.Limited)
	err = walk(ctx, db, r, func(c *engine.Cursor) error {
		if isLimited {
			if err := limited.Takes(c.Key(), c.ValueLen()); err != nil {
				return err
			}
		}
		value, err := c.Value()
		if err != nil {
			return err
		}
		if rows++; rows%ctxRows == 0 {
			p.Set(bytes)
		}
		bytes += int64(len(c.Key()) + len(value))
		return sink.Row(c.Key(), value)
	})
	return rows, err
}

// aboutSize is about how many bytes all rows have, or 0 for a part of them.
func aboutSize(db *engine.DB, r row.Range) int64 {
	if len(r.From) > 0 || r.To != nil {
		return 0
	}
	old, live := db.TreeSize()
	size := old + live
	pageSize := int64(db.Options().PageSize)
	if db.CompressionID() > 1 {
		return 0 // compressed pages say little about it, and of encrypted ones it is bytes that are counted
	}
	for _, level := range db.Structure() {
		for _, s := range level.Segments {
			size += s.Pages * pageSize
		}
	}
	return size
}

// saved reports how many rows are in an output.
func saved(e *env.Env, output string, rows int64, took time.Duration) error {
	var err error
	if e.JSON {
		var line []byte
		if line, err = json.Marshal(map[string]any{"rows": rows, "output": output, "seconds": took.Seconds()}); err == nil {
			_, err = fmt.Fprintf(e.Stdout, "%s\n", line)
		}
		return err
	}
	line := fmt.Sprintf("%d rows exported to %s", rows, text.Name(output))
	if took >= time.Second {
		line += fmt.Sprintf(", in %v, %.1f million rows a minute", took.Round(100*time.Millisecond), float64(rows)/took.Minutes()/1e6)
	}
	_, err = fmt.Fprintln(e.Stdout, line)
	return err
}
