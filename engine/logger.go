// SPDX-License-Identifier: Apache-2.0

//go:build !lsmlite_small

package engine

import (
	"context"
	"log/slog"
	"time"
)

// canLog says that Options.Logger can be used.
const canLog = true

// observerOf returns what gets the events, nil if nothing does.
func observerOf(o *Options) *Observer { return JoinObservers(o.Observer, logObserver(o.Logger)) }

// logObserver returns an Observer that writes the rare events to a logger, nil for a nil
// logger. Commits are not logged; Observer.Committed reports them.
func logObserver(l *slog.Logger) *Observer {
	if l == nil {
		return nil
	}
	// say writes one event about a database. An error raises it to level Error.
	say := func(level slog.Level, path, what string, d time.Duration, err error, attrs ...slog.Attr) {
		if err != nil {
			level, what = slog.LevelError, what+" failed"
		}
		ctx := context.Background()
		if !l.Enabled(ctx, level) {
			return
		}
		all := make([]slog.Attr, 0, len(attrs)+3)
		all = append(all, slog.String("path", path))
		all = append(all, attrs...)
		if d > 0 {
			all = append(all, slog.Duration("duration", d))
		}
		if err != nil {
			all = append(all, slog.Any("error", err))
		}
		l.LogAttrs(ctx, level, "lsmlite: "+what, all...)
	}
	segment := func(what string) func(SegmentEvent) {
		return func(e SegmentEvent) {
			say(slog.LevelDebug, e.DB.path, what, e.Duration, e.Err,
				slog.Int("inputs", e.Inputs), slog.Int64("input_pages", e.InputPages),
				slog.Int64("tree_bytes", e.TreeBytes), slog.Int64("first_page", e.Output.First),
				slog.Int64("pages", e.Output.Pages), slog.Int64("bytes_written", e.Bytes))
		}
	}
	return &Observer{
		Opened: func(e OpenEvent) {
			attrs := []slog.Attr{slog.Bool("read_only", e.ReadOnly)}
			if e.Err == nil {
				attrs = append(attrs, slog.Int("recovered_commits", e.RecoveredCommits),
					slog.Int64("recovered_records", e.RecoveredRecords), slog.Int64("recovered_bytes", e.RecoveredBytes))
			}
			if e.KeptLog != "" {
				attrs = append(attrs, slog.String("kept_log", e.KeptLog))
			}
			say(slog.LevelInfo, e.Path, "open", e.Duration, e.Err, attrs...)
		},
		Recovered: func(e RecoverEvent) {
			say(slog.LevelWarn, e.Path, "recovery", 0, nil, slog.String("kind", string(e.Kind)), slog.String("detail", e.Detail))
		},
		Flushed: segment("flush"),
		Merged:  segment("merge"),
		Checkpointed: func(e CheckpointEvent) {
			say(slog.LevelDebug, e.DB.path, "checkpoint", e.Duration, e.Err,
				slog.Int64("id", e.ID), slog.Int64("bytes", e.Bytes))
		},
		Stalled: func(e StallEvent) {
			say(slog.LevelWarn, e.DB.path, "writer held back", e.Duration, nil,
				slog.String("reason", string(e.Reason)), slog.String("op", e.Op))
		},
		Failed: func(e FailEvent) {
			say(slog.LevelError, e.DB.path, "background work", 0, e.Err, slog.String("op", e.Op))
		},
		Poisoned: func(e PoisonEvent) {
			say(slog.LevelError, e.DB.path, "nothing more is written; close the database and open it again", 0, nil,
				slog.Any("cause", e.Err))
		},
		Cut: func(e CutEvent) {
			what := "a stream of changes has lost its place"
			if e.Watch {
				what = "a watch has missed events"
			}
			say(slog.LevelWarn, e.DB.path, what, 0, nil,
				slog.String("position", e.Position.String()), slog.Int64("lag", e.Lag), slog.Any("cause", e.Err))
		},
		Moved: func(e MovedEvent) {
			say(slog.LevelError, e.DB.path, "the files have other names; nothing more is written", 0, e.Err)
		},
		Closed: func(e CloseEvent) {
			say(slog.LevelInfo, e.DB.path, "close", e.Duration, e.Err)
		},
	}
}
