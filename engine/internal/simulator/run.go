// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// path is where the database is.
const path = "/data/db"

// livePath is the file for readers in other processes.
const livePath = path + "-live"

// A Result is what a run has come to.
type Result struct {
	Sum     uint64 // of all choices and results: equal for equal seeds
	Steps   int    // how often a goroutine was chosen
	Ops     int    // operations of tasks
	Looks   int    // crashes whose files were looked at
	Commits int
	Evicted int      // pages that the cache has evicted after a failed sync
	Outlive int      // operations in other processes that were begun after a kill, and succeeded
	Trace   []string // the newest steps
}

// A Program is a seed with what may be changed about its run.
type Program struct {
	Seed    uint64
	Without map[int]bool          // numbers of operations that are left out
	Steps   int                   // at most; 0: as many as any run may have
	Looks   int                   // one in so many steps is followed by a look at what a crash would leave; 0: as the seed says
	Mutant  mutant.Mutant         // which fault the engine has; 0: none
	Wrap    func(f vfs.FS) vfs.FS // what lies over the files in memory; nil is nothing
}

// run is a Program that runs.
type run struct {
	Program
	*plan
	*director
	*chain
	result Result

	mem   *memfs.FS
	files *faultfs.FS
	db    *engine.DB
	now   *session

	mu     sync.Mutex
	err    error  // the first thing that must not be
	before string // the newest steps then
	left   int    // tasks that have not ended
	dead   bool   // the process that writes is killed: nothing it does counts any more
	dark   bool   // the power has failed, which ends the other processes, too
	faulty bool   // operations may fail
	hung   bool   // goroutines are left that cannot be ended

	unsure  bool // a session without syncs has written what no other one has made durable
	evicted bool // the cache has evicted what a failed sync had dropped, which is as if the power had failed
}

// Run runs a program in a bubble of its own. One that hangs leaves its goroutines there, and is an error like
// any other.
func Run(t *testing.T, p Program) (result Result, err error) {
	busy.Lock()
	defer busy.Unlock()
	warm()
	hung := false
	defer func() {
		if hung {
			_ = recover() // the bubble has ended, and not all that are in it
		}
	}()
	if p.Mutant != 0 {
		defer mutant.With(p.Mutant)()
	}
	most := p.Steps
	if most == 0 {
		most = maxSteps
	}
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, p.Seed)
		r := &run{Program: p, plan: newPlan(p.Seed, p.Without), director: newDirector(p.Seed, int64(most)), chain: newChain(), mem: memfs.New()}
		defer r.stop()
		err = r.all()
		hung = r.hung
		r.result.Sum, r.result.Steps, r.result.Commits, r.result.Trace = r.sum, int(r.steps.Load()), len(r.chain.all)-1, r.trace
		result = r.result
		if err != nil {
			if r.before == "" {
				r.before = r.newest()
			}
			err = fmt.Errorf("%v: %w\nlast steps:\n  %s", r.plan, err, r.before)
		}
	})
	return result, err
}

// busy is held by the one simulation that runs.
var busy sync.Mutex

// all runs one session after the other.
func (r *run) all() error {
	for i := range r.sessions {
		r.now = &r.sessions[i]
		if err := r.session(i); err != nil {
			return fmt.Errorf("session %d: %w", i, err)
		}
	}
	return nil
}

// errKilled is what every operation of a process returns that is killed.
var errKilled = errors.New("the process is killed")

// session opens the database, runs the tasks of a session, and ends it.
func (r *run) session(i int) error {
	s := r.now
	r.dead, r.dark, r.faulty, r.left = false, false, s.faults > 0 || s.opening > 0, len(s.tasks)+1
	r.unsure, r.chain.full = r.unsure || s.safety == engine.SafetyOff, s.safety == engine.SafetyFull
	under := vfs.FS(r.mem)
	if r.Wrap != nil {
		under = r.Wrap(under)
	}
	r.files = faultfs.Wrap(under)
	r.files.OnCall(r.call)
	fate := rand.New(rand.NewPCG(r.plan.seed, uint64(i)+100))
	var left *memfs.FS // what a loss of power has left
	go r.task("main", func() { r.main(i) })
	steps, looks := 0, s.looks
	if r.Looks > 0 {
		looks = r.Looks
	}
	evictions := rand.New(rand.NewPCG(s.fault, 3))
	err := r.director.run(r.ended, func() {
		steps++
		switch {
		case r.dead:
		case s.end != closes && steps >= s.endAt:
			if s.end == losesPower && !r.unsure {
				left = r.cutPower(fate)
			} else {
				r.kill()
			}
		case rank(s.fault, "look", steps)%uint64(r.often(looks)) == 0:
			r.look(rand.New(rand.NewPCG(s.fault, uint64(steps))))
		}
		if s.evicts && r.faulty && !r.dead && !r.unsure && evictions.IntN(evictEvery) == 0 {
			r.evict(evictions)
		}
	})
	r.hung = err != nil
	if r.err != nil { // which may well be why the others hang
		return r.err
	}
	if err != nil {
		return err
	}
	r.files.OnCall(nil)
	if left != nil {
		r.mem = left
	}
	if !r.dead && !r.faulty { // it was closed
		return r.between([]*commit{r.chain.now()})
	}
	return r.between(r.allowed(left != nil || r.evicted))
}

// ended reports whether all tasks have ended.
func (r *run) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left == 0
}

// task is the goroutine of a task.
func (r *run) task(name string, f func()) {
	r.enter(name)
	defer func() {
		if p := recover(); p != nil {
			r.fail(fmt.Errorf("%s: panic: %v\n%s", name, p, debug.Stack()))
		}
		r.mu.Lock()
		r.left--
		r.mu.Unlock()
		r.leave()
	}()
	f()
}

// fail keeps the first error. What a process does that is killed is none, except for a wrong answer.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err, r.before = err, r.newest()
	}
}

// gone reports whether there is no use in going on.
func (r *run) gone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil || r.dead
}

// open opens the database on some files.
func (r *run) open(fs vfs.FS, bg engine.Background) (*engine.DB, error) {
	o := r.options
	o.FS, o.Background, o.Safety = fs, bg, r.now.safety
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

// main opens the database, starts the tasks, waits for them and closes it.
func (r *run) main(i int) {
	var others sync.WaitGroup
	begun := 0
	defer func() {
		r.mu.Lock()
		r.left -= len(r.now.tasks) - begun
		r.mu.Unlock()
	}()
	from := r.chain.now()
	if n := r.now.opening; n > 0 {
		r.files.Add(faultfs.Rule{On: faultfs.Sync, Nth: n, Err: syscall.EIO, Drop: 4096})
	}
	db, err := r.open(r.files, r.now.background)
	if err != nil {
		r.mayFail("open", err)
		return
	}
	r.db = db
	r.unsure = r.unsure && r.now.safety == engine.SafetyOff
	if r.evicted { // nothing rests any more on what earlier syncs have dropped
		r.evicted, from = false, r.chain.onlyDurable()
	}
	if _, err := r.snapshot(from); err != nil {
		r.mayFail("what is found", err)
	}
	r.addFaults()
	for _, t := range r.now.tasks {
		begun++
		if t.kind == outside {
			go r.task(t.name, func() { r.outside(t) })
			continue
		}
		others.Go(func() { r.task(t.name, func() { r.work(t) }) })
	}
	others.Wait()
	r.hold("all have ended")
	at := r.chain.now()
	if err = db.Close(); err != nil {
		r.mayFail("close", err)
	} else if !r.gone() && r.now.safety != engine.SafetyOff {
		r.synced(at)
	}
	r.note(fmt.Sprint("closed: ", err))
}

// snapshot looks at what can be seen.
func (r *run) snapshot(from *commit) (*commit, error) {
	s, err := enginetest.Engine(r.db).Snapshot(context.Background())
	if err != nil {
		return nil, err
	}
	c, err := r.seen(s, from)
	return c, errors.Join(err, s.Close())
}

// addFaults makes some operations fail.
func (r *run) addFaults() {
	rng := rand.New(rand.NewPCG(r.now.fault, 2))
	for range r.now.faults {
		rule := faultfs.Rule{On: faultfs.Write, Nth: 1 + rng.IntN(1<<rng.IntN(9)), Err: syscall.EIO}
		switch rng.IntN(6) {
		case 0:
			rule.On, rule.Drop = faultfs.Sync, 512<<(3*rng.IntN(2))
		case 1:
			rule.On = faultfs.Read
		case 2:
			rule.On = faultfs.Any
		case 3:
			rule.Err, rule.Forever = syscall.ENOSPC, rng.IntN(2) == 0
		default:
			rule.Part = min(1, 2*rng.Float64())
		}
		r.files.Add(rule)
	}
}

// mayFail judges the error of an operation in the process that writes.
func (r *run) mayFail(what string, err error) { r.judge(what, err, r.mayBeDead()) }

// judge judges the error of an operation: a wrong answer always is one, and others unless it may fail.
func (r *run) judge(what string, err error, mayFail bool) {
	r.note(fmt.Sprintf("%s: %v", what, plain(err)))
	var wrong *enginetest.Mismatch
	isWrong := errors.As(err, &wrong)
	switch {
	case err == nil:
	case isWrong:
	case mayFail:
		return
	case errors.Is(err, engine.ErrBusySnapshot), errors.Is(err, engine.ErrBusy), errors.Is(err, engine.ErrFull),
		errors.Is(err, engine.ErrGap), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return
	}
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", what, err))
	}
}

// plain is the text of an error without what is random in it.
func plain(err error) string {
	if err == nil {
		return "done"
	}
	return digits.ReplaceAllString(err.Error(), "-*")
}
