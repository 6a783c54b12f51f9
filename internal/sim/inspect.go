// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// anything reports whether a database may be in any condition after such a crash.
func (s *schedule) anything(mode memfs.CrashMode) bool {
	return s.options.Safety == engine.SafetyOff && mode != memfs.CrashKeepAll
}

// allowed returns what may be found after a crash of that mode.
func (s *schedule) allowed(h *enginetest.History, mode memfs.CrashMode) []enginetest.Map {
	if mode == memfs.CrashKeepAll && !s.options.NoLog {
		return h.AfterKill()
	}
	return h.AfterPowerLoss()
}

// look opens a database and returns which of the allowed states it is in, and whether
// all of that is in the database file, so that nothing was found in the log. It leaves
// the database as if killed.
func (s *schedule) look(fs *memfs.FS, h *enginetest.History, allowed []enginetest.Map, n int) (at int, inFile bool, err error) {
	ctx := context.Background()
	db, err := s.open(fs.Clone(), engine.BackgroundNone)
	if err != nil {
		return -1, false, fmt.Errorf("open: %w", err)
	}
	snap, err := enginetest.Engine(db).Snapshot(ctx)
	if err != nil {
		return -1, false, err
	}
	at, err = enginetest.Find(snap, allowed)
	if err != nil {
		err = place(err, snap, h)
	} else {
		err = enginetest.Probe(snap, allowed[at], s.fork(n), s.gen, 3)
	}
	if err = errors.Join(err, snap.Close()); err != nil {
		return at, false, err
	}
	if (n/16+n)%2 == 0 { // every other time is enough for what takes as long as all else
		if err := s.second(fs, allowed[at]); err != nil {
			return at, false, err
		}
	}
	return at, db.Stats().RecoveredCommits == 0, enginetest.Sound(ctx, enginetest.Engine(db))
}

// place adds to an error which of all states that were committed was found, if any.
func place(err error, r enginetest.Reader, h *enginetest.History) error {
	at, unknown := enginetest.Find(r, h.States)
	if unknown != nil {
		return fmt.Errorf("%w (it is no state that was committed)", err)
	}
	return fmt.Errorf("%w (it is state %d of %d, and the oldest allowed is %d)", err, at, len(h.States)-1, h.Floor)
}

// abuse uses a database that may be in any condition, and reports whether it could at
// least be read. Errors are all right; only panics and endless loops are not.
func (s *schedule) abuse(fs *memfs.FS, n int) (readable bool) {
	ctx := context.Background()
	db, err := s.open(fs, engine.BackgroundNone)
	if err != nil {
		return false
	}
	store := enginetest.Engine(db)
	rng := s.fork(n)
	var m enginetest.Map
	if snap, err := store.Snapshot(ctx); err == nil {
		m, err = enginetest.Read(snap)
		readable = err == nil
		_ = enginetest.Probe(snap, m, rng, s.gen, 3)
		_ = snap.Close()
	}
	_ = enginetest.Sound(ctx, store)
	r := s.runnerAfter(rng, fs, enginetest.NewHistory(m))
	r.Store = store
	for range 12 {
		_ = r.Step()
	}
	if r.Store != nil {
		_ = r.Close()
	}
	return readable
}
