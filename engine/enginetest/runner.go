// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Runner does random operations on a store and compares all that it answers with what a
// Map says. Its errors are a *Mismatch, if the store is wrong, or an *OpError, if it has
// returned an error; after the latter it can go on. It belongs to one goroutine.
type Runner struct {
	// Open opens the store; it is called again after each Close.
	Open func() (Store, error)
	// Store is the open store, nil if there is none.
	Store Store
	// History is what has been committed so far.
	History *History
	// Safeties are the safety levels that are changed between; none: they stay.
	Safeties []engine.Safety
	// TxSteps is about how many operations a transaction has.
	TxSteps int
	// Doubt says that a commit that failed last may still be found when the store
	// is opened again.
	Doubt bool
	// NoReopen leaves the store open.
	NoReopen bool
	// Lazy leaves out all flushing, merging and checkpointing that the store does not do
	// by itself.
	Lazy bool

	rng *rand.Rand
	gen *Gen
	ctx context.Context

	tx      Tx
	state   Map   // what the transaction shows
	levels  []Map // levels[l-1] is the state when level l was opened
	commits int
	held    []*held

	trace [40]string
	done  int
}

// NewRunner makes a Runner for a store that holds what the history ends with.
func NewRunner(rng *rand.Rand, g *Gen, h *History, open func() (Store, error)) *Runner {
	return &Runner{Open: open, History: h, TxSteps: 8, rng: rng, gen: g, ctx: context.Background()}
}

// Trace returns the last operations, one line each.
func (r *Runner) Trace() []string {
	n := min(r.done, len(r.trace))
	out := make([]string, 0, n)
	for i := r.done - n; i < r.done; i++ {
		out = append(out, fmt.Sprintf("%d: %s", i, r.trace[i%len(r.trace)]))
	}
	return out
}

func (r *Runner) log(format string, args ...any) {
	r.trace[r.done%len(r.trace)] = fmt.Sprintf(format, args...)
	r.done++
}

// Run opens the store if it is not open, and does so many steps.
func (r *Runner) Run(steps int) error {
	for range steps {
		if err := r.Step(); err != nil {
			return err
		}
	}
	return nil
}

// Step does one operation.
func (r *Runner) Step() error {
	if r.Store == nil {
		return r.reopen()
	}
	switch n := r.rng.IntN(100); {
	case n < 3:
		return r.hold()
	case n < 12 && len(r.held) > 0:
		return r.useHeld()
	case n < 14 && len(r.held) > 0:
		return r.letGo(r.rng.IntN(len(r.held)))
	case n < 16 && !r.Lazy:
		return r.maintainBeside()
	case r.tx != nil:
		return r.inTx()
	case n < 70:
		return r.begin()
	case n < 80:
		r.log("get")
		return checkGet(r.Store, probeKey(r.History.Newest(), r.rng, r.gen), r.History.Newest())
	case n < 95 && !r.Lazy:
		return r.maintain()
	case n < 98 || r.NoReopen:
		return r.Verify()
	}
	return r.Reopen()
}

// reopen opens the store and looks at what it holds.
func (r *Runner) reopen() error {
	r.log("open")
	s, err := r.Open()
	if err != nil {
		return opError("open", err)
	}
	r.Store = s
	if r.Doubt && len(r.History.Failed) > 0 {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.Verify()
}

// settle looks which of the failed commits took place after all.
func (r *Runner) settle() error {
	s, err := r.Store.Snapshot(r.ctx)
	if err != nil {
		return opError("snapshot", err)
	}
	states := append(slices.Clone(r.History.Failed), r.History.Newest())
	at, err := Find(s, states)
	if err = errors.Join(err, opError("close snapshot", s.Close())); err != nil {
		return err
	}
	r.Doubt = false
	r.History.committed(states[at], engine.SafetyNormal)
	return nil
}

func (r *Runner) safety() engine.Safety {
	if m, ok := r.Store.(Maintained); ok {
		return m.Safety()
	}
	return engine.SafetyFull
}

// maintainBeside does what is possible while a transaction is open.
func (r *Runner) maintainBeside() error {
	m, ok := r.Store.(Maintained)
	if !ok {
		return nil
	}
	switch r.rng.IntN(6) {
	case 0:
		r.log("checkpoint")
		return r.checkpoint(m)
	case 1:
		r.log("tune")
		return opError("tune", m.Tune(r.rng))
	case 2:
		if len(r.Safeties) == 0 {
			return nil
		}
		from, to := m.Safety(), r.Safeties[r.rng.IntN(len(r.Safeties))]
		r.log("safety %v", to)
		err := m.SetSafety(to)
		if r.tx != nil && from == engine.SafetyOff && to != from {
			// What was written without syncs is synced first, by nobody but a writer.
			if !errors.Is(err, engine.ErrBusy) || m.Safety() != from {
				return mismatch("safety %v to %v with an open transaction: %v, and it is %v", from, to, err, m.Safety())
			}
			return nil
		}
		return opError("set safety", err)
	}
	levels, pages := r.rng.IntN(4), r.rng.IntN(60)
	r.log("work %d levels %d pages", levels, pages)
	return opError("work", m.Work(r.ctx, levels, pages))
}

func (r *Runner) checkpoint(m Maintained) error {
	if err := m.Checkpoint(r.ctx); err != nil {
		return opError("checkpoint", err)
	}
	r.History.checkpoint(m.Safety())
	return nil
}

// maintain does what is possible without a transaction.
func (r *Runner) maintain() error {
	m, ok := r.Store.(Maintained)
	if !ok {
		return nil
	}
	switch r.rng.IntN(8) {
	case 0, 1, 2:
		r.log("flush")
		if err := m.Flush(r.ctx); err != nil {
			return opError("flush", err)
		}
		r.History.flush()
		return nil
	case 3:
		r.log("optimize")
		if err := m.Optimize(r.ctx); err != nil {
			return opError("optimize", err)
		}
		r.History.flush()
		r.History.checkpoint(m.Safety())
		return nil
	}
	return r.maintainBeside()
}

// Verify compares everything that is committed, in both directions, and runs the store's
// own check.
func (r *Runner) Verify() error {
	r.log("verify")
	s, err := r.Store.Snapshot(r.ctx)
	if err != nil {
		return opError("snapshot", err)
	}
	want := r.History.Newest()
	if _, err = Find(s, []Map{want}); err == nil {
		err = Probe(s, want, r.rng, r.gen, 5)
	}
	if err = errors.Join(err, opError("close snapshot", s.Close())); err != nil {
		return err
	}
	return Sound(r.ctx, r.Store)
}

// LetGo ends the transaction and closes all that is held.
func (r *Runner) LetGo() error {
	var err error
	if r.tx != nil {
		r.log("rollback")
		err = opError("rollback", r.tx.Rollback())
		r.tx = nil
	}
	for len(r.held) > 0 {
		err = errors.Join(err, r.letGo(0))
	}
	return err
}

// Reopen closes the store, opens it again and verifies it.
func (r *Runner) Reopen() error {
	if err := r.Close(); err != nil {
		return err
	}
	return r.reopen()
}

// Close closes the store. While something is open it must refuse that.
func (r *Runner) Close() error {
	if r.tx != nil || len(r.held) > 0 {
		if err := r.Store.Close(); !errors.Is(err, engine.ErrBusy) {
			return mismatch("close with open handles: %v", err)
		}
	}
	if err := r.LetGo(); err != nil {
		return err
	}
	r.log("close")
	s, safety := r.Store, r.safety()
	r.Store = nil
	if err := s.Close(); err != nil {
		return opError("close", err)
	}
	r.History.flush()
	r.History.checkpoint(safety)
	return nil
}

// Forget gives up the store as if the process had been killed.
func (r *Runner) Forget() {
	r.Store, r.tx, r.held = nil, nil, nil
}
