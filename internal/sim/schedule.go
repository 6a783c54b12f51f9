// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// path is where the database is on every simulated file system.
const path = "/data/db"

// livePath is the file for readers in other processes.
const livePath = path + "-live"

// schedule is what a seed stands for.
type schedule struct {
	seed    uint64
	rng     *rand.Rand
	options engine.Options
	key     []byte // encrypts; nil: nothing is encrypted
	gen     *enginetest.Gen
	// background is for the database whose crashes are looked at; those that are opened
	// afterwards are given up as if killed, which goroutines would not notice.
	background engine.Background
}

// newSchedule draws options under which much happens within few operations. With bulk,
// the database has several blocks, and its log soon grows beyond where it may wrap. One of three databases is
// encrypted, with a key all are.
func newSchedule(seed uint64, safety engine.Safety, bulk bool, key []byte) *schedule {
	rng := rand.New(rand.NewPCG(seed, uint64(safety)))
	o := enginetest.RandomOptions(rng)
	o.PageSize = 256 << rng.IntN(6)
	o.BlockSize = 64 << 10
	o.AutoFlush = 1024 << rng.IntN(5)
	o.Safety = safety
	g := enginetest.NewGen(rng, min(o.PageSize, 1024), 16<<10)
	g.Keys = 10 << rng.IntN(5)
	if bulk {
		o.PageSize = 512 << rng.IntN(5)
		o.AutoFlush = 8192 << rng.IntN(4)
		o.AutoCheckpoint = []int{-1, 1 << 14, 1 << 16, 1 << 18}[rng.IntN(4)]
		o.MaxFreelist = 2 + rng.IntN(8)
		g.Page, g.Block, g.Keys = 8192, 80<<10, 60<<rng.IntN(4)
		if seed%2 == 1 { // more free blocks than fit into a checkpoint
			o.MaxFreelist, o.AutoMerge, o.AutoFlush, o.MaxGarbage = 2, 2, 32<<10, 400
			g.Keys = 600
		}
	}
	if key == nil {
		key = keyOf(seed)
	}
	encrypt(&o, key, seed)
	return &schedule{seed: seed, rng: rng, options: o, key: key, gen: g}
}

// open opens the database on a file system.
func (s *schedule) open(fs vfs.FS, bg engine.Background) (*engine.DB, error) {
	o := s.options
	o.FS, o.Background = fs, bg
	db, err := engine.Open(context.Background(), path, o)
	if errors.Is(err, engine.ErrCantOpen) && strings.Contains(err.Error(), livePath+" has the name") {
		// The file is never synced, so a loss of power may leave anything there. It is removed, as the error says.
		if err := fs.Remove(livePath); err != nil {
			return nil, err
		}
		return engine.Open(context.Background(), path, o)
	}
	return db, err
}

// runner makes the runner whose database is crashed or meets faults. It begins at the end
// of a history; db receives the database each time it is opened.
func (s *schedule) runner(fs vfs.FS, h *enginetest.History, db **engine.DB) *enginetest.Runner {
	return enginetest.NewRunner(s.rng, s.gen, h, func() (enginetest.Store, error) {
		opened, err := s.open(fs, s.background)
		if err != nil {
			return nil, err
		}
		*db = opened
		return enginetest.Engine(opened), nil
	})
}

// runnerAfter makes the runner of a database that was found after a crash.
func (s *schedule) runnerAfter(rng *rand.Rand, fs vfs.FS, h *enginetest.History) *enginetest.Runner {
	r := enginetest.NewRunner(rng, s.gen, h, func() (enginetest.Store, error) {
		db, err := s.open(fs, engine.BackgroundNone)
		if err != nil {
			return nil, err
		}
		return enginetest.Engine(db), nil
	})
	r.NoReopen = true
	return r
}

// fork returns a random generator that depends on the seed and on n only, so that a
// case does not depend on those before it.
func (s *schedule) fork(n int) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed*0x9e3779b97f4a7c15+uint64(s.options.Safety), uint64(n)))
}

// String describes the schedule in one line.
func (s *schedule) String() string {
	o := s.options
	return fmt.Sprintf("encrypted %v, safety %v, pages %d, blocks %d, autoflush %d, autocheckpoint %d, automerge %d, "+
		"max_freelist %d, autowork %v, log %v, keys %d of shape %d",
		o.Key != nil, o.Safety, o.PageSize,
		o.BlockSize, o.AutoFlush, o.AutoCheckpoint, o.AutoMerge, o.MaxFreelist, !o.NoAutoWork, !o.NoLog, s.gen.Keys, s.gen.Shape)
}

// caught calls f and makes an error of its panic.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// withTrace adds the last operations of a runner to an error.
func withTrace(err error, r *enginetest.Runner) error {
	return fmt.Errorf("%w\nlast operations:\n  %s", err, strings.Join(r.Trace(), "\n  "))
}
