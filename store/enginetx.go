// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
)

// engineTx is a write transaction of the engine. Levels and Commit are the engine's own.
type engineTx struct{ *engine.Tx }

func (t engineTx) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return dst, false, err
	}
	return t.Tx.Get(dst, key)
}

func (t engineTx) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	return t.Tx.ValueLen(key)
}

func (t engineTx) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return dst, 0, false, err
	}
	return t.Tx.GetShort(dst, key, most)
}

func (t engineTx) Cursor(ctx context.Context) (Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newEngineCursor(t.Tx.Cursor())
}

func (t engineTx) Put(ctx context.Context, key, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.Tx.Put(key, value)
}

func (t engineTx) Delete(ctx context.Context, key []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.Tx.Delete(key)
}

func (t engineTx) DeleteRange(ctx context.Context, after, before []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.Tx.DeleteRange(after, before)
}

func (t engineTx) Rollback(context.Context) error { return t.Tx.Rollback() }
