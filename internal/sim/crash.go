package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// CrashConfig says how the schedule of one seed is crashed.
type CrashConfig struct {
	Seed   uint64
	Safety engine.Safety
	Warm   int // operations of the schedule before the first crash
	Steps  int // operations of the schedule from then on
	Sparse int // one in so many moments is tried, by chance; 0 or 1: all of them
	Fates  int // how many random fates are tried at each moment, besides the two extremes
	// Bulk is for larger values, so that the log wraps and blocks are reused.
	Bulk bool
	// Jump has the first crash only when the log has wrapped and is about to run into
	// what is still needed of its other end. It goes with Bulk.
	Jump bool
	// Lists has the first crash when a merge is to free more blocks than a checkpoint
	// may list. It goes with Bulk.
	Lists bool
	NoLog bool // without a log
	// Background gives the database that crashes goroutines of its own. What a seed
	// leads to depends on their timing then.
	Background engine.Background
}

// CrashStats counts what was tried.
type CrashStats struct {
	Moments int // operations of the file system that a crash came before
	Cases   int // crashes, those in databases that were opened after a crash included
	Refused int // databases that could not be opened or read after power loss at safety off
	// Rare counts the operations of schedules after which something rare was so:
	// a test that never meets it proves nothing about it.
	Rare map[string]int
}

// Add adds the counts of another run.
func (s *CrashStats) Add(o CrashStats) {
	s.Moments += o.Moments
	s.Cases += o.Cases
	s.Refused += o.Refused
	if s.Rare == nil {
		s.Rare = make(map[string]int)
	}
	for what, n := range o.Rare {
		s.Rare[what] += n
	}
}

// crasher runs a schedule and crashes before each operation that changes a file.
type crasher struct {
	CrashConfig
	*schedule
	base    *memfs.FS
	history *enginetest.History
	db      *engine.DB

	mu    sync.Mutex // guards what follows; with Background there are several goroutines
	stats CrashStats
	err   error // the first failure; the schedule runs on, but nothing more is tried
}

// Crash runs the schedule of a seed and, before each operation that changes a file or
// makes it durable, looks at what would be found if the process were killed or the power
// lost at that moment: it opens a copy, compares and checks it, works on in it, crashes
// that at a random moment, too, closes it and opens it again.
func Crash(cfg CrashConfig) (CrashStats, error) {
	c := &crasher{CrashConfig: cfg, schedule: newSchedule(cfg.Seed, cfg.Safety, cfg.Bulk),
		base: memfs.New(), history: enginetest.NewHistory(enginetest.Map{})}
	c.options.NoLog, c.background, c.stats.Rare = cfg.NoLog, cfg.Background, make(map[string]int)
	if cfg.Lists {
		c.options.Compression = "none" // it takes many blocks
	}
	fs := faultfs.Wrap(c.base)
	r := c.runner(fs, c.history, &c.db)
	if cfg.Bulk && cfg.Seed%2 == 1 {
		r.TxSteps = 3 // more time for flushing and merging
	}
	if cfg.Safety != engine.SafetyOff && !cfg.NoLog {
		r.Safeties = []engine.Safety{engine.SafetyNormal, cfg.Safety}
	}
	err := caught(func() error {
		if err := r.Run(cfg.Warm); err != nil {
			return err
		}
		if cfg.Jump {
			if err := c.fillLog(r); err != nil {
				return err
			}
		}
		if cfg.Lists {
			if err := c.fillLevels(r); err != nil {
				return err
			}
		}
		fs.OnOp(c.before)
		if cfg.Lists {
			if _, err := c.db.Work(context.Background(), engine.WorkOptions{Merge: 2}); err != nil {
				return err
			}
			if _, err := c.db.Checkpoint(context.Background()); err != nil {
				return err
			}
			c.note()
		}
		for range cfg.Steps {
			if err := r.Step(); err != nil {
				return err
			}
			if err := c.failure(); err != nil {
				return err
			}
			if r.Store != nil {
				c.note()
			}
		}
		r.Lazy = false
		if r.Store == nil {
			return nil
		}
		return r.Close()
	})
	if err == nil {
		err = c.failure()
	}
	if err != nil {
		return c.stats, withTrace(fmt.Errorf("%v: %w", c.schedule, err), r)
	}
	return c.stats, nil
}

// fillLog works until the log has wrapped and is close to its other end, where it must
// jump. From the wrap on nothing may be checkpointed, or the other end would be given up.
func (c *crasher) fillLog(r *enginetest.Runner) error {
	const close = 16 << 10
	r.NoReopen = true
	for range 20000 {
		if err := r.Step(); err != nil {
			return err
		}
		if r.Store == nil {
			continue
		}
		log := c.db.LogStructure()
		if r.Lazy = log[0].End > 0; !r.Lazy {
			continue
		}
		if err := c.db.Set(func(o *engine.Options) { o.AutoCheckpoint = -1 }); err != nil {
			return err
		}
		if log[2].End+close > log[0].Start {
			return nil
		}
	}
	return fmt.Errorf("the log does not fill: %+v", c.db.LogStructure())
}

// fillLevels makes two levels of several blocks each and a small one above them, so that
// merging the two frees many blocks, and nothing is flushed after it that could take the
// list of them along.
func (c *crasher) fillLevels(r *enginetest.Runner) error {
	ctx := context.Background()
	r.NoReopen = true
	for i := range 7 {
		rows := 60
		if i < 3 {
			rows = 130 // the oldest level is larger than the others, or all would be merged
		}
		if err := r.Fill(i*40, rows, 3000); err != nil {
			return err
		}
		if i == 0 {
			err := c.db.Set(func(o *engine.Options) {
				o.NoAutoWork, o.MaxFreelist, o.AutoCheckpoint = true, 2, -1
			})
			if err != nil {
				return err
			}
		}
		if err := c.db.Flush(ctx); err != nil {
			return err
		}
		if i == 2 || i == 5 {
			if _, err := c.db.Work(ctx, engine.WorkOptions{Merge: 3}); err != nil {
				return err
			}
		}
	}
	return nil
}

// before is called before each operation that changes a file.
func (c *crasher) before(op faultfs.Op) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.moment(op)
	}
}

func (c *crasher) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// note counts the rare conditions that the database is in.
func (c *crasher) note() {
	log, s := c.db.LogStructure(), c.db.Stats()
	var freelistOnly bool
	for _, l := range c.db.Structure() {
		freelistOnly = freelistOnly || l.FreelistOnly
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, is := range map[string]bool{
		"log has wrapped":          log[0].End > 0,
		"log has jumped over":      log[1].End > 0,
		"five blocks or more":      s.Blocks >= 5,
		"free blocks":              s.FreeBlocks > 0,
		"free-list level":          freelistOnly,
		"five segments or more":    s.Segments >= 5,
		"tree that waits":          s.OldBytes > 0,
		"no checkpoint of its own": s.Checkpoints == 0,
	} {
		if is {
			c.stats.Rare[what]++
		}
	}
}

// moment tries all crashes that may come before an operation. What may be found is taken
// before the copies and after: in between, other goroutines may go on.
func (c *crasher) moment(op faultfs.Op) error {
	rng := c.fork(op.N)
	if c.Sparse > 1 && rng.IntN(c.Sparse) > 0 {
		return nil
	}
	c.stats.Moments++
	modes := []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll}
	for range c.Fates {
		modes = append(modes, memfs.CrashRandom)
	}
	earliest := c.history.Moment()
	found := make([]*memfs.FS, len(modes))
	for i, mode := range modes {
		found[i] = c.base.Crash(rng, mode)
	}
	then := c.history.Moment().Since(earliest)
	for i, mode := range modes {
		c.stats.Cases++
		err := caught(func() error { return c.afterwards(found[i], then, mode, op.N*16+i) })
		if err != nil {
			return fmt.Errorf("crash before %v (%v, %d of %d): %w", op, mode, i+1, len(modes), err)
		}
	}
	return nil
}

// afterwards looks at what a crash has left. n makes it different from other cases.
func (c *crasher) afterwards(fs *memfs.FS, then *enginetest.History, mode memfs.CrashMode, n int) error {
	if c.anything(mode) {
		c.wreck(fs, n)
		return nil
	}
	allowed := c.allowed(then, mode)
	at, inFile, err := c.look(fs, then, allowed, n)
	if err != nil {
		return err
	}
	if mode == memfs.CrashLoseAll && inFile {
		// What survives the loss of all that is in doubt is durable, and stays it. Only
		// what is in the log may go again: the next commit writes to its last sector.
		lowest := slices.IndexFunc(allowed, allowed[at].Equal)
		c.history.Durable(min(then.Floor+lowest, len(then.States)-1))
	}
	return c.goOn(fs, historyAfter(then, allowed, at, mode, inFile), n)
}

// historyAfter returns the history of a database that was found in the at-th of the
// allowed states. Of what was found in the log nothing is certain: after a kill it was
// only written, and after power loss its last sector, if the commits in it were made at
// safety normal, is written to again by the next commit.
func historyAfter(then *enginetest.History, allowed []enginetest.Map, at int, mode memfs.CrashMode, inFile bool) *enginetest.History {
	h := enginetest.NewHistory(allowed[at])
	switch {
	case mode == memfs.CrashKeepAll:
		h.States = append(slices.Clone(then.AfterPowerLoss()), allowed[at])
	case !inFile:
		h.States = slices.Clone(allowed[:at+1])
	}
	return h
}

// wreck uses a database that may be in any condition.
func (c *crasher) wreck(fs *memfs.FS, n int) {
	if !c.abuse(fs, n) {
		c.stats.Refused++
	}
}

// goOn works in a database that was found after a crash, crashes it once more, closes
// it, and opens it again.
func (c *crasher) goOn(found *memfs.FS, h *enginetest.History, n int) error {
	rng := c.fork(n)
	fs := faultfs.Wrap(found)
	r := c.runnerAfter(rng, fs, h)
	var again error
	countdown := 1 + rng.IntN(12)
	fs.OnOp(func(op faultfs.Op) {
		if countdown--; countdown == 0 {
			c.stats.Cases++
			mode := memfs.CrashMode(rng.IntN(3))
			if c.anything(mode) {
				c.wreck(found.Crash(rng, mode), n)
				return
			}
			_, _, again = c.look(found.Crash(rng, mode), h, c.allowed(h, mode), n)
			if again != nil {
				again = fmt.Errorf("second crash, before %v (%v): %w", op, mode, again)
			}
		}
	})
	err := r.Run(8)
	if err == nil && r.Store != nil {
		err = r.Reopen()
	}
	if err == nil {
		err = r.Close()
	}
	if err == nil {
		err = again
	} else {
		err = fmt.Errorf("going on after the crash: %w", err)
	}
	if err != nil {
		return withTrace(err, r)
	}
	return nil
}
