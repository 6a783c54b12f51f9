// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// step opens the database, does something with it, closes it, or kills the process.
func (f *failSyncer) step() error {
	ctx := context.Background()
	if f.db == nil {
		return f.open(f.levels[f.rng.IntN(len(f.levels))])
	}
	switch n := f.rng.IntN(40); {
	case n < 28:
		return f.commit()
	case n < 31:
		_ = f.db.Flush(ctx)
	case n < 33:
		_, _ = f.db.Checkpoint(ctx)
	case n < 35:
		_, _ = f.db.Work(ctx, engine.WorkOptions{Merge: 2})
	case n < 38:
		err := f.db.Close()
		f.db = nil
		if err != nil && f.fault.Hits() == 0 {
			return fmt.Errorf("close: %w", err)
		}
	default: // the process is killed
		hit := f.fault.Hits() > 0
		f.base = f.base.Clone()
		f.db = nil
		old := f.fault
		f.wrap()
		if hit {
			f.fault = old // it has struck, and is what is reported
		}
	}
	if f.db != nil && f.db.Poisoned() != nil && f.rng.IntN(3) > 0 {
		_ = f.db.Close()
		f.db = nil
	}
	return nil
}

// evict has the cache evict pages now and then. A handle that goes on after the failed sync shows what is committed, or
// an error: what it had not synced may be gone.
func (f *failSyncer) evict() error {
	if !f.evicts || f.fault.Hits() == 0 || f.rng.IntN(3) == 0 {
		return nil
	}
	f.stats.Evicted += f.base.Evict(f.rng)
	if f.db == nil {
		return nil
	}
	got, err := enginetest.Rows(f.db)
	switch {
	case err != nil && f.db.Poisoned() == nil:
		return fmt.Errorf("reading after an eviction: %w", err)
	case err != nil:
		f.stats.Refused++
	case !maps.Equal(got, f.rows):
		return fmt.Errorf("after an eviction there are %d rows, not the %d that were acknowledged, or others", len(got), len(f.rows))
	}
	return nil
}

// open opens the database, and looks which state it is in if that was not known.
func (f *failSyncer) open(safety engine.Safety) error {
	o := f.opt
	o.FS, o.Safety = f.fs, safety
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		if f.fault.Hits() == 0 || !errors.Is(err, syscall.EIO) {
			return fmt.Errorf("open: %w", err)
		}
		return nil // the next try finds all well
	}
	f.db = db
	return f.compare(db)
}

// compare wants a database to hold what is committed, and what may be at most besides.
func (f *failSyncer) compare(db *engine.DB) error {
	got, err := enginetest.Rows(db)
	switch {
	case err != nil:
		return err
	case maps.Equal(got, f.rows):
	case f.maybe != nil && maps.Equal(got, f.maybe):
		f.rows = f.maybe
	default:
		return fmt.Errorf("there are %d rows, not the %d that were acknowledged, or others", len(got), len(f.rows))
	}
	f.maybe = nil
	return nil
}

// commit commits a random transaction.
func (f *failSyncer) commit() error {
	next := maps.Clone(f.rows)
	err := f.db.Update(context.Background(), func(tx *engine.Tx) error {
		for range 1 + f.rng.IntN(6) {
			key := fmt.Sprintf("key%03d", f.rng.IntN(200))
			if f.rng.IntN(4) == 0 {
				delete(next, key)
				if err := tx.Delete([]byte(key)); err != nil {
					return err
				}
				continue
			}
			value := fmt.Sprintf("%0*d", 1+f.rng.IntN(300), f.rng.Uint32())
			next[key] = value
			if err := tx.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		f.rows = next
		f.stats.Commits++
	case f.fault.Hits() == 0:
		return err
	default:
		f.maybe = next
		_ = f.db.Close()
		f.db = nil
	}
	return nil
}

// sureCommit commits under SafetyFull, after which all that came before is durable, too.
func (f *failSyncer) sureCommit() error {
	if f.db != nil {
		_ = f.db.Close()
		f.db = nil
	}
	f.fs.Clear()
	if err := f.open(engine.SafetyFull); err != nil {
		return err
	}
	if f.db == nil {
		return errors.New("it cannot be opened after the fault is gone")
	}
	for range 1 + f.rng.IntN(10) {
		before := f.stats.Commits
		if err := f.commit(); err != nil || f.stats.Commits == before {
			return errors.Join(err, errors.New("a commit fails after the fault is gone"))
		}
	}
	return nil
}
