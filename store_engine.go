package lsmlite

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

var (
	_ store         = engineStore{}
	_ maintainer    = engineStore{}
	_ storeSnapshot = engineSnapshot{}
	_ storeTx       = engineTx{}
	_ storeCursor   = (*engine.Cursor)(nil)
)

// engineStore is the engine as the driver sees it. It and the types below hold nothing
// but a pointer, so that putting one into an interface allocates nothing.
type engineStore struct{ *engine.DB }

// openEngine opens the database of the file path, which has been made canonical.
func openEngine(ctx context.Context, path string, o engine.Options) (store, error) {
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return engineStore{db}, nil
}

func (s engineStore) Begin(ctx context.Context) (storeTx, error) {
	tx, err := s.DB.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

func (s engineStore) Snapshot(ctx context.Context) (storeSnapshot, error) {
	snap, err := s.DB.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return engineSnapshot{snap}, nil
}

func (s engineStore) BeginFrom(ctx context.Context, snap storeSnapshot) (storeTx, error) {
	tx, err := s.DB.BeginFrom(ctx, snap.(engineSnapshot).Snapshot)
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

func (s engineStore) Writer() (time.Time, bool) {
	info, busy := s.DB.Writer()
	return info.Since, busy
}

type engineSnapshot struct{ *engine.Snapshot }

func (s engineSnapshot) Cursor() (storeCursor, error) {
	cur, err := s.Snapshot.Cursor()
	if err != nil {
		return nil, err
	}
	return cur, nil
}

type engineTx struct{ *engine.Tx }

func (t engineTx) Cursor() (storeCursor, error) {
	cur, err := t.Tx.Cursor()
	if err != nil {
		return nil, err
	}
	return cur, nil
}
