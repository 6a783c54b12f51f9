// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// A core is one open file, and all handles of this process that use it.
type core struct {
	file    coreKey
	fs      vfs.FS            // through which it is open: that of the handle that opened it
	envs    []*C.lsm_env      // of the handles that use it; guarded by opening
	key     [sha256.Size]byte // that it is open with
	uses    int               // guarded by cores
	opening sync.Mutex        // held to open and to close
	db      *engine.DB        // nil while it is not open; constant while a use is held
	hooks   *hooks            // that it is open with, or nil

	applying sync.Mutex
	applied  tunables

	// commits is held for reading by a commit, and for writing by one that has to know which state is its own.
	commits     sync.RWMutex
	userVersion atomic.Uint32
	worked      atomic.Int64 // how often the file was written
}

// coreKey is a file, whatever environments its handles have. Handles that only read share the database of those
// that write, if there is one when they are opened.
type coreKey struct {
	path     string
	readOnly bool
}

var cores = struct {
	sync.Mutex
	open map[coreKey]*core
}{open: map[coreKey]*core{}}

// use grants a use of the file of a handle, and opens it if it is not open.
func (h *handle) use(ctx context.Context) (*core, error) {
	for {
		if c, err := h.tryUse(ctx); c != nil || err != nil {
			return c, err
		}
	}
}

// tryUse is use, or returns nil if the handle that writes, whose database this one was to share, has just gone, or
// could not open it.
func (h *handle) tryUse(ctx context.Context) (*core, error) {
	key := coreKey{h.path, h.cfg.readOnly}
	cores.Lock()
	c := cores.open[coreKey{h.path, false}] // also if others read on their own: they do not see what is written
	if c == nil && key.readOnly {
		c = cores.open[key]
	}
	if c == nil {
		c = &core{file: key}
		cores.open[key] = c
	}
	c.uses++
	cores.Unlock()

	c.opening.Lock()
	if c.db == nil && c.file != key { // opened by this handle it would be read-only for those that write
		c.opening.Unlock()
		return nil, c.release(nil)
	}
	err := h.openCore(ctx, c)
	if err == nil {
		c.envs = append(c.envs, h.c.pEnv)
	}
	c.opening.Unlock()
	if err != nil {
		_ = c.release(nil)
		return nil, err
	}
	return c, nil
}

// openCore opens the file if it is not open, or checks that the handle agrees about its compression.
func (h *handle) openCore(ctx context.Context, c *core) error {
	o := h.options()
	if c.db != nil {
		if err := h.key.agrees(c, h.path); err != nil {
			return err
		}
		have := max(c.db.CompressionID(), C.LSM_COMPRESSION_NONE)
		if c.hooks != nil {
			have = c.hooks.id
		}
		if (o.Compression != "" || c.hooks != nil) && have != h.hookID() {
			return &engine.Error{Code: engine.CodeMismatch, Op: "open", Path: h.path, Codec: have,
				Detail: "the file is open with another compression"}
		}
		if c.hooks != nil {
			c.hooks.add(h.hooked())
		}
		return nil
	}
	o.Observer = &engine.Observer{
		Worked:       func(e engine.WorkEvent) { c.count(e.Bytes) },
		Checkpointed: func(e engine.CheckpointEvent) { c.count(e.Bytes) },
	}
	var log *logHandler
	if h.c.xLog != nil {
		log = &logHandler{log: h.c.xLog, ctx: h.c.pLogCtx}
		o.Logger = slog.New(log)
	}
	db, err := engine.Open(ctx, h.path, o)
	if err != nil {
		return err
	}
	c.fs, h.log = h.fs, log
	c.db, c.applied, c.hooks, c.key = db, h.cfg.tunables, nil, h.key.digest()
	if h.hooked() != nil {
		c.hooks = o.Codecs[0].(*hooks)
	}
	return nil
}

func (c *core) count(bytes int64) {
	if bytes > 0 {
		c.worked.Add(1)
	}
}

// release gives a use back, and closes the file with the last one. With the handle its environment ends, nil for
// a handle that did not get so far.
func (c *core) release(env *C.lsm_env) (err error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	if i := slices.Index(c.envs, env); i >= 0 {
		c.envs = slices.Delete(c.envs, i, i+1)
	}
	if files, ok := c.fs.(*envFS); ok && len(c.envs) > 0 && env != nil && env == files.current() && !slices.Contains(c.envs, env) {
		files.moveTo(c.envs[0])
	}
	cores.Lock()
	c.uses--
	last := c.uses == 0
	cores.Unlock()
	if !last {
		return nil
	}
	if c.db != nil {
		err = c.db.Close()
		c.db, c.fs = nil, nil
		c.userVersion.Store(0)
	}
	cores.Lock()
	if c.uses == 0 {
		delete(cores.open, c.file)
	}
	cores.Unlock()
	return err
}

// configure makes a handle's settings those of the file.
func (c *core) configure(t tunables) error {
	c.applying.Lock()
	defer c.applying.Unlock()
	if c.applied == t {
		return nil
	}
	if err := c.db.Set(func(o *engine.Options) { t.apply(o) }); err != nil {
		return err
	}
	c.applied = t
	return nil
}
