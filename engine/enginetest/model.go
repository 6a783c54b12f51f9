package enginetest

import (
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Model is a Store without files: what the engine is measured by. It is an Upgrader. Its
// transactions wait for each other like the engine's.
type Model struct {
	turn chan struct{}

	mu      sync.Mutex
	newest  Map
	commits int
	handles int
	closed  bool
}

// NewModel returns an empty Model.
func NewModel() *Model { return &Model{turn: make(chan struct{}, 1)} }

// Open opens a Model again that was closed; the content is still there.
func (m *Model) Open() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = false
}

func misuse(op, detail string) error {
	return &engine.Error{Code: engine.CodeMisuse, Op: op, Detail: detail}
}

// open counts one more handle.
func (m *Model) open(op string) (Map, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Map{}, 0, misuse(op, "closed")
	}
	m.handles++
	return m.newest, m.commits, nil
}

func (m *Model) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handles--
}

// Begin implements Store.
func (m *Model) Begin(ctx context.Context) (Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	state, commit, err := m.open("begin")
	if err != nil {
		<-m.turn
		return nil, err
	}
	return &modelTx{m: m, from: commit, state: state, levels: []Map{state}}, nil
}

// BeginFrom implements Upgrader.
func (m *Model) BeginFrom(ctx context.Context, s Snapshot) (Tx, error) {
	tx, err := m.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if snap := s.(*modelSnapshot); snap.closed || snap.commit != tx.(*modelTx).from {
		_ = tx.Rollback()
		return nil, engine.ErrBusySnapshot
	}
	return tx, nil
}

// Snapshot implements Store.
func (m *Model) Snapshot(ctx context.Context) (Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	state, commit, err := m.open("snapshot")
	if err != nil {
		return nil, err
	}
	return &modelSnapshot{m: m, commit: commit, state: state}, nil
}

// Get implements Store.
func (m *Model) Get(dst, key []byte) ([]byte, bool, error) {
	state, _, err := m.open("get")
	if err != nil {
		return dst, false, err
	}
	m.release()
	return getFrom(state, dst, key)
}

// Close implements Store.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handles > 0 {
		return engine.ErrBusy
	}
	m.closed = true
	return nil
}

func getFrom(state Map, dst, key []byte) ([]byte, bool, error) {
	v, ok := state.Get(string(key))
	return append(dst, v...), ok, nil
}

type modelSnapshot struct {
	m      *Model
	state  Map
	commit int
	closed bool
}

func (s *modelSnapshot) Get(dst, key []byte) ([]byte, bool, error) {
	if s.closed {
		return dst, false, misuse("get", "the snapshot is closed")
	}
	return getFrom(s.state, dst, key)
}

func (s *modelSnapshot) Cursor() (Cursor, error) {
	if s.closed {
		return nil, misuse("cursor", "the snapshot is closed")
	}
	return s.m.cursor(s.state)
}

func (s *modelSnapshot) Close() error {
	if !s.closed {
		s.closed = true
		s.m.release()
	}
	return nil
}

type modelTx struct {
	m      *Model
	state  Map
	from   int   // number of the commit it began from
	levels []Map // levels[l-1] is the state when level l was opened
	done   bool
}

func (t *modelTx) usable(op string) error {
	if t.done {
		return misuse(op, "the transaction has ended")
	}
	return nil
}

// change replaces the state by what f makes of it.
func (t *modelTx) change(op string, keyLen int, f func(Map) Map) error {
	if err := t.usable(op); err != nil {
		return err
	}
	if keyLen > engine.MaxKeySize {
		return &engine.Error{Code: engine.CodeTooBig, Op: op}
	}
	t.state = f(t.state)
	return nil
}

func (t *modelTx) Put(key, value []byte) error {
	return t.change("put", len(key), func(m Map) Map { return m.Put(string(key), string(value)) })
}

func (t *modelTx) Delete(key []byte) error {
	return t.change("delete", len(key), func(m Map) Map { return m.Delete(string(key)) })
}

func (t *modelTx) DeleteRange(after, before []byte) error {
	return t.change("delete range", max(len(after), len(before)), func(m Map) Map { return m.DeleteRange(string(after), string(before)) })
}

func (t *modelTx) Get(dst, key []byte) ([]byte, bool, error) {
	if err := t.usable("get"); err != nil {
		return dst, false, err
	}
	return getFrom(t.state, dst, key)
}

func (t *modelTx) Cursor() (Cursor, error) {
	if err := t.usable("cursor"); err != nil {
		return nil, err
	}
	return t.m.cursor(t.state)
}

func (t *modelTx) Level() int { return len(t.levels) }

func (t *modelTx) Begin() (int, error) {
	if err := t.usable("begin"); err != nil {
		return 0, err
	}
	t.levels = append(t.levels, t.state)
	return len(t.levels), nil
}

func (t *modelTx) check(op string, level int) error {
	if err := t.usable(op); err != nil {
		return err
	}
	if level < 1 || level > len(t.levels) {
		return misuse(op, "no such level")
	}
	return nil
}

func (t *modelTx) CommitTo(level int) error {
	if err := t.check("commit", level); err != nil {
		return err
	}
	t.levels = t.levels[:level]
	return nil
}

func (t *modelTx) RollbackTo(level int) error {
	if err := t.check("rollback", level); err != nil {
		return err
	}
	t.state, t.levels = t.levels[level-1], t.levels[:level]
	return nil
}

func (t *modelTx) Commit(ctx context.Context) error {
	if err := t.usable("commit"); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		_ = t.Rollback()
		return err
	}
	t.m.mu.Lock()
	if !t.state.Equal(t.m.newest) {
		t.m.newest = t.state
		t.m.commits++
	}
	t.m.mu.Unlock()
	return t.Rollback()
}

func (t *modelTx) Rollback() error {
	if err := t.usable("rollback"); err != nil {
		return err
	}
	t.done = true
	t.m.release()
	<-t.m.turn
	return nil
}

// modelCursor stands on a key of a Map or, if valid is false, on none.
type modelCursor struct {
	m          *Model
	state      Map
	key, value string
	valid      bool
	closed     bool
}

func (m *Model) cursor(state Map) (Cursor, error) {
	if _, _, err := m.open("cursor"); err != nil {
		return nil, err
	}
	return &modelCursor{m: m, state: state}, nil
}

// moveTo stands on the pair that a method of Map has returned.
func (c *modelCursor) moveTo(key, value string, ok bool) bool {
	c.key, c.value, c.valid = key, value, ok && !c.closed
	return c.valid
}

func (c *modelCursor) First() bool { return c.moveTo(c.state.First()) }
func (c *modelCursor) Last() bool  { return c.moveTo(c.state.Last()) }

func (c *modelCursor) Seek(key []byte, mode engine.SeekMode) bool {
	return c.moveTo(c.state.Seek(string(key), mode))
}

func (c *modelCursor) Next() bool { return c.valid && c.moveTo(c.state.Next(c.key)) }
func (c *modelCursor) Prev() bool { return c.valid && c.moveTo(c.state.Prev(c.key)) }

func (c *modelCursor) Valid() bool { return c.valid }

func (c *modelCursor) Key() []byte {
	if !c.valid {
		return nil
	}
	return []byte(c.key)
}

func (c *modelCursor) Value() ([]byte, error) {
	if !c.valid {
		return nil, misuse("value", "the cursor stands on no key")
	}
	return []byte(c.value), nil
}

func (c *modelCursor) Err() error { return nil }

func (c *modelCursor) Close() error {
	if !c.closed {
		c.closed, c.valid = true, false
		c.m.release()
	}
	return nil
}
