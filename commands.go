package lsmlite

import (
	"context"
	"database/sql/driver"
	"math"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// A command is a PRAGMA that is not a setting.
type command struct {
	name string
	// usage shows the arguments, for the error of a call that has others.
	usage   string
	minArgs int
	maxArgs int
	run     func(ctx context.Context, c *conn, args []string) (*table, error)
}

// commands returns the commands. It is a function because a variable that led to conn's
// methods would be initialised in a circle.
func commands() []command {
	return []command{
		{"table_info", "table_info(kv)", 1, 1, tableInfo},
		{"database_list", "database_list", 0, 0, databaseList},
		{"integrity_check", "integrity_check or integrity_check(most problems to list)", 0, 1, integrityCheck},
		{"flush", "flush", 0, 0, maintenance(func(ctx context.Context, m maintainer) error { return m.Flush(ctx) })},
		{"checkpoint", "checkpoint", 0, 0, checkpoint},
		{"optimize", "optimize", 0, 0, maintenance(func(ctx context.Context, m maintainer) error { return m.Optimize(ctx) })},
		{"backup", "backup('path')", 1, 1, backup},
		{"work", "work(merge, kb)", 0, 2, work},
		{"stats", "stats", 0, 0, report(func(m maintainer) any { return m.Stats() })},
		{"structure", "structure", 0, 0, structure},
		{"freelist", "freelist", 0, 0, report(func(m maintainer) any { return m.FreeList() })},
		{"log_structure", "log_structure", 0, 0, report(func(m maintainer) any {
			regions := m.LogStructure()
			return regions[:]
		})},
		{"tree_size", "tree_size", 0, 0, treeSize},
		{"checkpoint_size", "checkpoint_size", 0, 0, number("checkpoint_size", maintainer.CheckpointSize)},
		{"compression_id", "compression_id", 0, 0, number("compression_id", func(m maintainer) int64 {
			return int64(m.CompressionID())
		})},
		{"pages_read", "pages_read", 0, 0, number("pages_read", func(m maintainer) int64 {
			return m.Stats().PagesRead
		})},
		{"pages_written", "pages_written", 0, 0, number("pages_written", func(m maintainer) int64 {
			return m.Stats().PagesWritten
		})},
		{"freelist_size", "freelist_size", 0, 0, inspect(freelistSize)},
		{"array_structure", "array_structure(first page)", 1, 1, inspect(arrayStructure)},
		{"array_pages", "array_pages(first page)", 1, 1, inspect(arrayPages)},
		{"page_info", "page_info(page)", 1, 1, inspect(pageInfo)},
		{"page_cells", "page_cells(page)", 1, 1, inspect(pageCells)},
		{"page_dump", "page_dump(page)", 1, 1, inspect(dumpWith("page_dump", inspector.PageDump))},
		{"page_hex_dump", "page_hex_dump(page)", 1, 1, inspect(dumpWith("page_hex_dump", inspector.PageHexDump))},
		{"pins", "pins", 0, 0, inspect(pins)},
	}
}

func tableInfo(_ context.Context, _ *conn, args []string) (*table, error) {
	if !strings.EqualFold(args[0], "kv") {
		return nil, misusef("pragma", "no such table: %s; the table is kv", args[0])
	}
	return &table{
		columns: []string{"cid", "name", "type", "notnull", "dflt_value", "pk"},
		rows: [][]driver.Value{
			{int64(0), "key", "BLOB", int64(1), nil, int64(1)},
			{int64(1), "value", "BLOB", int64(1), nil, int64(0)},
		},
	}, nil
}

func databaseList(_ context.Context, c *conn, _ []string) (*table, error) {
	file := c.handle.key.path
	if c.handle.memory {
		file = ""
	}
	return &table{
		columns: []string{"seq", "name", "file"},
		rows:    [][]driver.Value{{int64(0), "main", file}},
	}, nil
}

// defaultMaxProblems is how many problems integrity_check lists if it is not told.
const defaultMaxProblems = 100

func integrityCheck(ctx context.Context, c *conn, args []string) (*table, error) {
	most := int64(defaultMaxProblems)
	if len(args) == 1 {
		var err error
		if most, err = positive("integrity_check", args[0]); err != nil {
			return nil, err
		}
	}
	t := &table{columns: []string{"integrity_check"}}
	err := c.maintain(func(m maintainer) error {
		for problem := range m.Check(ctx) {
			t.rows = append(t.rows, []driver.Value{problem.String()})
			if int64(len(t.rows)) == most {
				break
			}
		}
		return ctx.Err()
	})
	if len(t.rows) == 0 {
		t.rows = [][]driver.Value{{"ok"}}
	}
	return t, err
}

// mayMaintain refuses maintenance where it would wait for the caller's own transaction.
func (c *conn) mayMaintain() error {
	switch {
	case c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	case c.session.Writing():
		return misusef("pragma", "it cannot run in a transaction that may write; commit first")
	}
	return nil
}

// maintenance is a command without a result of its own: its one row says ok.
func maintenance(do func(context.Context, maintainer) error) func(context.Context, *conn, []string) (*table, error) {
	return func(ctx context.Context, c *conn, _ []string) (*table, error) {
		if err := c.mayMaintain(); err != nil {
			return nil, err
		}
		err := c.maintain(func(m maintainer) error { return do(ctx, m) })
		return oneValue("result", "ok"), err
	}
}

// checkpoint makes a checkpoint and says how many pages it has made durable.
func checkpoint(ctx context.Context, c *conn, _ []string) (*table, error) {
	if err := c.mayMaintain(); err != nil {
		return nil, err
	}
	t := &table{columns: []string{"result", "pages"}}
	err := c.maintain(func(m maintainer) error {
		p, err := m.Checkpoint(ctx)
		t.rows = [][]driver.Value{{"ok", p.PagesWritten}}
		return err
	})
	return t, err
}

// backup copies the newest committed state into a new file, from a read-only connection,
// too. Within a transaction that may write it would leave out what that has written, so
// it is refused there.
func backup(ctx context.Context, c *conn, args []string) (*table, error) {
	if c.session.Writing() {
		return nil, misusef("pragma", "it cannot run in a transaction that may write; commit first")
	}
	o := engine.BackupOptions{}
	if c.handle.memory {
		o.FS = vfs.OS
	}
	err := c.maintain(func(m maintainer) error { return m.Backup(ctx, args[0], o) })
	return oneValue("result", "ok"), err
}

// work merges as lsm_work does: as many segments into one as the first argument says
// (default: automerge), for as many KB of output as the second says.
func work(ctx context.Context, c *conn, args []string) (*table, error) {
	if err := c.mayMaintain(); err != nil {
		return nil, err
	}
	var n [2]int64
	for i, arg := range args {
		var err error
		if n[i], err = positive("work", arg); err != nil {
			return nil, err
		}
	}
	t := &table{columns: []string{"pages_written", "done"}}
	err := c.maintain(func(m maintainer) error {
		pageBytes := int64(max(1, m.Options().PageSize))
		pages := (n[1]*kb + pageBytes - 1) / pageBytes
		p, err := m.Work(ctx, engine.WorkOptions{Merge: toInt(n[0]), Pages: toInt(pages)})
		finished := int64(0)
		if p.Done {
			finished = 1
		}
		t.rows = [][]driver.Value{{p.PagesWritten, finished}}
		return err
	})
	return t, err
}

// maxPragmaNumber bounds the numbers that commands take, so that none overflows when it
// is turned into bytes.
const maxPragmaNumber = 1 << 40

// toInt returns a count that an int may be too small for: the largest int is as good.
func toInt(n int64) int { return int(min(n, math.MaxInt)) }

func positive(pragma, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxPragmaNumber {
		return 0, misusef("pragma", "%s takes positive integers, not %q", pragma, text)
	}
	return n, nil
}

func treeSize(_ context.Context, c *conn, _ []string) (*table, error) {
	t := &table{columns: []string{"old", "live"}}
	err := c.maintain(func(m maintainer) error {
		old, live := m.TreeSize()
		t.rows = [][]driver.Value{{old, live}}
		return nil
	})
	return t, err
}

// structure lists the segments, a row each, newest first.
func structure(_ context.Context, c *conn, _ []string) (*table, error) {
	t := &table{columns: []string{"level", "age", "role", "first_page", "last_page", "root", "pages"}}
	err := c.maintain(func(m maintainer) error {
		for i, level := range m.Structure() {
			for _, s := range level.Segments {
				role := s.Role
				if level.FreelistOnly {
					role += " (free list)"
				}
				t.rows = append(t.rows, []driver.Value{
					int64(i), int64(level.Age), role, s.First, s.Last, s.Root, s.Pages,
				})
			}
		}
		return nil
	})
	return t, err
}

func number(column string, read func(maintainer) int64) func(context.Context, *conn, []string) (*table, error) {
	return func(_ context.Context, c *conn, _ []string) (t *table, err error) {
		err = c.maintain(func(m maintainer) error {
			t = oneValue(column, read(m))
			return nil
		})
		return t, err
	}
}
