// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

// Snapshot implements store.Store.
func (m *Model) Snapshot(ctx context.Context, mayWrite bool) (store.Snapshot, error) {
	if err := m.begins(ctx, "snapshot"); err != nil {
		return nil, err
	}
	state, commit, err := m.state("snapshot")
	if err != nil {
		return nil, err
	}
	m.countHandles(1)
	return &modelSnapshot{m: m, state: state, commit: commit, mayWrite: mayWrite}, nil
}

type modelSnapshot struct {
	m        *Model
	state    enginetest.Map
	commit   int
	mayWrite bool
	closed   bool
}

func (s *modelSnapshot) usable(op string) error {
	if s.closed {
		return misuse(op, "the snapshot is closed")
	}
	return nil
}

func (s *modelSnapshot) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := s.usable("get"); err != nil {
		return dst, false, err
	}
	return s.m.get(ctx, s.state, dst, key)
}

func (s *modelSnapshot) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := s.usable("length"); err != nil {
		return 0, false, err
	}
	return s.m.valueLen(ctx, s.state, key)
}

func (s *modelSnapshot) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := s.usable("cursor"); err != nil {
		return nil, err
	}
	return s.m.cursor(ctx, s.state)
}

func (s *modelSnapshot) Close() error {
	if err := s.usable("close"); err != nil {
		return err
	}
	s.closed = true
	s.m.countHandles(-1)
	return nil
}
