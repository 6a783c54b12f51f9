// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// keepHouse is one of the ways to keep house.
func (r *run) keepHouse(rng *rand.Rand, no int) (what string, err error) {
	ctx, at := context.Background(), r.chain.now()
	store := enginetest.Engine(r.db).(enginetest.Maintained)
	switch n := rng.IntN(20); {
	case n < 4:
		return "flush", r.db.Flush(ctx)
	case n < 8:
		if err = r.db.Flush(ctx); err == nil {
			r.hold("has flushed")
			_, err = r.db.Checkpoint(ctx)
		}
		if err == nil && !r.gone() && r.now.safety != engine.SafetyOff {
			r.synced(at)
		}
		return "flush and checkpoint", err
	case n < 10:
		_, err = r.db.Checkpoint(ctx)
		return "checkpoint", err
	case n < 13:
		_, err = r.db.Work(ctx, engine.WorkOptions{Merge: 1 + rng.IntN(4), Pages: 1 + rng.IntN(200)})
		return "work", err
	case n < 14:
		return "optimize", r.db.Optimize(ctx)
	case n < 15:
		problems := store.Check(ctx)
		if len(problems) > 0 && !r.mayBeDead() {
			return "check", &enginetest.Mismatch{Detail: fmt.Sprint("check: ", problems)}
		}
		return "check", nil
	case n < 17:
		return "settings", store.Tune(rng)
	case n < 18:
		r.db.Stats()
		r.db.Structure()
		r.db.LogStructure()
		r.db.FreeList()
		return "statistics", nil
	case n < 19:
		return "backup", r.backup(rng, no, at)
	}
	// As long as the other tasks have nothing open either, Close would succeed.
	s, err := r.db.Snapshot(ctx)
	if err != nil {
		return "close", err
	}
	defer s.Close()
	if err := r.db.Close(); !errors.Is(err, engine.ErrBusy) {
		return "close", &enginetest.Mismatch{Detail: fmt.Sprintf("close with an open snapshot: %v", err)}
	}
	return "close", nil
}

// mayBeDead reports whether operations may fail.
func (r *run) mayBeDead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead || r.faulty
}

// backup makes a copy, and looks at what it holds.
func (r *run) backup(rng *rand.Rand, no int, from *commit) (err error) {
	name := fmt.Sprint("/data/copy", no)
	if rng.IntN(2) == 0 {
		err = r.db.Backup(context.Background(), name, engine.BackupOptions{})
	} else {
		err = r.db.CopyCheckpoint(context.Background(), name, engine.BackupOptions{})
	}
	if err != nil {
		return err
	}
	o := r.options
	o.FS, o.Background, o.IndexSize, o.ReadOnly = r.files, engine.BackgroundNone, -1, true
	o.Readers = false
	db, err := engine.Open(context.Background(), name, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := enginetest.Engine(db).Snapshot(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	_, err = found(s, r.chain.from(from, false))
	return err
}

// follow reads some of the change stream, from what can be seen now on, and compares it with the commits.
func (r *run) follow(rng *rand.Rand) error {
	s, err := r.db.Snapshot(context.Background())
	if err != nil {
		return err
	}
	from := s.Position()
	if err := s.Close(); err != nil {
		return err
	}
	left, last := 1+rng.IntN(6), from.Seq
	o := engine.ChangeOptions{Durable: rng.IntN(2) == 0, NoWait: rng.IntN(2) == 0, OnLag: engine.OnLag(rng.IntN(2))}
	ctx, cancel := context.WithTimeout(context.Background(), hangs/1000)
	defer cancel()
	for change, err := range r.db.Changes(ctx, from, o) {
		if err != nil {
			return err
		}
		if change.Position.Seq != last+1 {
			return &enginetest.Mismatch{Detail: fmt.Sprintf("change %d comes after %d", change.Position.Seq, last)}
		}
		last = change.Position.Seq
		n := 0
		for op, err := range change.Ops {
			if err != nil {
				return err
			}
			n += len(op.Key)
		}
		r.note(fmt.Sprintf("change %d with keys of %d bytes", last-from.Seq, n))
		r.hold("has a change")
		if left--; left == 0 {
			break
		}
	}
	return nil
}
