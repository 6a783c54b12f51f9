// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ store.Snapshot    = (*snapshot)(nil)
	_ store.ShortReader = (*snapshot)(nil)
)

// snapshot is a state that never changes.
type snapshot struct {
	of       reading
	mayWrite bool
	// used says that a transaction that was made of it has committed, or may have.
	used   bool
	closed bool
}

func (s *snapshot) usable(op string) error {
	if s.closed {
		return s.of.pin.errorf(errs.CodeMisuse, op, "the snapshot is closed")
	}
	return nil
}

// Get implements store.Reader.
func (s *snapshot) Get(ctx context.Context, dst, key []byte) (value []byte, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return dst, false, err
	}
	return s.of.Get(ctx, dst, key)
}

// ValueLen implements store.Reader.
func (s *snapshot) ValueLen(ctx context.Context, key []byte) (n int, found bool, err error) {
	if err := s.usable("length"); err != nil {
		return 0, false, err
	}
	return s.of.ValueLen(ctx, key)
}

// GetShort implements store.ShortReader.
func (s *snapshot) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := s.usable("get"); err != nil {
		return dst, 0, false, err
	}
	return s.of.GetShort(ctx, dst, key, most)
}

// Cursor implements store.Reader.
func (s *snapshot) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := s.usable("cursor"); err != nil {
		return nil, err
	}
	return s.of.Cursor(ctx)
}

// Close implements store.Snapshot. At the level serializable it may say here that what was read does not fit together.
func (s *snapshot) Close() error {
	if err := s.usable("close"); err != nil {
		return err
	}
	s.closed = true
	return s.of.pin.part()
}
