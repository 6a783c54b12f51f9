package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// FailSyncStats counts what was tried.
type FailSyncStats struct {
	Syncs   int            // syncs that failed
	Where   map[string]int // by the file and what came of it
	Crashes int            // losses of power afterwards
	Commits int            // commits that were acknowledged
}

// Add adds the counts of another run.
func (s *FailSyncStats) Add(o FailSyncStats) {
	s.Syncs += o.Syncs
	s.Crashes += o.Crashes
	s.Commits += o.Commits
	if s.Where == nil {
		s.Where = make(map[string]int)
	}
	for where, n := range o.Where {
		s.Where[where] += n
	}
}

// failSyncer works on a database one of whose syncs fails.
type failSyncer struct {
	rng   *rand.Rand
	base  *memfs.FS
	fs    *faultfs.FS
	rule  faultfs.Rule
	fault *faultfs.Fault
	opt   engine.Options
	db    *engine.DB
	rows  map[string]string // what is committed
	maybe map[string]string // what is committed if the last commit is, nil if that is known
	stats FailSyncStats
}

// FailSync runs random sessions of a database, some of which are killed. One sync fails, of
// the database, its log or the directory, and what it should have made durable is dropped.
// The database is opened again, works on, commits under SafetyFull, and the power is lost:
// exactly what was acknowledged must be there.
func FailSync(seed uint64) (FailSyncStats, error) {
	rng := rand.New(rand.NewPCG(seed, 4711))
	f := &failSyncer{rng: rng, base: memfs.New(), rows: make(map[string]string)}
	f.opt = engine.Options{
		PageSize: 512 << rng.IntN(4), BlockSize: 64 << 10, AutoFlush: 2048 << rng.IntN(5),
		AutoCheckpoint: []int{-1, 4096, 32 << 10}[rng.IntN(3)], AutoMerge: 2 + rng.IntN(3),
	}
	f.rule = faultfs.Rule{
		On: faultfs.Sync | faultfs.SyncDir, Nth: 1 + rng.IntN(60), Err: syscall.EIO, Drop: []int{512, 4096}[rng.IntN(2)],
	}
	f.wrap()
	err := caught(f.run)
	if err != nil {
		err = fmt.Errorf("seed %d, %d bytes dropped at once, failed: %v: %w", seed, f.rule.Drop, f.fault.First(), err)
	}
	return f.stats, err
}

// wrap makes the rule active for what is left of its syncs.
func (f *failSyncer) wrap() {
	if f.fs != nil {
		f.rule.Nth -= f.fs.Count(f.rule.On)
		if f.fault.Hits() > 0 || f.rule.Nth < 1 {
			f.rule.Nth = 1 << 30
		}
	}
	f.fs = faultfs.Wrap(f.base)
	f.fault = f.fs.Add(f.rule)
}

func (f *failSyncer) run() error {
	failed := false
	left := 400 // steps before the sync, then a few after it
	for left > 0 || f.db == nil {
		if err := f.step(); err != nil {
			return err
		}
		left--
		if !failed && f.fault.Hits() > 0 {
			failed = true
			f.stats.Syncs++
			f.note()
			left = 5 + f.rng.IntN(40)
		}
	}
	if !failed {
		return nil
	}
	if err := f.sureCommit(); err != nil {
		return err
	}
	return f.losePower()
}

// note counts where the sync has failed.
func (f *failSyncer) note() {
	op := f.fault.First()
	where := op.Kind.String() + " of the database"
	if len(op.Name) > 4 && op.Name[len(op.Name)-4:] == "-log" {
		where = op.Kind.String() + " of the log"
	}
	if f.db == nil {
		where += ", opening or closing"
	}
	f.stats.Where = map[string]int{where: 1}
}

// step opens the database, does something with it, closes it, or kills the process.
func (f *failSyncer) step() error {
	ctx := context.Background()
	if f.db == nil {
		return f.open([]engine.Safety{engine.SafetyNormal, engine.SafetyFull, engine.SafetyFull}[f.rng.IntN(3)])
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
	if f.db != nil && f.db.Poisoned() != nil {
		_ = f.db.Close()
		f.db = nil
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
	got := make(map[string]string)
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			got[string(c.Key())] = string(v)
		}
		return c.Err()
	})
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

// losePower loses the power in all ways, and looks at what is left.
func (f *failSyncer) losePower() error {
	for _, mode := range []memfs.CrashMode{memfs.CrashLoseAll, memfs.CrashKeepAll, memfs.CrashRandom, memfs.CrashRandom} {
		o := f.opt
		var left vfs.FS = f.base.Crash(f.rng, mode)
		o.FS = left
		db, err := engine.Open(context.Background(), path, o)
		if err != nil {
			return fmt.Errorf("after the loss of power (%v): %w", mode, err)
		}
		f.stats.Crashes++
		if err := f.compare(db); err != nil {
			return fmt.Errorf("after the loss of power (%v): %w", mode, err)
		}
		for problem := range db.Check(context.Background()) {
			return fmt.Errorf("after the loss of power (%v): %v", mode, problem)
		}
		if err := db.Close(); err != nil {
			return err
		}
	}
	return nil
}
