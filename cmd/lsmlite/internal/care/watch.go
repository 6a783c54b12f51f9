// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/engine"
)

// AsksRemote implements env.AsksRemote.
func (Stats) AsksRemote() bool { return true }

// leastWatch is how often the program is asked at most.
const leastWatch = 100 * time.Millisecond

// remote prints the statistics of a program's database.
func (s Stats) remote(ctx context.Context, e *env.Env, client *remote.Client) error {
	if s.Watch != 0 && s.Watch < leastWatch {
		return env.Errorf(env.Usage, "--watch %v: %v is the least", s.Watch, leastWatch)
	}
	info, err := client.Info(ctx)
	if err != nil {
		return err
	}
	m := measured{path: info.Path, pageSize: info.PageSize, blockSize: info.BlockSize, compression: info.Compression, cipher: info.Cipher}
	if m.stats, err = client.Stats(ctx); err != nil {
		return err
	}
	if s.Watch != 0 {
		tick := time.NewTicker(s.Watch)
		defer tick.Stop()
		return m.watch(ctx, e, client.Stats, tick.C)
	}
	if e.JSON {
		return printJSON(e, m.document())
	}
	return m.print(e.Stdout, true)
}

// watch prints a line at each tick until ctx ends.
func (m *measured) watch(ctx context.Context, e *env.Env, stats func(context.Context) (engine.Stats, error), tick <-chan time.Time) error {
	if !e.JSON {
		if _, err := fmt.Fprintf(e.Stdout, "%9s %9s %9s %9s %7s %7s %6s %8s %9s %9s\n",
			"commits/s", "rows/s", "written/s", "read/s", "hits", "stalls", "levels", "segments", "log", "file"); err != nil {
			return err
		}
	}
	at := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
		now, err := stats(ctx)
		if err != nil {
			return err
		}
		was := m.stats
		m.stats = now
		if e.JSON {
			err = printJSON(e, m.document())
		} else {
			_, err = fmt.Fprintln(e.Stdout, watchLine(&was, &now, time.Since(at)))
		}
		if err != nil {
			return err
		}
		at = time.Now()
	}
}

// watchLine says what has happened between two looks.
func watchLine(was, now *engine.Stats, passed time.Duration) string {
	rate := func(was, now int64) int64 { return int64(float64(now-was) / passed.Seconds()) }
	hits := "-"
	if n := now.CacheLookups - was.CacheLookups; n > 0 {
		hits = fmt.Sprintf("%.1f%%", 100*float64(now.CacheHits-was.CacheHits)/float64(n))
	}
	written := func(s *engine.Stats) int64 { return s.BytesWritten + s.LogBytesWritten }
	stalls := func(s *engine.Stats) int64 {
		return s.FlushStalls + s.MergeStalls + s.CheckpointStalls + s.ChangesStalls
	}
	return fmt.Sprintf("%9d %9d %9s %9s %7s %7d %6d %8d %9s %9s",
		rate(was.Commits, now.Commits), rate(was.Records, now.Records), amount(rate(written(was), written(now))),
		amount(rate(was.BytesRead, now.BytesRead)), hits, stalls(now)-stalls(was), now.Levels, now.Segments,
		amount(now.LogBytes), amount(now.FileBytes))
}
