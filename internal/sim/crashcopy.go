// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// copyPath is where copies go, each in place of the one before.
const copyPath = "/data/copy"

// copied is a copy that is made, or was made.
type copied struct {
	before *enginetest.Map // what the copy held that it replaces, nil if there was none
	state  enginetest.Map
	done   bool // it is durable
}

// meanwhile does what is not part of the schedule: copies, and the work of other handles.
func (c *crasher) meanwhile() error {
	if c.Copies && c.beside.IntN(20) == 0 {
		if err := c.makeCopy(); err != nil {
			return err
		}
	}
	if c.Handles && c.beside.IntN(6) == 0 {
		return c.useHandles()
	}
	return nil
}

// makeCopy copies the newest state.
func (c *crasher) makeCopy() error {
	made := &copied{state: c.history.Newest()}
	c.mu.Lock()
	if c.copy != nil {
		made.before = &c.copy.state
	}
	c.copy = made
	c.mu.Unlock()
	defer c.enter("a backup")()
	ctx, o := context.Background(), engine.BackupOptions{Replace: true}
	var err error
	if c.beside.IntN(3) == 0 && !c.inTx { // it would wait for the transaction
		if err = c.db.CopyCheckpoint(ctx, copyPath, o); err == nil && c.db.Options().Safety != engine.SafetyOff {
			c.history.Durable(len(c.history.States) - 1)
		}
	} else {
		err = c.db.Backup(ctx, copyPath, o)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	made.done = true
	return nil
}

// lookAtCopy wants the copy to be whole, in its old state or its new one, if a crash comes while it is made, and in
// its new one afterwards, whatever the safety level. Afterwards one crash of eight is looked at.
func (c *crasher) lookAtCopy(fs *memfs.FS, op faultfs.Op, n int) error {
	made := c.copy
	if made == nil || made.done && (op.N+n)%8 > 0 {
		return nil
	}
	if !slices.Contains(fs.Names(), copyPath) {
		if made.done || made.before != nil {
			return errors.New("the copy is gone")
		}
		return nil
	}
	allowed := []enginetest.Map{made.state}
	if !made.done && made.before != nil {
		allowed = append(allowed, *made.before)
	}
	ctx := context.Background()
	db, err := engine.Open(ctx, copyPath, engine.Options{FS: fs.Clone(), ReadOnly: true, MustExist: true, Key: c.options.Key})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	defer db.Close()
	s, err := enginetest.Engine(db).Snapshot(ctx)
	if err != nil {
		return err
	}
	if _, err := enginetest.Find(s, allowed); err != nil {
		return errors.Join(fmt.Errorf("the copy: %w", err), s.Close())
	}
	return errors.Join(s.Close(), enginetest.Sound(ctx, enginetest.Engine(db)))
}
