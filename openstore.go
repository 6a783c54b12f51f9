// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/store"
)

// OpenStore opens the store that cfg names: a file, or what a package has registered. The store is
// shared with connectors of the same name. Settings of connections, except Mode, are ignored. In mode
// "ro" Begin fails with ErrReadOnly, also if others in the process write to the store. The caller closes it.
func OpenStore(ctx context.Context, cfg Config) (_ store.Store, err error) {
	defer recoverInto(&err, "open")
	c, err := NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	defer c.end()
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	h, err := acquire(ctx, key, c.cfg, c.open)
	if err != nil {
		return nil, err
	}
	shared := &sharedStore{Store: h.store, release: sync.OnceValue(h.release)}
	if cfg.Mode == ModeReadOnly {
		return readOnlyStore{shared, shownPath(cfg.Path)}, nil
	}
	return shared, nil
}

// sharedStore is the store of a handle, of which it holds a use.
type sharedStore struct {
	store.Store
	release func() error
}

// Close gives the use back, once.
func (s *sharedStore) Close() error { return s.release() }

// readOnlyStore is a store that is only read, whether or not its driver sees to that.
type readOnlyStore struct {
	store.Store
	path string
}

// Begin refuses to write.
func (s readOnlyStore) Begin(context.Context, store.Snapshot) (store.Tx, error) {
	return nil, &Error{Code: CodeReadOnly, Op: "begin", Path: s.path, Detail: "the store is open with mode=ro"}
}

// Snapshot returns one that is only read.
func (s readOnlyStore) Snapshot(ctx context.Context, _ bool) (store.Snapshot, error) {
	return s.Store.Snapshot(ctx, false)
}
