// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/store"
)

// A handle is one open store and all of this process that uses it: connectors and
// connections hold a use each, and the last one to let go closes the store.
type handle struct {
	key    handleKey
	memory bool
	// turn is held to open the store, to close it, and to compare settings with it.
	turn chan struct{}
	// remote is the store of a registered scheme that this is, nil if it is a database of the engine.
	remote *remoteStore
	// cfg is what the store was opened with. Guarded by turn.
	cfg Config
	// store is nil while nothing is open. It is set and cleared under turn, and
	// constant while a use that acquire granted is held.
	store store.Store

	uses   int // guarded by registry.mu
	shared session.Shared
}

// handleKey distinguishes databases: by the file system and the canonical path there.
// Databases in memory, and files of an FS that cannot be compared, have a key of their
// own.
type handleKey struct {
	fs      vfs.FS
	path    string
	private any
}

// registry holds the open handles, so that two connectors of one file share a store: the engine
// locks its file against all other handles, also those of this process.
var registry = struct {
	mu   sync.Mutex
	open map[handleKey]*handle
}{open: map[handleKey]*handle{}}

// openStore is how a handle opens its store.
type openStore func(ctx context.Context, path string, o engine.Options) (store.Store, error)

// openEngine opens the database of the file path, which has been made canonical.
func openEngine(ctx context.Context, path string, o engine.Options) (store.Store, error) {
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return store.Engine{DB: db}, nil
}

// acquire grants a use of the store that cfg names, opening it if nobody has it open,
// and refuses settings that disagree with those it is open with. The key comes first: to
// wait for it, such as in a named pipe, keeps nobody else from the database.
func acquire(ctx context.Context, key handleKey, cfg Config, open openStore) (*handle, error) {
	o := cfg.engineOptions()
	if o.Key != nil && o.Key != keys.None {
		fetched := fetchKey(ctx, o.Key)
		defer fetched.wipe()
		o.Key = fetched
	}
	registry.mu.Lock()
	h := registry.open[key]
	if h == nil {
		h = &handle{key: key, memory: cfg.inMemory(), turn: make(chan struct{}, 1)}
		h.shared.Path, h.shared.InMemory = shownPath(key.path), h.memory
		if key.fs == nil && key.private == nil {
			h.remote, _ = storeOf(key.path)
		}
		registry.open[key] = h
	}
	h.uses++ // from here on the handle stays in the map, open or not
	registry.mu.Unlock()

	err := h.lock(ctx)
	if err == nil {
		if h.store == nil {
			h.cfg = cfg
			h.store, err = open(ctx, key.path, o)
		} else if err = h.moved(); err == nil {
			err = h.agrees(ctx, cfg, o)
		}
		h.unlock()
	}
	if err != nil {
		return nil, joinErrors(err, h.release())
	}
	return h, nil
}

func (h *handle) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moved returns an error if the store is open, but its file has another name by now: what has
// the name is another database. The caller has the turn.
func (h *handle) moved() error {
	if m, ok := h.store.(interface{ Moved() error }); ok {
		return m.Moved()
	}
	return nil
}

func (h *handle) unlock() { <-h.turn }

// retain adds a use to one that the caller holds.
func (h *handle) retain() {
	registry.mu.Lock()
	h.uses++
	registry.mu.Unlock()
}

// release gives one use back and closes the store with the last one. The handle stays in
// the registry while the store closes, so that the next to open it waits for the end.
// Who gives back another use waits for nobody.
func (h *handle) release() (err error) {
	if !h.last() {
		return nil
	}
	defer func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		if h.uses == 0 && h.store == nil {
			delete(registry.open, h.key)
		}
		h.unlock() // under mu: see last
	}()
	if h.store == nil {
		return nil
	}
	err = h.store.Close()
	// A store that is still busy did not close. The next one to open the
	// database finds it here.
	if !errors.Is(err, ErrBusy) {
		h.store = nil
	}
	return err
}

// last gives one use back, and reports whether there is something to close; then the caller has
// the turn. Without any use left, the turn is free, or another one that gave back the last use is
// closing the store: a use came in between, and went. That one takes the handle out of the registry.
func (h *handle) last() bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	h.uses--
	if h.uses > 0 {
		return false
	}
	select {
	case h.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

// keyOf works out which database cfg names, and completes cfg with the FS it is on. What
// cannot be shared has a key of its owner's.
func keyOf(owner any, cfg *Config) (handleKey, error) {
	if cfg.inMemory() {
		if cfg.FS == nil {
			cfg.FS = memfs.New()
		}
		return handleKey{path: "memory", private: owner}, nil
	}
	if remote, err := storeOf(cfg.Path); err != nil || remote != nil {
		return handleKey{path: cfg.Path}, err
	}
	if cfg.FS == nil {
		cfg.FS = vfs.OS
	}
	path, err := cfg.FS.Canonical(cfg.Path)
	if err != nil {
		return handleKey{}, cannotOpen(cfg.Path, err)
	}
	if !reflect.TypeOf(cfg.FS).Comparable() {
		return handleKey{path: path, private: owner}, nil
	}
	return handleKey{fs: cfg.FS, path: path}, nil
}

func cannotOpen(path string, err error) error {
	e := &Error{Code: CodeCantOpen, Op: "open", Path: path, Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Detail = "no such directory"
	}
	return e
}
