// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

var _ store.Store = (*Model)(nil)

// Begin implements store.Store.
func (m *Model) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	if err := m.begins(ctx, "begin"); err != nil {
		return nil, err
	}
	snap, _ := from.(*modelSnapshot)
	if from != nil && (snap == nil || !snap.mayWrite) {
		return nil, misuse("begin", "the snapshot is for reading only")
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	state, commit, err := m.state("begin")
	if err == nil && snap != nil && (snap.closed || snap.commit != commit) {
		err = &engine.Error{Code: engine.CodeBusySnapshot, Op: "begin"}
	}
	if err != nil {
		<-m.turn
		return nil, err
	}
	m.mu.Lock()
	m.since = time.Now()
	m.handles++
	m.mu.Unlock()
	return &modelTx{m: m, state: state, levels: []enginetest.Map{state}}, nil
}

type modelTx struct {
	m      *Model
	state  enginetest.Map
	levels []enginetest.Map // levels[l-1] is the state when level l was opened
	done   bool
}

func (t *modelTx) usable(op string) error {
	if t.done {
		return misuse(op, "the transaction has ended")
	}
	return nil
}

// change replaces the state by what f makes of it. keyLen is the length of the longest key.
func (t *modelTx) change(ctx context.Context, op string, keyLen int, f func(enginetest.Map) enginetest.Map) error {
	if err := t.usable(op); err != nil {
		return err
	}
	if err := t.m.begins(ctx, op); err != nil {
		return err
	}
	if keyLen > t.m.Caps().MaxKey {
		return &engine.Error{Code: engine.CodeTooBig, Op: op}
	}
	t.state = f(t.state)
	return nil
}

func (t *modelTx) Put(ctx context.Context, key, value []byte) error {
	return t.change(ctx, "put", len(key), func(m enginetest.Map) enginetest.Map {
		return m.Put(string(key), string(value))
	})
}

func (t *modelTx) Delete(ctx context.Context, key []byte) error {
	return t.change(ctx, "delete", len(key), func(m enginetest.Map) enginetest.Map { return m.Delete(string(key)) })
}

func (t *modelTx) DeleteRange(ctx context.Context, after, before []byte) error {
	return t.change(ctx, "delete range", max(len(after), len(before)), func(m enginetest.Map) enginetest.Map {
		return m.DeleteRange(string(after), string(before))
	})
}

func (t *modelTx) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := t.usable("get"); err != nil {
		return dst, false, err
	}
	return t.m.get(ctx, t.state, dst, key)
}

func (t *modelTx) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := t.usable("length"); err != nil {
		return 0, false, err
	}
	return t.m.valueLen(ctx, t.state, key)
}

func (t *modelTx) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := t.usable("cursor"); err != nil {
		return nil, err
	}
	return t.m.cursor(ctx, t.state)
}

func (t *modelTx) Level() int { return len(t.levels) }

func (t *modelTx) Begin() (int, error) {
	if err := t.usable("begin level"); err != nil {
		return 0, err
	}
	if err := t.m.check("begin level"); err != nil {
		return 0, err
	}
	t.levels = append(t.levels, t.state)
	return len(t.levels), nil
}

func (t *modelTx) level(op string, level int) error {
	if err := t.usable(op); err != nil {
		return err
	}
	if level < 1 || level > len(t.levels) {
		return misuse(op, "no such level")
	}
	return nil
}

func (t *modelTx) CommitTo(level int) error {
	if err := t.level("commit level", level); err != nil {
		return err
	}
	t.levels = t.levels[:level]
	return t.m.check("commit level")
}

func (t *modelTx) RollbackTo(level int) error {
	if err := t.level("rollback level", level); err != nil {
		return err
	}
	t.state, t.levels = t.levels[level-1], t.levels[:level]
	return t.m.check("rollback level")
}

func (t *modelTx) Commit(ctx context.Context) error {
	if err := t.usable("commit"); err != nil {
		return err
	}
	err := t.m.begins(ctx, "commit")
	t.done = true
	if err != nil {
		t.m.end(nil)
		return err
	}
	t.m.end(&t.state)
	return nil
}

func (t *modelTx) Rollback(context.Context) error {
	if err := t.usable("rollback"); err != nil {
		return err
	}
	err := t.m.check("rollback")
	t.done = true
	t.m.end(nil)
	return err
}
