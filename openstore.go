// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/store"
)

// OpenStore opens the store that cfg names: a file, or what a package has registered. The store is
// shared with connectors of the same name. Settings of connections, except Mode, are ignored. In mode
// "ro" it is up to the caller to write nothing. The caller closes the store.
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
	return &sharedStore{Store: h.store, release: sync.OnceValue(h.release)}, nil
}

// sharedStore is the store of a handle, of which it holds a use.
type sharedStore struct {
	store.Store
	release func() error
}

// Close gives the use back, once.
func (s *sharedStore) Close() error { return s.release() }
