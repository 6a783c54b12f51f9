// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logView is the log for reading it a second time.
type logView struct{ vfs.File }

// Close leaves the file to the database.
func (logView) Close() error { return nil }

// WriteAt refuses: nothing is written through a view.
func (logView) WriteAt([]byte, int64) (int, error) {
	return 0, &errs.Error{Code: errs.CodeReadOnly, Op: "check log"}
}

// log reads the log as recovery after a crash would, from the newest checkpoint on, and
// checks that it leads to where the next transaction will be appended.
func (c *checker) log() {
	if c.stopped() {
		return
	}
	c.in.Log(func(l Log) {
		size, err := l.File.Size()
		if err != nil {
			c.report(nil, 0, "log: %v", err)
			return
		}
		c.regions(l.Regions, size)
		if from, ok := c.logStart(); ok {
			c.recover(l, from)
		}
	})
}

// regions checks that the regions lie within the log, each in a place of its own.
func (c *checker) regions(regions [3]wal.Region, size int64) {
	for i, r := range regions {
		if r.Start < 0 || r.End < r.Start || r.End > size {
			c.report(nil, 0, "log region %d, from %d to %d, does not lie within the log of %d bytes", i, r.Start, r.End, size)
		}
		for j, o := range regions[:i] {
			if r.Start < o.End && o.Start < r.End {
				c.report(nil, 0, "log regions %d and %d overlap", j, i)
			}
		}
	}
}

// recover reads the log from a checkpoint's position on.
func (c *checker) recover(l Log, from format.LogPos) {
	log, rec, err := wal.Recover(logView{l.File}, from, c.in.Keys, func(format.LogRecord) error { return c.ctx.Err() })
	if err != nil {
		if c.ctx.Err() == nil {
			c.report(nil, 0, "log: %v", err)
		}
		return
	}
	_ = log.Close()
	switch {
	case rec.Commits == 0:
		if l.End.Sum != from.Sum && !l.Broken {
			c.report(nil, 0, "log: no transaction follows the newest checkpoint at offset %d, but the log goes on to offset %d",
				from.Off, l.End.Off)
		}
	case rec.End.Off != l.End.Off || rec.End.Sum != l.End.Sum && !l.Broken:
		c.report(nil, 0,
			"log: the %d transactions that follow the newest checkpoint end at offset %d, but the log goes on to offset %d",
			rec.Commits, rec.End.Off, l.End.Off)
	}
}

// logStart returns where recovery would begin to read the log, or false if the newest
// checkpoint cannot be read, which is reported elsewhere. The checkpoint that was looked at
// before may be outdated, and the log that it needs overwritten; that of the newest one is
// there as long as no transaction begins.
func (c *checker) logStart() (from format.LogPos, ok bool) {
	c.in.Meta(c.ctx, func(m Meta) {
		if m.Newest == 0 {
			from, ok = format.LogPos{Sum: format.EmptyLogSum}, true
			return
		}
		meta, err := c.in.File.ReadMeta(m.Newest)
		if err != nil {
			return
		}
		if ck, err := c.in.Decode(meta); err == nil {
			from, ok = ck.Log, true
		}
	})
	return from, ok
}
