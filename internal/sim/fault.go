// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// FaultConfig says which operations of the schedule of a seed fail, and how.
type FaultConfig struct {
	Seed   uint64
	Safety engine.Safety
	Steps  int          // operations of the schedule
	Rule   faultfs.Rule // Nth is not used
	// Recover removes the rule after half of the steps; a database that is not poisoned
	// by then has to do all that is asked of it.
	Recover bool
	// Evict has the cache evict what a failed sync has dropped: see faultfs.Rule.Drop. Then what is read through the
	// handle on which it failed is right, or an error.
	Evict bool
	// Stride is the distance between the operations that fail; 0 is 1: every one.
	Stride int
	Bulk   bool   // larger values; see CrashConfig
	Key    []byte // encrypts the database
}

// FaultStats counts what was tried.
type FaultStats struct {
	Runs     int // times that the schedule met its fault
	Errors   int // errors that the store returned
	Poisoned int // runs that ended with a database that accepts nothing more
	Cases    int // databases that were opened and compared afterwards
	Evicted  int // pages that the cache has evicted after a sync had failed
	Refused  int // operations that failed because of that
}

// Add adds the counts of another run.
func (s *FaultStats) Add(o FaultStats) {
	s.Runs += o.Runs
	s.Errors += o.Errors
	s.Poisoned += o.Poisoned
	s.Cases += o.Cases
	s.Evicted += o.Evicted
	s.Refused += o.Refused
}

// Fault runs the schedule of a seed again and again, with the first operation of the
// file system failing, then the second, and so on, until a run ends before its fault
// comes.
func Fault(cfg FaultConfig) (FaultStats, error) {
	var stats FaultStats
	for n := 1; ; n += max(cfg.Stride, 1) {
		f := &faulter{FaultConfig: cfg, schedule: newSchedule(cfg.Seed, cfg.Safety, cfg.Bulk, cfg.Key), base: memfs.New()}
		f.fs = faultfs.Wrap(f.base)
		f.Rule.Nth = n
		f.evictions = f.fork(-n)
		f.fault = f.fs.Add(f.Rule)
		f.history = enginetest.NewHistory(enginetest.Map{})
		f.run = f.schedule.runner(f.fs, f.history, &f.db)
		err := caught(f.play)
		stats.Add(f.stats)
		if err != nil {
			err = fmt.Errorf("%v: fault %d (%v, part %.1f, forever %v) at %v: %w",
				f.schedule, n, f.Rule.Err, f.Rule.Part, f.Rule.Forever, f.fault.First(), err)
			return stats, withTrace(err, f.run)
		}
		if f.fault.Hits() == 0 {
			return stats, nil
		}
	}
}

// faulter is one run of a schedule with one fault.
type faulter struct {
	FaultConfig
	*schedule
	base    *memfs.FS
	fs      *faultfs.FS
	fault   *faultfs.Fault
	history *enginetest.History
	run     *enginetest.Runner
	db      *engine.DB // opened last
	stats   FaultStats

	unsynced  *engine.DB // the handle on which a sync has failed
	heard     bool       // that it has, or that another operation has
	cleared   bool       // the rule is gone
	evictions *rand.Rand
}

// play runs the schedule, bears with the errors that the fault causes, and looks at
// what is there afterwards.
func (f *faulter) play() error {
	for i := range f.Steps {
		if f.Recover && i == f.Steps/2 {
			f.fs.Clear()
			f.cleared = true
		}
		if err := f.step(); err != nil {
			return err
		}
	}
	if f.db != nil && f.run.Store != nil && f.db.Poisoned() != nil {
		f.stats.Poisoned++
	}
	if f.fault.Hits() > 0 {
		f.stats.Runs++
	}
	if err := f.afterwards(); err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	return f.finish()
}

// step does one operation of the schedule and judges its error.
func (f *faulter) step() error {
	if err := f.hear(nil); err != nil {
		return err
	}
	hits, commits := f.fault.Hits(), len(f.history.States)
	if f.Evict && hits > 0 && f.evictions.IntN(2) == 0 {
		f.stats.Evicted += f.base.Evict(f.evictions)
	}
	healthy := f.run.Store == nil || f.db.Poisoned() == nil
	if f.unknown() {
		f.run.Doubt = true
	}
	err := f.run.Step()
	if f.unsynced != nil && f.unsynced == f.db && f.acknowledged(commits) {
		return errors.New("a commit is acknowledged after a failed sync")
	}
	struck := f.fault.Hits() > hits
	// A commit that is in the log has succeeded, whatever happens to the checkpoint
	// that is made after it; the next one will hear of that.
	if struck && hits == 0 && f.run.Store != nil && err == nil &&
		f.fault.First().Kind == faultfs.Sync && strings.HasSuffix(f.fault.First().Name, "-log") {
		return errors.New("a sync of the log has failed, and no error is returned")
	}
	if err := f.hear(err); err != nil {
		return err
	}
	if err == nil {
		return nil
	}
	f.stats.Errors++
	if f.cleared && healthy && !f.late(err) {
		return fmt.Errorf("after the fault is gone: %w", err)
	}
	return f.judge(err, struck)
}

// hear waits until the handle on which a sync has failed knows that: it may have been one of its background, at any
// moment. err is what the operation has returned during which it failed.
func (f *faulter) hear(err error) error {
	if f.heard || f.fault.Hits() == 0 {
		return nil
	}
	f.heard = true
	if f.fault.First().Kind != faultfs.Sync || f.run.Store == nil {
		return nil
	}
	f.unsynced = f.db
	if !poisoned(f.db) {
		return fmt.Errorf("a sync has failed, and the handle goes on: %w", err)
	}
	return nil
}

// late reports whether an error is that of a sync of the background which failed before, when the handle did not
// know it yet. Under a rule that goes on, other operations may have failed first.
func (f *faulter) late(err error) bool {
	return f.fault.Hits() > 0 && f.db != nil && f.db.Poisoned() != nil && errors.Is(err, f.Rule.Err)
}

// acknowledged reports whether a commit that changed something has returned since there
// were n states.
func (f *faulter) acknowledged(n int) bool {
	s := f.history.States
	return slices.ContainsFunc(s[n:], func(m enginetest.Map) bool { return !m.Equal(s[n-1]) })
}

// judge returns an error if what the store has returned is not what the fault leads to.
func (f *faulter) judge(err error, struck bool) error {
	var op *enginetest.OpError
	if f.stats.Evicted > 0 && f.db.Poisoned() != nil && errors.Is(err, engine.ErrCorrupt) {
		f.stats.Refused++
		return nil
	}
	if !errors.As(err, &op) {
		if f.db.Poisoned() != nil && strings.HasPrefix(err.Error(), "wrong: check: ") {
			return nil // what the files hold is not known any more
		}
		if struck && strings.Contains(err.Error(), f.Rule.Err.Error()) {
			return nil // Check has met the fault, and says so
		}
		return err
	}
	if f.fault.Hits() == 0 {
		return fmt.Errorf("without a fault: %w", err)
	}
	if !errors.Is(err, f.Rule.Err) {
		return fmt.Errorf("the cause is lost: %w", err)
	}
	var e *engine.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("an error without a code: %w", err)
	}
	if f.Rule.Err == error(syscall.ENOSPC) && slices.Contains([]string{"put", "delete", "delete range", "commit"}, op.Op) && !errors.Is(err, engine.ErrFull) {
		return fmt.Errorf("a full disk is reported as something else: %w", err)
	}
	return nil
}

// afterwards looks at what would be found if the process were killed or the power lost
// now, without faults.
func (f *faulter) afterwards() error {
	for i, mode := range []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll, memfs.CrashRandom} {
		f.stats.Cases++
		rng := f.fork(f.Rule.Nth*4 + i)
		found := f.base.Crash(rng, mode)
		if f.anything(mode) {
			f.abuse(found, i)
			continue
		}
		states := f.allowed(f.history, mode)
		if f.unknown() {
			states = append(slices.Clone(f.history.Failed), states...)
		}
		if _, _, err := f.look(found, f.history, states, i); err != nil {
			return fmt.Errorf("%v: %w", mode, err)
		}
	}
	return nil
}

// unknown reports whether a failed commit may be in the files even so: a sync
// failed, of which nobody knows how much it did, or nothing could be taken back because
// everything fails.
func (f *faulter) unknown() bool {
	return f.Rule.Forever || f.db != nil && f.db.Poisoned() != nil
}

// finish ends the fault and closes the database. What is found when it is opened again
// is what was acknowledged.
func (f *faulter) finish() error {
	f.fs.Clear()
	err := f.run.LetGo()
	if err == nil {
		err = f.hear(nil)
	}
	if err == nil && f.run.Store != nil {
		if f.db.Poisoned() == nil {
			if err = f.run.Verify(); err == nil {
				err = f.run.Close()
			}
			if f.late(err) {
				err = nil
			}
		} else if f.run.Close() == nil {
			err = errors.New("a poisoned database is closed without an error")
		}
	}
	if err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	f.stats.Cases++
	states := f.history.AfterKill()
	if f.unknown() {
		states = append(slices.Clone(f.history.Failed), states...)
	}
	if _, _, err := f.look(f.base, f.history, states, 0); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	return nil
}
