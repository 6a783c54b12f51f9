// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

var (
	_ Store      = Engine{}
	_ WriterInfo = Engine{}
	_ Maintainer = Engine{}
	_ Inspector  = Engine{}
	_ Skipper    = Engine{}
	_ Attacher   = Engine{}
	_ Snapshot   = engineSnapshot{}
	_ Snapshot   = engineMayWrite{}
	_ Tx         = engineTx{}

	_ ShortReader = Engine{}
	_ ShortReader = engineSnapshot{}
	_ ShortReader = engineTx{}
)

// Engine is an open database of package engine as a Store. A call looks at its context when it
// begins; Begin and Commit also look at it while they wait.
//
// Engine and the types below hold only a pointer, so that an interface of one needs no allocation.
type Engine struct{ *engine.DB }

var engineCaps = Caps{MaxKey: engine.MaxKeySize, MaxValue: engine.MaxValueSize, SingleWriter: true}

// Caps implements Store.
func (s Engine) Caps() Caps { return engineCaps }

// Get implements Reader.
func (s Engine) Get(ctx context.Context, dst, key []byte) (value []byte, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return dst, false, err
	}
	return s.DB.Get(dst, key)
}

// ValueLen implements Reader.
func (s Engine) ValueLen(ctx context.Context, key []byte) (n int, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	return s.DB.ValueLen(key)
}

// GetShort implements ShortReader.
func (s Engine) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return dst, 0, false, err
	}
	return s.DB.GetShort(dst, key, most)
}

// Cursor implements Reader.
func (s Engine) Cursor(ctx context.Context) (Cursor, error) {
	return newEngineCursor(s.DB.Cursor(ctx))
}

// Snapshot implements Store.
func (s Engine) Snapshot(ctx context.Context, mayWrite bool) (Snapshot, error) {
	snap, err := s.DB.Snapshot(ctx)
	switch {
	case err != nil:
		return nil, err
	case mayWrite:
		return engineMayWrite{engineSnapshot{snap}}, nil
	}
	return engineSnapshot{snap}, nil
}

// Begin implements Store.
func (s Engine) Begin(ctx context.Context, from Snapshot) (Tx, error) {
	var tx *engine.Tx
	var err error
	if from == nil {
		tx, err = s.DB.Begin(ctx)
	} else {
		snap, ok := from.(engineMayWrite)
		if !ok {
			return nil, &engine.Error{Code: engine.CodeMisuse, Op: "begin", Detail: "the snapshot is for reading only"}
		}
		tx, err = s.DB.BeginFrom(ctx, snap.Snapshot)
	}
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

// Writer implements WriterInfo.
func (s Engine) Writer() (since time.Time, busy bool) {
	info, busy := s.DB.Writer()
	return info.Since, busy
}

type engineSnapshot struct{ *engine.Snapshot }

// engineMayWrite is a snapshot that a transaction may begin from.
type engineMayWrite struct{ engineSnapshot }

func (s engineSnapshot) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return dst, false, err
	}
	return s.Snapshot.Get(dst, key)
}

func (s engineSnapshot) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	return s.Snapshot.ValueLen(key)
}

func (s engineSnapshot) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return dst, 0, false, err
	}
	return s.Snapshot.GetShort(dst, key, most)
}

func (s engineSnapshot) Cursor(ctx context.Context) (Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newEngineCursor(s.Snapshot.Cursor())
}
