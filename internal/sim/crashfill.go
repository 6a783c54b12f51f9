// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// fillLog works until the log has wrapped and is close to its other end, where it must
// jump. From the wrap on nothing may be checkpointed, or the other end would be given up.
func (c *crasher) fillLog(r *enginetest.Runner) error {
	const close = 16 << 10
	r.NoReopen = true
	for range 20000 {
		if err := r.Step(); err != nil {
			return err
		}
		if r.Store == nil {
			continue
		}
		log := c.db.LogStructure()
		if r.Lazy = log[0].End > 0; !r.Lazy {
			continue
		}
		if err := c.db.Set(func(o *engine.Options) { o.AutoCheckpoint = -1 }); err != nil {
			return err
		}
		if log[2].End+close > log[0].Start {
			return nil
		}
	}
	return fmt.Errorf("the log does not fill: %+v", c.db.LogStructure())
}

// fillLevels makes two levels of several blocks each and a small one above them, so that
// merging the two frees many blocks, and nothing is flushed after it that could take the
// list of them along.
func (c *crasher) fillLevels(r *enginetest.Runner) error {
	ctx := context.Background()
	r.NoReopen = true
	for i := range 7 {
		rows := 60
		if i < 3 {
			rows = 130 // the oldest level is larger than the others, or all would be merged
		}
		if err := r.Fill(i*40, rows, 3000); err != nil {
			return err
		}
		if i == 0 {
			err := c.db.Set(func(o *engine.Options) {
				o.NoAutoWork, o.MaxFreelist, o.AutoCheckpoint = true, 2, -1
			})
			if err != nil {
				return err
			}
		}
		if err := c.db.Flush(ctx); err != nil {
			return err
		}
		if i == 2 || i == 5 {
			if _, err := c.db.Work(ctx, engine.WorkOptions{Merge: 3}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillHalf makes a large level of some age and four smaller ones above it, and begins to merge these.
func (c *crasher) fillHalf(r *enginetest.Runner) error {
	ctx := context.Background()
	for i, rows := range []int{100, 100, 100, 60, 60, 60, 60} {
		if err := r.Fill(i*50, rows, 2000); err != nil {
			return err
		}
		if i == 0 {
			err := c.db.Set(func(o *engine.Options) { o.NoAutoWork, o.AutoCheckpoint = true, -1 })
			if err != nil {
				return err
			}
		}
		if err := c.db.Flush(ctx); err != nil {
			return err
		}
		if i == 2 {
			if _, err := c.db.Work(ctx, engine.WorkOptions{Merge: 3}); err != nil {
				return err
			}
		}
	}
	return c.workHalf()
}

// workHalf goes on with a merge, but not to its end.
func (c *crasher) workHalf() error {
	_, err := c.db.Work(context.Background(), engine.WorkOptions{Merge: 4, Pages: 24})
	return err
}

// closeHalf closes the database in the middle of the merge, and after some more work once more.
func (c *crasher) closeHalf(r *enginetest.Runner) error {
	for range 2 {
		if err := r.Reopen(); err != nil {
			return err
		}
		c.note()
		if err := c.workHalf(); err != nil {
			return err
		}
	}
	return nil
}
