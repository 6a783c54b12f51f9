package sim

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// CrashConfig says how the schedule of one seed is crashed.
type CrashConfig struct {
	Seed   uint64
	Safety engine.Safety
	Steps  int  // operations of the schedule
	Fates  int  // how many random fates are tried at each moment, beside the two extremes
	NoLog  bool // without a log
}

// CrashStats counts what was tried.
type CrashStats struct {
	Moments int // operations of the file system that a crash came before
	Cases   int // crashes, those in databases that were opened after a crash included
	Refused int // databases that could not be opened or read after power loss at safety off
}

// Add adds the counts of another run.
func (s *CrashStats) Add(o CrashStats) {
	s.Moments += o.Moments
	s.Cases += o.Cases
	s.Refused += o.Refused
}

// crasher runs a schedule and crashes before each operation that changes a file.
type crasher struct {
	CrashConfig
	*schedule
	base    *memfs.FS
	history *enginetest.History
	stats   CrashStats
	err     error // the first failure; the schedule runs on, but nothing more is tried
}

// Crash runs the schedule of a seed and, before each operation that changes a file or
// makes it durable, looks at what would be found if the process were killed or the power
// lost at that moment: it opens a copy, compares and checks it, works on in it, crashes
// that at a random moment, too, closes it and opens it again.
func Crash(cfg CrashConfig) (CrashStats, error) {
	c := &crasher{CrashConfig: cfg, schedule: newSchedule(cfg.Seed, cfg.Safety),
		base: memfs.New(), history: enginetest.NewHistory(enginetest.Map{})}
	c.options.NoLog = cfg.NoLog
	fs := faultfs.Wrap(c.base)
	fs.OnOp(func(op faultfs.Op) {
		if c.err == nil {
			c.err = c.moment(op)
		}
	})
	r := c.runner(c.rng, fs, c.history, nil)
	if cfg.Safety != engine.SafetyOff && !cfg.NoLog {
		r.Safeties = []engine.Safety{engine.SafetyNormal, cfg.Safety}
	}
	err := caught(func() error {
		for range cfg.Steps {
			if err := r.Step(); err != nil {
				return err
			}
			if c.err != nil {
				return c.err
			}
		}
		if r.Store == nil {
			return nil
		}
		return r.Close()
	})
	if err == nil {
		err = c.err
	}
	if err != nil {
		return c.stats, withTrace(fmt.Errorf("%v: %w", c.schedule, err), r)
	}
	return c.stats, nil
}

// moment tries all crashes that may come before an operation.
func (c *crasher) moment(op faultfs.Op) error {
	c.stats.Moments++
	rng := c.fork(op.N)
	modes := []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll}
	for range c.Fates {
		modes = append(modes, memfs.CrashRandom)
	}
	for i, mode := range modes {
		c.stats.Cases++
		found := c.base.Crash(rng, mode)
		err := caught(func() error { return c.afterwards(found, mode, op.N*16+i) })
		if err != nil {
			return fmt.Errorf("crash before %v (%v, %d of %d): %w", op, mode, i+1, len(modes), err)
		}
	}
	return nil
}

// afterwards looks at what a crash has left. n makes it different from other cases.
func (c *crasher) afterwards(fs *memfs.FS, mode memfs.CrashMode, n int) error {
	if c.anything(mode) {
		c.wreck(fs, n)
		return nil
	}
	allowed := c.allowed(c.history, mode)
	at, inFile, err := c.look(fs, c.history, allowed, n)
	if err != nil {
		return err
	}
	if mode == memfs.CrashLoseAll && inFile {
		// What survives the loss of all that is in doubt is durable, and stays it. Only
		// what is in the log may go again: the next commit writes to its last sector.
		lowest := slices.IndexFunc(allowed, allowed[at].Equal)
		c.history.Floor = min(c.history.Floor+lowest, len(c.history.States)-1)
	}
	return c.goOn(fs, c.historyAfter(allowed, at, mode, inFile), n)
}

// historyAfter returns the history of a database that was found in the at-th of the
// allowed states. Of what was found in the log nothing is certain: after a kill it was
// only written, and after power loss its last sector, if the commits in it were made at
// safety normal, is written to again by the next commit.
func (c *crasher) historyAfter(allowed []enginetest.Map, at int, mode memfs.CrashMode, inFile bool) *enginetest.History {
	h := enginetest.NewHistory(allowed[at])
	switch {
	case mode == memfs.CrashKeepAll:
		h.States = append(slices.Clone(c.history.AfterPowerLoss()), allowed[at])
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
	r := c.runner(rng, fs, h, nil)
	r.NoReopen = true
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
