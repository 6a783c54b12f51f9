// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// kill kills the process that writes. Its goroutines go on to their ends, with operations that fail; its locks are
// gone, its files stay as they are, what the disk has of them included, and other processes go on with them.
func (r *run) kill() {
	r.note("kill")
	r.mu.Lock()
	r.dead = true
	r.mu.Unlock()
	r.files.Kill(errKilled)
}

// cutPower ends all processes, and returns the files that are left.
func (r *run) cutPower(rng *rand.Rand) *memfs.FS {
	mode := []memfs.CrashMode{memfs.CrashLoseAll, memfs.CrashRandom}[rng.IntN(2)]
	r.note(fmt.Sprint("loss of power: ", mode))
	left := r.mem.Crash(rng, mode)
	r.mu.Lock()
	r.dead, r.dark = true, true
	r.mu.Unlock()
	r.files.Kill(errKilled)
	return left
}

// look looks at what a crash at this moment would leave.
func (r *run) look(rng *rand.Rand) {
	powerLoss := rng.IntN(2) == 0 && !r.unsure
	mode := memfs.CrashKeepAll
	if powerLoss {
		mode = []memfs.CrashMode{memfs.CrashLoseAll, memfs.CrashRandom}[rng.IntN(2)]
	}
	left := r.mem.Crash(rng, mode)
	r.result.Looks++
	r.opened(func() {
		at, err := r.inspect(left, r.allowed(powerLoss || r.evicted))
		if err != nil {
			r.fail(fmt.Errorf("crash at step %d (%v): %w", r.steps.Load(), mode, err))
			return
		}
		r.note(fmt.Sprint("look: ", mode, " ", at.no))
	})
}

// between looks at the files between two sessions, of which nothing is open, for one of some commits.
func (r *run) between(allowed []*commit) error {
	var at *commit
	var err error
	r.opened(func() { at, err = r.inspect(r.mem.Clone(), allowed) })
	if err != nil {
		return fmt.Errorf("after the session: %w", err)
	}
	r.note(fmt.Sprint("found: ", at.no))
	r.newSession(at)
	return nil
}

// evict has the cache evict pages that a failed sync has dropped. What was acknowledged and is not durable may be gone.
func (r *run) evict(rng *rand.Rand) {
	n := r.mem.Evict(rng)
	if n == 0 {
		return
	}
	r.note(fmt.Sprint("evicted: ", n))
	r.evicted = true
	r.result.Evicted += n
}

const (
	// evictEvery is one in how many steps has the cache evict pages, if there are any.
	evictEvery = 20
	// hotPart is how many times as often it is looked what a crash would leave after a step that changes what is
	// durable: where a step is missing there, few moments show it.
	hotPart = 16
)

// hot are steps that change what is durable, write a meta page, or write the log from its beginning on once more.
var hot = regexp.MustCompile(`^(sync|syncdir|rename|remove|truncate) ` +
	`|^write db (0|[1-7]\d{0,3})\+|^write db-log \d{1,4}\+`)

// often returns one in how many steps like the newest one is followed by a look, if on the whole one in n is.
func (r *run) often(n int) int {
	if hot.MatchString(r.last) {
		return max(n/hotPart, 2)
	}
	return n
}

// inspect opens the database on some files and returns which of the allowed commits it is at.
func (r *run) inspect(fs *memfs.FS, allowed []*commit) (at *commit, err error) {
	o := r.options
	o.FS, o.Background, o.IndexSize, o.CacheSize, o.Safety = fs, engine.BackgroundNone, -1, 1<<20, r.now.safety
	o.Readers = false
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer func() {
		if closed := db.Close(); err == nil && closed != nil {
			err = fmt.Errorf("close: %w", closed)
		}
	}()
	store := enginetest.Engine(db)
	s, err := store.Snapshot(context.Background())
	if err != nil {
		return nil, err
	}
	at, err = found(s, allowed)
	if err != nil {
		err = fmt.Errorf("%d commits are allowed, the oldest is %d: %w", len(allowed), allowed[0].no, r.place(err, s))
	}
	return at, errors.Join(err, s.Close(), enginetest.Sound(context.Background(), store))
}

// place adds to an error which of all commits was found, if any.
func (r *run) place(err error, s enginetest.Reader) error {
	at, unknown := found(s, r.chain.from(r.chain.all[0], true))
	if unknown != nil {
		return fmt.Errorf("%w (it is none of %d)", err, len(r.chain.all))
	}
	return fmt.Errorf("%w (it is commit %d)", err, at.no)
}
