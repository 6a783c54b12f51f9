// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"fmt"
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
	Where   map[string]int // by the file and the result
	Crashes int            // losses of power afterwards
	// Distinct counts those of one database that left other files than those before.
	Distinct int
	Commits  int // commits that were acknowledged
	Evicted  int // pages that the cache has evicted after the sync
	Refused  int // reads through the handle on which it failed that were errors
}

// Add adds the counts of another run.
func (s *FailSyncStats) Add(o FailSyncStats) {
	s.Syncs += o.Syncs
	s.Crashes += o.Crashes
	s.Distinct += o.Distinct
	s.Commits += o.Commits
	s.Evicted += o.Evicted
	s.Refused += o.Refused
	s.Where = added(s.Where, o.Where)
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
	// levels are the safety levels of its sessions.
	levels []engine.Safety
	evicts bool // the cache evicts pages after the sync has failed
}

// FailSync runs random sessions of a database, some of which are killed. One sync fails, of
// the database, its log or the directory, and what it should have made durable is dropped.
// The database is opened again, works on, commits under SafetyFull, and the power is lost:
// exactly what was acknowledged must be there. One of three databases is encrypted, with a key all are.
//
// Either sessions without any sync come in between, so that all that they have written is dropped at once. Or the cache
// evicts what was dropped, while the database is open, too: then what is read is right, or an error.
func FailSync(seed uint64, key []byte) (FailSyncStats, error) {
	rng := rand.New(rand.NewPCG(seed, 4711))
	f := &failSyncer{rng: rng, base: memfs.New(), rows: make(map[string]string)}
	f.opt = engine.Options{
		PageSize: 512 << rng.IntN(4), BlockSize: 64 << 10, AutoFlush: 2048 << rng.IntN(5),
		AutoCheckpoint: []int{-1, 4096, 32 << 10}[rng.IntN(3)], AutoMerge: 2 + rng.IntN(3),
		Compression: []string{"", "", "", "lz4", "zlib", "zstd"}[rng.IntN(6)],
	}
	if key == nil {
		key = keyOf(seed)
	}
	encrypt(&f.opt, key, seed)
	f.rule = faultfs.Rule{
		On: faultfs.Sync | faultfs.SyncDir, Nth: 1 + rng.IntN(60), Err: syscall.EIO, Drop: []int{512, 4096}[rng.IntN(2)],
	}
	f.levels = []engine.Safety{engine.SafetyNormal, engine.SafetyFull, engine.SafetyFull}
	if rng.IntN(2) == 0 {
		f.levels = []engine.Safety{engine.SafetyOff, engine.SafetyOff, engine.SafetyFull}
		f.rule.Nth = 1 + rng.IntN(8)
	} else {
		f.evicts = rng.IntN(4) > 0
	}
	f.wrap()
	err := caught(f.run)
	if err != nil {
		err = fmt.Errorf("seed %d, %d bytes dropped at once, %d pages evicted, failed: %v: %w",
			seed, f.rule.Drop, f.stats.Evicted, f.fault.First(), err)
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
		if err := f.evict(); err != nil {
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
	if err := f.evict(); err != nil {
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

// randomLosses is how many losses of power by chance follow a failed sync.
const randomLosses = 10

// losePower loses the power in all ways, and looks at what is left.
func (f *failSyncer) losePower() error {
	modes := []memfs.CrashMode{memfs.CrashLoseAll, memfs.CrashKeepAll}
	for range randomLosses {
		modes = append(modes, memfs.CrashRandom)
	}
	seen := make(map[uint64]bool)
	for _, mode := range modes {
		left := f.base.Crash(f.rng, mode)
		h := hashOf(left)
		if seen[h] {
			continue // nothing that it would show was in doubt
		}
		seen[h] = true
		f.stats.Distinct++
		f.stats.Crashes++
		if err := f.lookAt(left); err != nil {
			return fmt.Errorf("after the loss of power (%v): %w", mode, err)
		}
	}
	return nil
}

// lookAt looks at what a loss of power has left.
func (f *failSyncer) lookAt(left vfs.FS) error {
	o := f.opt
	o.FS = left
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		return err
	}
	if err := f.compare(db); err != nil {
		return err
	}
	for problem := range db.Check(context.Background()) {
		return fmt.Errorf("check: %v", problem)
	}
	return db.Close()
}
