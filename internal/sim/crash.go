// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// patient is how long the readers of schedules may hold what they read: a busy machine may stop one for seconds, and
// its schedule is about something else.
const patient = time.Hour

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
	// Halves has the first crashes while the database is closed and opened in the middle of a merge of
	// newer levels. It goes with Bulk.
	Halves bool
	NoLog  bool // without a log
	// Key encrypts the database, as else one of three is. Then no file shows a row at any crash, and a second
	// reader finds the same rows.
	Key []byte
	// Copies has the database copied now and then, and crashes meanwhile.
	Copies bool
	// Handles has read-only handles that share the database, and others that follow it from another process, hold
	// states of it while it crashes. It takes a log.
	Handles bool
	// Background gives the database that crashes goroutines of its own. What a seed
	// leads to depends on their timing then.
	Background engine.Background
}

// crasher runs a schedule and crashes before each operation that changes a file.
type crasher struct {
	CrashConfig
	*schedule
	base    *memfs.FS
	fs      *faultfs.FS // around base
	history *enginetest.History
	db      *engine.DB
	handles []*handle
	inTx    bool       // the schedule has a transaction open
	beside  *rand.Rand // chooses copies and handles

	mu    sync.Mutex // guards what follows; with Background there are several goroutines
	stats CrashStats
	doing string  // what the schedule has the database do
	copy  *copied // the newest copy of the database, nil if there is none
	seen  map[sighting]bool
	err   error // the first failure; the schedule runs on, but nothing more is tried
}

// Crash runs the schedule of a seed and, before each operation that changes a file or
// makes it durable, looks at what would be found if the process were killed or the power
// lost at that moment: it opens a copy, compares and checks it, works on in it, crashes
// that at a random moment, too, closes it and opens it again.
func Crash(cfg CrashConfig) (CrashStats, error) {
	c := &crasher{CrashConfig: cfg, schedule: newSchedule(cfg.Seed, cfg.Safety, cfg.Bulk, cfg.Key),
		base: memfs.New(), history: enginetest.NewHistory(enginetest.Map{}), seen: make(map[sighting]bool)}
	c.options.NoLog, c.background = cfg.NoLog, cfg.Background
	c.stats.Rare, c.stats.Kinds = make(map[string]int), make(map[string]int)
	c.beside = c.fork(-1)
	c.options.Readers, c.options.ReadersHold = cfg.Handles, patient
	if cfg.Lists || cfg.Halves {
		c.options.Compression = "none" // it takes many blocks
	}
	if cfg.Halves {
		c.options.MaxGarbage = 100_000                        // the large level is left alone
		c.key, c.options.Key, c.options.Cipher = nil, nil, "" // an encrypted file has no half-done merges
	}
	c.fs = faultfs.Wrap(c.base)
	r := c.watched(c.runner(c.fs, c.history, &c.db))
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
		if cfg.Halves {
			if err := c.fillHalf(r); err != nil {
				return err
			}
		}
		c.fs.OnOp(c.before)
		if cfg.Halves {
			if err := c.closeHalf(r); err != nil {
				return err
			}
		}
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
			if r.Store == nil {
				continue
			}
			c.note()
			if err := c.meanwhile(); err != nil {
				return err
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
	c.fs.OnOp(nil)
	if gone := c.letGo(); err == nil { // those of other processes, which are still there
		err = gone
	}
	if err != nil {
		return c.stats, withTrace(fmt.Errorf("%v: %w", c.schedule, err), r)
	}
	return c.stats, nil
}
