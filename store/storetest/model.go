// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

var _ store.WriterInfo = (*Model)(nil)

// Model is a store.Store in memory, as simple as one can be. Its content outlives Close.
// It is strict: bytes that it returned are overwritten as soon as they are invalid, and
// closing something twice is an error, so that a caller who does what the contract does
// not allow is found out.
type Model struct {
	turn  chan struct{}
	fault func(op string) error

	mu      sync.Mutex
	newest  enginetest.Map
	commits int       // that changed something
	since   time.Time // when the open transaction began; zero if there is none
	handles int       // transactions, snapshots and cursors that are open
	closed  bool
}

// NewModel returns an empty Model. fault, if it is not nil, is called before each operation
// with its name: begin, snapshot, cursor, get, length, move, value, put, delete, delete
// range, begin level, commit level, rollback level, commit, rollback, close. What it
// returns is the operation's error; it may also panic. A move is one place that a cursor
// goes to; a cursor that knows without looking that nothing comes does not move.
func NewModel(fault func(op string) error) *Model {
	return &Model{turn: make(chan struct{}, 1), fault: fault}
}

// Open opens a Model again that was closed. The content is still there.
func (m *Model) Open() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = false
}

func misuse(op, detail string) error {
	return &engine.Error{Code: engine.CodeMisuse, Op: op, Detail: detail}
}

// check returns why op fails, if it does.
func (m *Model) check(op string) error {
	if m.fault != nil {
		return m.fault(op)
	}
	return nil
}

// state returns the newest committed state and the number of its commit.
func (m *Model) state(op string) (enginetest.Map, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return enginetest.Map{}, 0, misuse(op, "the store is closed")
	}
	return m.newest, m.commits, nil
}

func (m *Model) countHandles(n int) {
	m.mu.Lock()
	m.handles += n
	m.mu.Unlock()
}

// Caps implements store.Store.
func (m *Model) Caps() store.Caps {
	return store.Caps{MaxKey: engine.MaxKeySize, MaxValue: engine.MaxValueSize, SingleWriter: true}
}

// Get implements store.Reader.
func (m *Model) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	state, _, err := m.state("get")
	if err != nil {
		return dst, false, err
	}
	return m.get(ctx, state, dst, key)
}

// ValueLen implements store.Reader.
func (m *Model) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	state, _, err := m.state("length")
	if err != nil {
		return 0, false, err
	}
	return m.valueLen(ctx, state, key)
}

// Writer implements store.WriterInfo.
func (m *Model) Writer() (since time.Time, busy bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since, !m.since.IsZero()
}

// Close implements store.Store.
func (m *Model) Close() error {
	if err := m.check("close"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handles > 0 {
		return &engine.Error{Code: engine.CodeBusy, Op: "close"}
	}
	m.closed = true
	return nil
}

// begins is what every operation with a context begins with.
func (m *Model) begins(ctx context.Context, op string) error {
	if err := m.check(op); err != nil {
		return err
	}
	return ctx.Err()
}

func (m *Model) get(ctx context.Context, state enginetest.Map, dst, key []byte) ([]byte, bool, error) {
	if err := m.begins(ctx, "get"); err != nil {
		return dst, false, err
	}
	value, found := state.Get(string(key))
	return append(dst, value...), found, nil
}

func (m *Model) valueLen(ctx context.Context, state enginetest.Map, key []byte) (int, bool, error) {
	if err := m.begins(ctx, "length"); err != nil {
		return 0, false, err
	}
	value, found := state.Get(string(key))
	return len(value), found, nil
}

// end ends a transaction, and makes its state the newest if that is not nil.
func (m *Model) end(state *enginetest.Map) {
	m.mu.Lock()
	if state != nil && !state.Equal(m.newest) {
		m.newest = *state
		m.commits++
	}
	m.since = time.Time{}
	m.handles--
	m.mu.Unlock()
	<-m.turn
}
