package lsmlite

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// fakeStore is the smallest correct store: a sorted slice that is copied before it is
// changed. It is what the driver is tried against where a fault has to be planted, and
// the model that the engine's answers are compared with. It maintains nothing.
type fakeStore struct {
	turn  chan struct{}
	fault func(op string) error // asked before each operation; may panic

	mu     sync.Mutex
	rows   []fakeRow // never changed
	seq    int       // of the last commit that wrote
	since  time.Time
	open   int // transactions, snapshots and cursors
	closed bool
}

type fakeRow struct{ key, value []byte }

func newFakeStore() *fakeStore { return &fakeStore{turn: make(chan struct{}, 1)} }

func (s *fakeStore) check(op string) error {
	if s.fault != nil {
		if err := s.fault(op); err != nil {
			return err
		}
	}
	if s.closed {
		return misusef(op, "the store is closed")
	}
	return nil
}

func (s *fakeStore) newest() ([]fakeRow, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows, s.seq
}

func (s *fakeStore) count(n int) {
	s.mu.Lock()
	s.open += n
	s.mu.Unlock()
}

func (s *fakeStore) Begin(ctx context.Context) (storeTx, error) { return s.begin(ctx, -1) }

func (s *fakeStore) BeginFrom(ctx context.Context, snap storeSnapshot) (storeTx, error) {
	return s.begin(ctx, snap.(*fakeSnapshot).seq)
}

func (s *fakeStore) begin(ctx context.Context, from int) (storeTx, error) {
	if err := s.check("begin"); err != nil {
		return nil, err
	}
	select {
	case s.turn <- struct{}{}:
	default:
		select {
		case s.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	rows, seq := s.newest()
	if from >= 0 && from != seq {
		<-s.turn
		return nil, &Error{Code: CodeBusySnapshot, Op: "begin"}
	}
	s.mu.Lock()
	s.since = time.Now()
	s.open++
	s.mu.Unlock()
	return &fakeTx{store: s, rows: rows, levels: [][]fakeRow{rows}}, nil
}

func (s *fakeStore) Snapshot(ctx context.Context) (storeSnapshot, error) {
	if err := s.check("snapshot"); err != nil {
		return nil, err
	}
	rows, seq := s.newest()
	s.count(1)
	return &fakeSnapshot{store: s, rows: rows, seq: seq}, ctx.Err()
}

func (s *fakeStore) Get(dst, key []byte) ([]byte, bool, error) {
	rows, _ := s.newest()
	return s.get(rows, dst, key)
}

func (s *fakeStore) ValueLen(key []byte) (int, bool, error) {
	rows, _ := s.newest()
	return s.valueLen(rows, key)
}

func (s *fakeStore) Writer() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since, !s.since.IsZero()
}

func (s *fakeStore) Close() error {
	if err := s.check("close"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open > 0 {
		return &Error{Code: CodeBusy, Op: "close"}
	}
	s.closed = true
	return nil
}

func (s *fakeStore) get(rows []fakeRow, dst, key []byte) ([]byte, bool, error) {
	if err := s.check("get"); err != nil {
		return dst, false, err
	}
	i, found := searchRows(rows, key)
	if !found {
		return dst, false, nil
	}
	return append(dst, rows[i].value...), true, nil
}

func (s *fakeStore) valueLen(rows []fakeRow, key []byte) (int, bool, error) {
	if err := s.check("length"); err != nil {
		return 0, false, err
	}
	i, found := searchRows(rows, key)
	if !found {
		return 0, false, nil
	}
	return len(rows[i].value), true, nil
}

func searchRows(rows []fakeRow, key []byte) (int, bool) {
	return slices.BinarySearchFunc(rows, key, func(r fakeRow, k []byte) int { return bytes.Compare(r.key, k) })
}

type fakeSnapshot struct {
	store *fakeStore
	rows  []fakeRow
	seq   int
	done  bool
}

func (s *fakeSnapshot) Get(dst, key []byte) ([]byte, bool, error) {
	return s.store.get(s.rows, dst, key)
}

func (s *fakeSnapshot) ValueLen(key []byte) (int, bool, error) { return s.store.valueLen(s.rows, key) }

func (s *fakeSnapshot) Cursor() (storeCursor, error) { return s.store.cursor(s.rows) }

func (s *fakeSnapshot) Close() error {
	if s.done {
		return misusef("close", "the snapshot is closed already")
	}
	s.done = true
	s.store.count(-1)
	return nil
}

type fakeTx struct {
	store  *fakeStore
	rows   []fakeRow
	own    bool        // nobody else has rows, so they may be changed
	levels [][]fakeRow // levels[l-1] is rows when level l was opened
	done   bool
}

// writable returns the rows to be changed.
func (t *fakeTx) writable() []fakeRow {
	if !t.own {
		t.rows, t.own = slices.Clone(t.rows), true
	}
	return t.rows
}

func (t *fakeTx) check(op string) error {
	if t.done {
		return misusef(op, "the transaction has ended")
	}
	return t.store.check(op)
}

func (t *fakeTx) Get(dst, key []byte) ([]byte, bool, error) { return t.store.get(t.rows, dst, key) }

func (t *fakeTx) ValueLen(key []byte) (int, bool, error) { return t.store.valueLen(t.rows, key) }

func (t *fakeTx) Cursor() (storeCursor, error) {
	t.own = false
	return t.store.cursor(t.rows)
}

func (t *fakeTx) Put(key, value []byte) error {
	if err := t.check("put"); err != nil {
		return err
	}
	row := fakeRow{bytes.Clone(key), bytes.Clone(value)}
	i, found := searchRows(t.rows, key)
	t.rows = t.writable()
	if found {
		t.rows[i] = row
	} else {
		t.rows = slices.Insert(t.rows, i, row)
	}
	return nil
}

func (t *fakeTx) Delete(key []byte) error {
	if err := t.check("delete"); err != nil {
		return err
	}
	if i, found := searchRows(t.rows, key); found {
		t.rows = slices.Delete(t.writable(), i, i+1)
	}
	return nil
}

func (t *fakeTx) DeleteRange(after, before []byte) error {
	if err := t.check("delete range"); err != nil {
		return err
	}
	t.rows = slices.DeleteFunc(t.writable(), func(r fakeRow) bool {
		return bytes.Compare(r.key, after) > 0 && bytes.Compare(r.key, before) < 0
	})
	return nil
}

func (t *fakeTx) Level() int { return len(t.levels) }

func (t *fakeTx) Begin() (int, error) {
	if err := t.check("begin level"); err != nil {
		return 0, err
	}
	t.own = false
	t.levels = append(t.levels, t.rows)
	return len(t.levels), nil
}

func (t *fakeTx) CommitTo(level int) error {
	if level < 1 || level > len(t.levels) {
		return misusef("commit", "level %d is not open", level)
	}
	t.levels = t.levels[:level]
	return t.check("commit level")
}

func (t *fakeTx) RollbackTo(level int) error {
	if level < 1 || level > len(t.levels) {
		return misusef("rollback", "level %d is not open", level)
	}
	t.rows, t.levels, t.own = t.levels[level-1], t.levels[:level], false
	return t.check("rollback level")
}

func (t *fakeTx) Commit(ctx context.Context) error {
	err := t.check("commit")
	if err == nil {
		err = ctx.Err()
	}
	t.end(err == nil)
	return err
}

func (t *fakeTx) Rollback() error {
	err := t.check("rollback")
	t.end(false)
	return err
}

func (t *fakeTx) end(commit bool) {
	if t.done {
		return
	}
	t.done = true
	s := t.store
	s.mu.Lock()
	if commit {
		s.rows = t.rows
		s.seq++
	}
	s.since = time.Time{}
	s.open--
	s.mu.Unlock()
	<-s.turn
}

type fakeCursor struct {
	store *fakeStore
	rows  []fakeRow
	i     int
	err   error
	done  bool
	// key and value are handed out, and spoilt by the next call, so that whoever keeps
	// them is found out.
	key, value []byte
}

func (s *fakeStore) cursor(rows []fakeRow) (storeCursor, error) {
	if err := s.check("cursor"); err != nil {
		return nil, err
	}
	s.count(1)
	return &fakeCursor{store: s, rows: rows, i: -1}, nil
}

func (c *fakeCursor) moved(i int) bool {
	c.spoil()
	if c.err = c.store.check("move"); c.err != nil {
		i = -1
	}
	c.i = i
	return c.valid()
}

// spoil overwrites what was handed out.
func (c *fakeCursor) spoil() {
	for j := range c.key {
		c.key[j] = 0xdd
	}
	for j := range c.value {
		c.value[j] = 0xdd
	}
	c.key, c.value = nil, nil
}

func (c *fakeCursor) valid() bool { return !c.done && c.i >= 0 && c.i < len(c.rows) }
func (c *fakeCursor) First() bool { return c.moved(0) }
func (c *fakeCursor) Last() bool  { return c.moved(len(c.rows) - 1) }
func (c *fakeCursor) Next() bool  { return c.valid() && c.moved(c.i+1) }
func (c *fakeCursor) Prev() bool  { return c.valid() && c.moved(c.i-1) }

func (c *fakeCursor) Seek(key []byte, mode engine.SeekMode) bool {
	i, found := searchRows(c.rows, key)
	switch {
	case found:
	case mode == engine.SeekLE:
		i--
	case mode == engine.SeekEQ:
		i = -1
	}
	return c.moved(i)
}

func (c *fakeCursor) Key() []byte {
	if !c.valid() {
		return nil
	}
	if c.key == nil {
		c.key = append([]byte{}, c.rows[c.i].key...)
	}
	return c.key
}

func (c *fakeCursor) ValueLen() int {
	if !c.valid() {
		return 0
	}
	return len(c.rows[c.i].value)
}

func (c *fakeCursor) Value() ([]byte, error) {
	if err := c.store.check("value"); err != nil || !c.valid() {
		return nil, err
	}
	if c.value == nil {
		c.value = append([]byte{}, c.rows[c.i].value...)
	}
	return c.value, nil
}

func (c *fakeCursor) Err() error { return c.err }

func (c *fakeCursor) Close() error {
	if c.done {
		return misusef("close", "the cursor is closed already")
	}
	c.spoil()
	c.done = true
	c.store.count(-1)
	return nil
}

// NewFakeConnector returns a connector whose database is a fakeStore. fault, if it is
// not nil, is asked before each operation of the store.
func NewFakeConnector(cfg Config, fault func(op string) error) *Connector {
	c := newConnector(&Driver{}, cfg)
	c.open = func(context.Context, string, engine.Options) (store, error) {
		s := newFakeStore()
		s.fault = fault
		return s, nil
	}
	return c
}
