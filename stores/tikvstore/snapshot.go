// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"

	"github.com/lsmlite/lsmlite-go/store"
)

// snapshot is a timestamp. TiKV keeps what it shows until garbage is collected.
type snapshot struct {
	reading
	mayWrite bool
	closed   bool
}

// Snapshot implements store.Store.
func (d *db) Snapshot(ctx context.Context, mayWrite bool) (store.Snapshot, error) {
	if err := d.use("snapshot"); err != nil {
		return nil, err
	}
	ts, err := d.now(ctx)
	if err != nil {
		d.unuse()
		return nil, d.errorOf("snapshot", err)
	}
	return &snapshot{reading: reading{d, ts}, mayWrite: mayWrite}, nil
}

func (s *snapshot) usable(op string) error {
	if s.closed {
		return s.d.misuse(op, "the snapshot is closed")
	}
	return nil
}

// Get implements store.Reader.
func (s *snapshot) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := s.usable("get"); err != nil {
		return dst, false, err
	}
	return s.reading.Get(ctx, dst, key)
}

// ValueLen implements store.Reader.
func (s *snapshot) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := s.usable("length"); err != nil {
		return 0, false, err
	}
	return s.reading.ValueLen(ctx, key)
}

// Cursor implements store.Reader.
func (s *snapshot) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := s.usable("cursor"); err != nil {
		return nil, err
	}
	return s.reading.Cursor(ctx)
}

// Close implements store.Snapshot.
func (s *snapshot) Close() error {
	if err := s.usable("close"); err != nil {
		return err
	}
	s.closed = true
	s.d.unuse()
	return nil
}
