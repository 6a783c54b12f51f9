// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
)

// A world is a few actors that run code of this package on files and locks of their own. Each step of an actor is one
// thing that others can notice. explore runs all orders of their steps, except that it goes on only once from states
// that are alike: those in which everything that is shared is the same, and each actor has had the same results so far.
type world struct {
	actors []*actor
	shared func() string // all that is shared, as text
	wrong  string        // what has gone wrong
}

// actor is one goroutine of one process.
type actor struct {
	w       *world
	name    string
	next    func() (string, bool)
	stop    func()
	yield   func(string) bool
	guard   func() bool // when the next step may be done
	locks   *mutex      // that the next step takes
	done    bool
	history uint64 // of all results
	process *process
}

// process is what can be killed.
type process struct {
	dead     bool
	optional bool // its actors may never come to its end
}

// mutex is one that actors take. Taking it is a part of the next step.
type mutex struct{ by, running **actor }

var errStopped = errors.New("stopped")

var seed = maphash.MakeSeed()

// add makes an actor. running is set to it whenever it runs.
func (w *world) add(name string, p *process, running **actor, body func(a *actor)) {
	a := &actor{w: w, name: name, process: p}
	seq := iter.Seq[string](func(yield func(string) bool) {
		defer func() {
			if r := recover(); r != nil && r != errStopped {
				panic(r)
			}
		}()
		a.yield = yield
		*running = a
		body(a)
	})
	a.next, a.stop = iter.Pull(seq)
	w.actors = append(w.actors, a)
	_, ok := a.next()
	a.done = !ok
}

// do is a step.
func (a *actor) do(what string, step func() any) {
	if !a.yield(what) {
		panic(errStopped)
	}
	result := fmt.Sprint(a.history, what, step())
	a.history = maphash.String(seed, result)
}

// until is a step that is done once cond holds.
func (a *actor) until(what string, cond func() bool, step func() any) {
	a.guard = cond
	a.do(what, step)
}

// expect notes what has gone wrong, unless it is so.
func (a *actor) expect(ok bool, format string, args ...any) {
	if !ok && a.w.wrong == "" {
		a.w.wrong = a.name + ": " + fmt.Sprintf(format, args...)
	}
}

// may reports whether the next step of an actor can be done.
func (a *actor) may() bool {
	return !a.done && !a.process.dead && (a.guard == nil || a.guard()) && (a.locks == nil || *a.locks.by == nil)
}

// run does the next step of an actor.
func (w *world) run(a *actor, running **actor) {
	*running = a
	if a.guard = nil; a.locks != nil {
		*a.locks.by = a
		a.locks = nil
	}
	_, ok := a.next()
	a.done = !ok
}

func (w *world) end() {
	for _, a := range w.actors {
		a.stop()
	}
}

// key is the same for states that are alike.
func (w *world) key() [2]uint64 {
	var b strings.Builder
	b.WriteString(w.shared())
	for _, a := range w.actors {
		fmt.Fprintf(&b, " %x %v", a.history, a.done)
	}
	return [2]uint64{maphash.String(seed, b.String()), maphash.String(seed2, b.String())}
}

var seed2 = maphash.MakeSeed()

// explorer runs all orders.
type explorer struct {
	make    func(running **actor) *world
	running *actor
	seen    map[[2]uint64]bool
	path    []int
	wrong   string // the first thing that went wrong, and how it came to that
}

// explore returns what can go wrong, and the number of states.
func explore(start func(running **actor) *world) (wrong string, states int) {
	e := &explorer{make: start, seen: make(map[[2]uint64]bool)}
	e.visit(e.replay())
	return e.wrong, len(e.seen)
}

// replay makes a world in which the steps of the path have been done.
func (e *explorer) replay() *world {
	w := e.make(&e.running)
	for _, i := range e.path {
		w.run(w.actors[i], &e.running)
	}
	return w
}

// visit goes on from a world in all ways, and ends it.
func (e *explorer) visit(w *world) {
	defer func() { w.end() }()
	if w.wrong != "" {
		e.wrong = w.wrong + " after " + e.names(w)
		return
	}
	if key := w.key(); e.seen[key] {
		return
	} else {
		e.seen[key] = true
	}
	var can []int
	for i, a := range w.actors {
		if a.may() {
			can = append(can, i)
		}
	}
	if len(can) == 0 && w.stuck() {
		e.wrong = "nobody can go on after " + e.names(w)
	}
	for at, i := range can {
		next := w
		if at < len(can)-1 {
			next = e.replay()
		} else {
			w = &world{}
		}
		e.path = append(e.path, i)
		next.run(next.actors[i], &e.running)
		e.visit(next)
		e.path = e.path[:len(e.path)-1]
		if e.wrong != "" {
			return
		}
	}
}

// stuck reports whether an actor has not come to its end, and was not killed.
func (w *world) stuck() bool {
	return slices.ContainsFunc(w.actors, func(a *actor) bool { return !a.done && !a.process.dead && !a.process.optional })
}

// names are the actors whose steps led here.
func (e *explorer) names(w *world) string {
	var b strings.Builder
	for _, i := range e.path {
		b.WriteString(w.actors[i].name + " ")
	}
	return b.String()
}
