// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

// handle is a read-only handle, with a state that it holds.
type handle struct {
	db     *engine.DB
	shared bool // with the handle that writes; else it follows that as another process does
	snap   enginetest.Snapshot
	want   enginetest.Map
	// outlives says that the handle that writes was closed since the state was held: with that its promise to keep the
	// state has ended.
	outlives bool
}

// useHandles opens a handle, has one hold a state, compares one that is held, or closes one.
func (c *crasher) useHandles() error {
	if len(c.handles) < 3 && c.beside.IntN(3) == 0 {
		return c.openHandle()
	}
	if len(c.handles) == 0 {
		return nil
	}
	h := c.handles[c.beside.IntN(len(c.handles))]
	if h.snap == nil {
		return h.hold(c.history.Newest())
	}
	if err := h.compare(); err != nil {
		return err
	}
	if c.beside.IntN(3) == 0 {
		return h.letGo()
	}
	return nil
}

func (c *crasher) openHandle() error {
	h := &handle{shared: c.beside.IntN(2) == 0}
	var fs vfs.FS = c.fs
	if !h.shared {
		fs = faultfs.Wrap(c.fs) // another file system is that of another process
	}
	db, err := engine.Open(context.Background(), path, engine.Options{FS: fs, ReadOnly: true, Key: c.options.Key})
	if err != nil {
		return fmt.Errorf("open another handle, shared %v: %w", h.shared, err)
	}
	h.db = db
	c.handles = append(c.handles, h)
	return h.hold(c.history.Newest())
}

func (h *handle) hold(want enginetest.Map) (err error) {
	h.want, h.outlives = want, false
	if h.snap, err = enginetest.Engine(h.db).Snapshot(context.Background()); err != nil {
		return fmt.Errorf("another handle, shared %v: %w", h.shared, err)
	}
	return h.compare()
}

func (h *handle) compare() error {
	_, err := enginetest.Find(h.snap, []enginetest.Map{h.want})
	if h.outlives && errors.Is(err, engine.ErrSnapshotGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("another handle, shared %v: %w", h.shared, err)
	}
	return nil
}

func (h *handle) letGo() error {
	err := h.snap.Close()
	h.snap = nil
	return err
}

// letGo compares what the handles hold, and closes them.
func (c *crasher) letGo() error {
	var err error
	for _, h := range c.handles {
		if h.snap != nil {
			err = errors.Join(err, h.compare(), h.letGo())
		}
		err = errors.Join(err, h.db.Close())
	}
	c.handles = nil
	return err
}
