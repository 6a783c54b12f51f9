// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"
	"math"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/store"
)

// defaultMaxProblems is how many problems integrity_check lists by default.
const defaultMaxProblems = 100

func integrityCheck(ctx context.Context, c *Call, args []string) (*Table, error) {
	most := int64(defaultMaxProblems)
	if len(args) == 1 {
		var err error
		if most, err = positive("integrity_check", args[0]); err != nil {
			return nil, err
		}
	}
	m, err := c.maintainer()
	if err != nil {
		return nil, err
	}
	t := &Table{Columns: []string{"integrity_check"}}
	for problem := range m.Check(ctx) {
		t.add(problem.String())
		if int64(len(t.Rows)) == most {
			break
		}
	}
	if len(t.Rows) == 0 {
		t.add("ok")
	}
	return t, ctx.Err()
}

// maintenance is a PRAGMA without a result of its own: its one row says ok.
func maintenance(do func(context.Context, store.Maintainer) error) runFunc {
	return func(ctx context.Context, c *Call, _ []string) (*Table, error) {
		if err := c.mayMaintain(); err != nil {
			return nil, err
		}
		m, err := c.maintainer()
		if err == nil {
			err = do(ctx, m)
		}
		return OneValue("result", "ok"), err
	}
}

// checkpoint makes a checkpoint and shows how many pages it has made durable.
func checkpoint(ctx context.Context, c *Call, _ []string) (*Table, error) {
	if err := c.mayMaintain(); err != nil {
		return nil, err
	}
	m, err := c.maintainer()
	if err != nil {
		return nil, err
	}
	p, err := m.Checkpoint(ctx)
	t := &Table{Columns: []string{"result", "pages"}}
	t.add("ok", p.PagesWritten)
	return t, err
}

// backup copies the newest committed state into a new file, from a read-only connection,
// too. Within a transaction that may write it would leave out what that has written, so
// it is refused there. The copy of a database in memory is a file of the operating system.
func backup(ctx context.Context, c *Call, args []string) (*Table, error) {
	if err := c.notWriting(); err != nil {
		return nil, err
	}
	m, err := c.maintainer()
	if err != nil {
		return nil, err
	}
	o := store.BackupOptions{}
	if c.Path == "" {
		o.FS = vfs.OS
	}
	return OneValue("result", "ok"), m.Backup(ctx, args[0], o)
}

// work merges as lsm_work does: as many segments into one as the first argument says
// (default: automerge), for as many KB of output as the second says.
func work(ctx context.Context, c *Call, args []string) (*Table, error) {
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
	m, err := c.maintainer()
	if err != nil {
		return nil, err
	}
	pageBytes := int64(max(1, m.Options().PageSize))
	pages := (n[1]*1024 + pageBytes - 1) / pageBytes
	p, err := m.Work(ctx, store.WorkOptions{Merge: toInt(n[0]), Pages: toInt(pages)})
	done := int64(0)
	if p.Done {
		done = 1
	}
	t := &Table{Columns: []string{"pages_written", "done"}}
	t.add(p.PagesWritten, done)
	return t, err
}

// maxNumber bounds the numbers that a PRAGMA takes, so that none overflows when it is
// turned into bytes.
const maxNumber = 1 << 40

// toInt returns a count that an int may be too small for: the largest int is as good.
func toInt(n int64) int { return int(min(n, math.MaxInt)) }

// positive reads a number that is an argument of what.
func positive(what, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxNumber {
		return 0, misusef("%s takes positive integers, not %q", what, text)
	}
	return n, nil
}
