package engine

import (
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
	return 0, &Error{Code: CodeReadOnly, Op: "check log"}
}

// log reads the log as recovery after a crash would, from the newest checkpoint on, and
// checks that it leads to where the next transaction will be appended. It needs the
// writer's turn, and does without if a transaction is under way.
func (c *checker) log() {
	db := c.db
	if c.stopped() || db.logFile == nil || !db.writer.try() {
		return
	}
	defer db.writer.release()
	bad := func(format string, args ...any) {
		c.report(nil, 0, format, args...)
	}
	size, err := db.logFile.Size()
	if err != nil {
		bad("log: %v", err)
		return
	}
	regions := db.log.Regions()
	for i, r := range regions {
		if r.Start < 0 || r.End < r.Start || r.End > size {
			bad("log region %d, from %d to %d, does not lie within the log of %d bytes", i, r.Start, r.End, size)
		}
		for j, o := range regions[:i] {
			if r.Start < o.End && o.Start < r.End {
				bad("log regions %d and %d overlap", j, i)
			}
		}
	}
	// The checkpoint that was looked at first may be outdated, and the log that it needs
	// overwritten. As long as no transaction begins, that of the newest one is there.
	from, ok := c.logStart()
	if !ok {
		return
	}
	log, rec, err := wal.Recover(logView{db.logFile}, from, func(format.LogRecord) error { return c.ctx.Err() })
	if err != nil {
		if c.ctx.Err() == nil {
			bad("log: %v", err)
		}
		return
	}
	_ = log.Close()
	want := db.log.End()
	switch {
	case rec.Commits == 0:
		if want.Sum != from.Sum {
			bad("log: no transaction follows the newest checkpoint at offset %d, but the log goes on to offset %d", from.Off, want.Off)
		}
	case rec.End.Off != want.Off || rec.End.Sum != want.Sum:
		bad("log: the %d transactions that follow the newest checkpoint end at offset %d, but the log goes on to offset %d", rec.Commits, rec.End.Off, want.Off)
	}
}

// logStart returns where recovery would begin to read the log, or false if the newest
// checkpoint cannot be read, which is reported elsewhere.
func (c *checker) logStart() (format.LogPos, bool) {
	db := c.db
	if err := db.checkpointer.take(c.ctx); err != nil {
		return format.LogPos{}, false
	}
	defer db.checkpointer.release()
	db.pub.Lock()
	newest := db.meta
	db.pub.Unlock()
	if newest == 0 {
		return format.LogPos{Sum: format.EmptyLogSum}, true
	}
	meta, err := db.bf.ReadMeta(newest)
	if err != nil {
		return format.LogPos{}, false
	}
	ck, err := format.DecodeCheckpoint(meta)
	if err != nil {
		return format.LogPos{}, false
	}
	return ck.Log, true
}
