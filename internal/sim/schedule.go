package sim

import (
	"context"
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

// schedule is what a seed stands for.
type schedule struct {
	seed    uint64
	rng     *rand.Rand
	options engine.Options
	gen     *enginetest.Gen
}

// newSchedule draws options under which much happens within few operations.
func newSchedule(seed uint64, safety engine.Safety) *schedule {
	rng := rand.New(rand.NewPCG(seed, uint64(safety)))
	o := enginetest.RandomOptions(rng)
	o.PageSize = 256 << rng.IntN(6)
	o.BlockSize = 64 << 10
	o.AutoFlush = 1024 << rng.IntN(5)
	o.Safety = safety
	g := enginetest.NewGen(rng, min(o.PageSize, 1024), 16<<10)
	g.Keys = 10 << rng.IntN(5)
	return &schedule{seed: seed, rng: rng, options: o, gen: g}
}

// open opens the database on a file system.
func (s *schedule) open(fs vfs.FS) (*engine.DB, error) {
	o := s.options
	o.FS = fs
	return engine.Open(context.Background(), path, o)
}

// runner makes a runner over a file system, that begins at the end of a history. db, if
// not nil, receives the database each time it is opened.
func (s *schedule) runner(rng *rand.Rand, fs vfs.FS, h *enginetest.History, db **engine.DB) *enginetest.Runner {
	return enginetest.NewRunner(rng, s.gen, h, func() (enginetest.Store, error) {
		opened, err := s.open(fs)
		if err != nil {
			return nil, err
		}
		if db != nil {
			*db = opened
		}
		return enginetest.Engine(opened), nil
	})
}

// fork returns a random generator that depends on the seed and on n only, so that a
// case does not depend on those before it.
func (s *schedule) fork(n int) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed*0x9e3779b97f4a7c15+uint64(s.options.Safety), uint64(n)))
}

// String describes the schedule in one line.
func (s *schedule) String() string {
	o := s.options
	return fmt.Sprintf("safety %v, pages %d, blocks %d, autoflush %d, autocheckpoint %d, automerge %d, max_freelist %d, autowork %v, log %v, keys %d of shape %d",
		o.Safety, o.PageSize, o.BlockSize, o.AutoFlush, o.AutoCheckpoint, o.AutoMerge, o.MaxFreelist, !o.NoAutoWork, !o.NoLog, s.gen.Keys, s.gen.Shape)
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
