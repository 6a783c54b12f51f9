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

// A core is one open database, and all handles of this process that use it.
type core struct {
	of       *place
	readOnly bool
	fs       vfs.FS            // through which it is open: that of the handle that opened it
	envs     []*C.lsm_env      // of the handles that use it, one for each; guarded by of.mu
	key      [sha256.Size]byte // that it is open with
	uses     int               // guarded by of.mu
	db       *engine.DB
	hooks    *hooks // that it is open with, or nil

	applying sync.Mutex
	applied  tunables

	// commits is held for reading by a commit, and for writing by one that has to know which state is its own.
	commits     sync.RWMutex
	userVersion atomic.Uint32
	worked      atomic.Int64 // how often the file was written
}

// A place is a file that handles of this process have open, or are opening or closing, whatever their environments.
// Handles that only read share the database of those that write, if that is open when they are opened.
type place struct {
	path    string
	handles int // guarded by places

	// opening is held while a database is opened or closed, so that none is opened while another one comes or
	// goes. Who finds an open database to share does not wait for it.
	opening sync.Mutex
	mu      sync.Mutex // taken after opening; held to join a database and to leave it
	writing *core      // the open database of handles that write, or nil; guarded by mu
	reading *core      // the one of handles that only read, or nil; guarded by mu
}

var places = struct {
	sync.Mutex
	used map[string]*place
}{used: map[string]*place{}}

// enterPlace returns the place of a file, which stays until leave.
func enterPlace(path string) *place {
	places.Lock()
	defer places.Unlock()
	p := places.used[path]
	if p == nil {
		p = &place{path: path}
		places.used[path] = p
	}
	p.handles++
	return p
}

func (p *place) leave() {
	places.Lock()
	defer places.Unlock()
	if p.handles--; p.handles == 0 {
		delete(places.used, p.path)
	}
}

// use grants a use of the file of a handle, and opens it if there is no database to share.
func (h *handle) use(ctx context.Context) (c *core, err error) {
	p := enterPlace(h.path)
	defer func() {
		if c == nil {
			p.leave()
		}
	}()
	if c, err = h.join(p); c != nil || err != nil {
		return c, err
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	if c, err = h.join(p); c != nil || err != nil { // opened while this handle waited
		return c, err
	}
	if c, err = h.openCore(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.of, c.uses, c.envs = p, 1, []*C.lsm_env{h.c.pEnv}
	if c.readOnly {
		p.reading = c
	} else {
		p.writing = c
	}
	return c, nil
}

// join grants a use of a database that is open, or returns nil if there is none that the handle may share.
func (h *handle) join(p *place) (*core, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.writing // also if others read on their own: they do not see what is written
	if c == nil && h.cfg.readOnly {
		c = p.reading
	}
	if c == nil {
		return nil, nil
	}
	if err := h.agrees(c); err != nil {
		return nil, err
	}
	if c.hooks != nil {
		c.hooks.add(h.hooked())
	}
	c.uses++
	c.envs = append(c.envs, h.c.pEnv)
	return c, nil
}

// agrees checks that the handle wants the key and the compression that the file is open with.
func (h *handle) agrees(c *core) error {
	if err := h.key.agrees(c, h.path); err != nil {
		return err
	}
	o, have := h.options(), max(c.db.CompressionID(), C.LSM_COMPRESSION_NONE)
	if c.hooks != nil {
		have = c.hooks.id
	}
	if (o.Compression != "" || c.hooks != nil) && have != h.hookID() {
		return &engine.Error{Code: engine.CodeMismatch, Op: "open", Path: h.path, Codec: have,
			Detail: "the file is open with another compression"}
	}
	return nil
}

// openCore opens the file.
func (h *handle) openCore(ctx context.Context) (*core, error) {
	c, o := &core{readOnly: h.cfg.readOnly}, h.options()
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
		return nil, err
	}
	c.fs, h.log = h.fs, log
	c.db, c.applied, c.key = db, h.cfg.tunables, h.key.digest()
	if h.hooked() != nil {
		c.hooks = o.Codecs[0].(*hooks)
	}
	return c, nil
}

func (c *core) count(bytes int64) {
	if bytes > 0 {
		c.worked.Add(1)
	}
}

// release gives a use back, and closes the file with the last one. With the handle its environment ends.
func (c *core) release(env *C.lsm_env) error {
	p := c.of
	defer p.leave()
	if c.leave(env, false) {
		return nil
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	if c.leave(env, true) { // another handle has joined meanwhile
		return nil
	}
	return c.db.Close()
}

// leave ends a use, and reports whether there are others. The last one it ends only if it may, and then nobody can
// join the database any more.
func (c *core) leave(env *C.lsm_env, mayEnd bool) (others bool) {
	p := c.of
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.uses == 1 && !mayEnd {
		return false
	}
	c.uses--
	if i := slices.Index(c.envs, env); i >= 0 {
		c.envs = slices.Delete(c.envs, i, i+1)
	}
	if c.uses == 0 {
		if c.readOnly {
			p.reading = nil
		} else {
			p.writing = nil
		}
		return false
	}
	if files, ok := c.fs.(*envFS); ok && env == files.current() && !slices.Contains(c.envs, env) {
		files.moveTo(c.envs[0])
	}
	return true
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
