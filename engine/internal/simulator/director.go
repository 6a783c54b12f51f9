// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

const (
	// maxSteps is how many steps a run has at most: more are a run that does not end. Shrink tries programs with fewer.
	maxSteps    = 500_000
	shrinkSteps = 60_000
	// enoughSteps is after how many of them no task begins another operation.
	enoughSteps = 15_000
	// hangs is after how much time of the bubble a run counts as hanging in which nothing happens.
	hangs = time.Hour
	// shortTime is how far the clock goes on when that is chosen before all that could go on.
	shortTime = time.Millisecond
	// timePart is one in how many steps, about, has that among what is chosen from.
	timePart = 40
	// traceLength is how many of the newest steps an error shows.
	traceLength = 60
)

// A director holds goroutines back at every file operation and every sched.Point, and lets one of them at a time go on,
// once all are held or wait for another. Which one is a matter of the seed alone: each event has a rank, made of the
// seed, the name of its goroutine and how many events that had before, and the least rank is first. So an event's rank
// does not depend on what other goroutines do, and a shorter program keeps much of the order of a longer one.
type director struct {
	seed uint64
	most int64 // steps
	stop func()

	mu       sync.Mutex
	held     []*event
	names    map[uintptr]*actor // by self
	numBegun map[string]int     // how many goroutines of a name have begun
	open     bool               // nobody is held
	arrived  chan struct{}      // capacity 1: an event has come

	steps atomic.Int64
	sum   uint64 // of everything that was chosen, and of what was noted
	trace []string
	last  string // what was chosen last
}

// An actor is a goroutine that the director knows.
type actor struct {
	name   string
	events int
}

// An event is a goroutine that is held.
type event struct {
	*actor
	what string
	rank uint64
	goOn chan struct{}
}

// A hang is the error of a run that does not come to its end.
type hang struct{ how string }

func (h *hang) Error() string { return h.how }

// newDirector begins to direct all goroutines that come to a sched.Point, for a number of steps at most.
func newDirector(seed uint64, most int64) *director {
	d := &director{seed: seed, most: most, names: make(map[uintptr]*actor), numBegun: make(map[string]int), arrived: make(chan struct{}, 1)}
	random := rand.New(rand.NewPCG(seed, 3))
	d.stop = sched.Direct(sched.Director{Point: d.point, Uint64: func() uint64 {
		d.mu.Lock()
		defer d.mu.Unlock()
		return random.Uint64()
	}})
	return d
}

// digits are what is random in the names of files.
var digits = regexp.MustCompile(`-[0-9a-f]{8}\b|[0-9a-f]{16,}`)

// call is called before every file operation.
func (d *director) call(op faultfs.Op) {
	name := digits.ReplaceAllString(op.Name[strings.LastIndexByte(op.Name, '/')+1:], "-*")
	d.hold(fmt.Sprintf("%v %s %d+%d", op.Kind, name, op.Off, op.Len))
}

// point is called at every sched.Point.
func (d *director) point(place string) { d.hold(place) }

// enter gives the calling goroutine a name, and holds it.
func (d *director) enter(name string) {
	d.mu.Lock()
	d.names[self()] = d.actorLocked(name)
	d.mu.Unlock()
	d.hold("begins")
}

// leave forgets the calling goroutine.
func (d *director) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, self())
	d.signal()
}

func (d *director) actorLocked(name string) *actor {
	d.numBegun[name]++
	if n := d.numBegun[name]; n > 1 {
		name = fmt.Sprint(name, "#", n)
	}
	return &actor{name: name}
}

func (d *director) signal() {
	select {
	case d.arrived <- struct{}{}:
	default:
	}
}

// hold holds the calling goroutine until it is chosen.
func (d *director) hold(what string) {
	d.mu.Lock()
	if d.open {
		d.mu.Unlock()
		return
	}
	id := self()
	a := d.names[id]
	if first, ok := strings.CutSuffix(what, " begins"); ok || a == nil {
		a = d.actorLocked(first) // a goroutine of the engine
		d.names[id] = a
	}
	e := &event{actor: a, what: what, rank: rank(d.seed, a.name, a.events), goOn: make(chan struct{})}
	a.events++
	d.held = append(d.held, e)
	d.signal()
	d.mu.Unlock()
	<-e.goOn
}

// opened holds nobody back while f runs, except those that are held already. All are held or wait, so f alone runs.
func (d *director) opened(f func()) {
	d.mu.Lock()
	d.open = true
	d.mu.Unlock()
	f()
	synctest.Wait()
	d.mu.Lock()
	d.open = false
	d.mu.Unlock()
}

// rank is where an event stands among those that are held at the same time.
func rank(seed uint64, name string, n int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, seed, name, n)
	return mix(h.Sum64())
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// note adds a result of the run to its sum.
func (d *director) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noteLocked(what)
}

func (d *director) noteLocked(what string) {
	for _, b := range []byte(what) {
		d.sum = (d.sum ^ uint64(b)) * 0x100000001b3
	}
	d.sum = mix(d.sum)
	if len(d.trace) >= 2*traceLength && !keepTraces {
		d.trace = slices.Delete(d.trace, 0, traceLength)
	}
	d.trace = append(d.trace, what)
}

// keepTraces keeps all of every trace, to look for where two runs differ.
var keepTraces = false

// run lets one goroutine after the other go on until done. Before each step, moment is called, while all others are
// held or wait.
func (d *director) run(done func() bool, moment func()) error {
	for {
		synctest.Wait()
		if done() {
			return nil
		}
		d.mu.Lock()
		e := d.choose()
		d.mu.Unlock()
		if e == nil {
			if !d.waitForArrival() {
				return &hang{"nothing happens any more, and the run is not over"}
			}
			continue
		}
		if d.steps.Add(1) > d.most {
			return &hang{fmt.Sprintf("the run does not end within %d steps", d.most)}
		}
		steps := uint64(d.steps.Load())
		moment()
		if mix(d.seed^steps)%timePart == 0 {
			d.note("time goes on")
			time.Sleep(shortTime)
			continue
		}
		d.mu.Lock()
		e = d.choose()
		d.held = slices.DeleteFunc(d.held, func(o *event) bool { return o == e })
		d.last = e.what
		d.noteLocked(e.name + ": " + e.what)
		d.mu.Unlock()
		close(e.goOn)
	}
}

// choose returns the event that is first, nil if there is none. The caller has the mutex.
func (d *director) choose() *event {
	var first *event
	for _, e := range d.held {
		if first == nil || e.rank < first.rank || e.rank == first.rank && e.name < first.name {
			first = e
		}
	}
	return first
}

// waitForArrival waits, as the clock goes on, until a goroutine is held or has left.
func (d *director) waitForArrival() bool {
	timer := time.NewTimer(hangs)
	defer timer.Stop()
	select {
	case <-d.arrived:
		return true
	case <-timer.C:
		return false
	}
}

// newest returns the newest steps, one a line.
func (d *director) newest() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.trace[max(0, len(d.trace)-traceLength):], "\n  ")
}
