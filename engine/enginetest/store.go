// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Store is a store shaped like *engine.DB. The methods of this interface and of those
// below mean what the engine's methods of the same names mean.
type Store interface {
	Begin(ctx context.Context) (Tx, error)
	Snapshot(ctx context.Context) (Snapshot, error)
	Get(dst, key []byte) (value []byte, found bool, err error)
	Close() error
}

// Reader is what a Tx and a Snapshot have in common.
type Reader interface {
	Get(dst, key []byte) (value []byte, found bool, err error)
	Cursor() (Cursor, error)
}

// Tx is a write transaction.
type Tx interface {
	Reader
	Put(key, value []byte) error
	Delete(key []byte) error
	DeleteRange(after, before []byte) error
	Level() int
	Begin() (level int, err error)
	CommitTo(level int) error
	RollbackTo(level int) error
	Commit(ctx context.Context) error
	Rollback() error
}

// Snapshot is a state that stays as it is.
type Snapshot interface {
	Reader
	Close() error
}

// Cursor walks a state.
type Cursor interface {
	First() bool
	Last() bool
	Seek(key []byte, mode engine.SeekMode) bool
	Next() bool
	Prev() bool
	Valid() bool
	Key() []byte
	Value() ([]byte, error)
	Err() error
	Close() error
}

// Upgrader is a Store in which a snapshot can become a transaction.
type Upgrader interface {
	BeginFrom(ctx context.Context, s Snapshot) (Tx, error)
}

// Bounded is a Store that promises less than the engine does.
type Bounded interface {
	Bounds() Bounds
}

// Bounds are what a Store does not promise. The zero Bounds are those of the engine.
type Bounds struct {
	MaxKey         int  // the length of the longest key, if it is less
	ManyWriters    bool // writers do not wait for each other
	ReadsEndWithTx bool // a transaction takes with it what reads its state, or the one that it began from
}

// Maintained is a Store that keeps house: none of these methods changes what is read.
type Maintained interface {
	Flush(ctx context.Context) error
	Checkpoint(ctx context.Context) error
	// Work merges at least so many levels (0: the store's own setting), and writes
	// about so many pages (0: no limit).
	Work(ctx context.Context, levels, pages int) error
	Optimize(ctx context.Context) error
	// Tune changes settings at random, but not the safety level.
	Tune(rng *rand.Rand) error
	Safety() engine.Safety
	SetSafety(s engine.Safety) error
	// Check returns what is wrong with the files, one line each.
	Check(ctx context.Context) []string
}

// Engine makes a Store of an open database. It is an Upgrader and Maintained.
func Engine(db *engine.DB) Store { return engineStore{db} }

type engineStore struct{ db *engine.DB }

type engineTx struct{ *engine.Tx }

type engineSnapshot struct{ *engine.Snapshot }

func (s engineStore) Begin(ctx context.Context) (Tx, error) {
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

func (s engineStore) BeginFrom(ctx context.Context, snap Snapshot) (Tx, error) {
	tx, err := s.db.BeginFrom(ctx, snap.(engineSnapshot).Snapshot)
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

func (s engineStore) Snapshot(ctx context.Context) (Snapshot, error) {
	snap, err := s.db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return engineSnapshot{snap}, nil
}

func (s engineStore) Get(dst, key []byte) ([]byte, bool, error) { return s.db.Get(dst, key) }
func (s engineStore) Close() error                              { return s.db.Close() }
func (s engineStore) Flush(ctx context.Context) error           { return s.db.Flush(ctx) }
func (s engineStore) Optimize(ctx context.Context) error        { return s.db.Optimize(ctx) }

func (s engineStore) Checkpoint(ctx context.Context) error {
	_, err := s.db.Checkpoint(ctx)
	return err
}

func (s engineStore) Safety() engine.Safety { return s.db.Options().Safety }
func (s engineStore) SetSafety(to engine.Safety) error {
	return s.db.Set(func(o *engine.Options) { o.Safety = to })
}

func (s engineStore) Work(ctx context.Context, levels, pages int) error {
	_, err := s.db.Work(ctx, engine.WorkOptions{Merge: levels, Pages: pages})
	return err
}

func (s engineStore) Check(ctx context.Context) []string {
	var problems []string
	for p := range s.db.Check(ctx) {
		problems = append(problems, p.String())
	}
	return problems
}

func (s engineStore) Tune(rng *rand.Rand) error {
	to := RandomOptions(rng)
	return s.db.Set(func(o *engine.Options) {
		switch rng.IntN(5) {
		case 0:
			o.AutoFlush = to.AutoFlush
		case 1:
			o.AutoCheckpoint, o.MaxLog = to.AutoCheckpoint, to.MaxLog
		case 2:
			o.AutoMerge = to.AutoMerge
		case 3:
			o.MaxFreelist = to.MaxFreelist
		default:
			o.NoAutoWork = to.NoAutoWork
		}
	})
}

func (t engineTx) Cursor() (Cursor, error)       { return cursorOf(t.Tx.Cursor()) }
func (s engineSnapshot) Cursor() (Cursor, error) { return cursorOf(s.Snapshot.Cursor()) }

func cursorOf(c *engine.Cursor, err error) (Cursor, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}
