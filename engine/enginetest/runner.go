package enginetest

import (
	"bytes"
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
	// Doubt says that a commit that failed last may be found all the same when the store
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

// held is a snapshot or a cursor that stays open while other things happen.
type held struct {
	want   Map
	snap   Snapshot // nil: a cursor
	stale  bool     // somebody has committed since
	cursor Cursor
	key    string
	valid  bool
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

// hold opens a snapshot or cursor.
func (r *Runner) hold() error {
	if len(r.held) >= 6 {
		return r.letGo(0)
	}
	h := &held{want: r.History.Newest()}
	var from Reader
	switch {
	case r.tx != nil && r.rng.IntN(2) == 0:
		r.log("hold a cursor of the transaction")
		from, h.want = r.tx, r.state
	case len(r.held) > 0 && r.held[0].snap != nil && r.rng.IntN(3) == 0:
		r.log("hold a cursor of a snapshot")
		from, h.want = r.held[0].snap, r.held[0].want
	default:
		r.log("hold a snapshot")
		snap, err := r.Store.Snapshot(r.ctx)
		if err != nil {
			return opError("snapshot", err)
		}
		h.snap = snap
		r.held = append(r.held, h)
		return nil
	}
	c, err := from.Cursor()
	if err != nil {
		return opError("cursor", err)
	}
	h.cursor = c
	r.held = append(r.held, h)
	if c.Valid() || c.Next() || c.Prev() {
		return mismatch("a new cursor stands on something")
	}
	return nil
}

// useHeld reads from a snapshot or moves a cursor.
func (r *Runner) useHeld() error {
	h := r.held[r.rng.IntN(len(r.held))]
	if h.snap != nil {
		if r.rng.IntN(4) > 0 {
			r.log("probe a snapshot")
			return Probe(h.snap, h.want, r.rng, r.gen, 3)
		}
		r.log("scan a snapshot")
		_, err := Find(h.snap, []Map{h.want})
		return err
	}
	for range 1 + r.rng.IntN(8) {
		if err := r.move(h); err != nil {
			return err
		}
	}
	return nil
}

// move moves a held cursor.
func (r *Runner) move(h *held) error {
	var key, value string
	var ok, moved bool
	var what string
	switch n := r.rng.IntN(12); {
	case n == 0:
		what, moved = "first", h.cursor.First()
		key, value, ok = h.want.First()
	case n == 1:
		what, moved = "last", h.cursor.Last()
		key, value, ok = h.want.Last()
	case n < 5:
		mode := engine.SeekMode(r.rng.IntN(3) - 1)
		target := probeKey(h.want, r.rng, r.gen)
		what = fmt.Sprintf("seek %d %s", mode, short(target))
		moved = h.cursor.Seek([]byte(target), mode)
		key, value, ok = h.want.Seek(target, mode)
	case n < 9:
		what, moved = "next", h.cursor.Next()
		if h.valid {
			key, value, ok = h.want.Next(h.key)
		}
	default:
		what, moved = "prev", h.cursor.Prev()
		if h.valid {
			key, value, ok = h.want.Prev(h.key)
		}
	}
	r.log("cursor %s (from %v %s)", what, h.valid, short(h.key))
	err := checkCursor(h.cursor, moved, what, key, value, ok)
	h.key, h.valid = key, ok
	if err != nil {
		h.valid = h.cursor.Valid() // a value that cannot be read leaves the cursor where it is
	}
	return err
}

func (r *Runner) letGo(i int) error {
	h := r.held[i]
	r.held = slices.Delete(r.held, i, i+1)
	r.log("let go")
	if h.snap != nil {
		return opError("close snapshot", h.snap.Close())
	}
	return opError("close cursor", h.cursor.Close())
}

// begin starts a transaction, sometimes from a snapshot.
func (r *Runner) begin() error {
	up, ok := r.Store.(Upgrader)
	i := slices.IndexFunc(r.held, func(h *held) bool { return h.snap != nil })
	var err error
	if ok && i >= 0 && r.rng.IntN(4) == 0 {
		h := r.held[i]
		r.log("begin from a snapshot (stale: %v)", h.stale)
		r.tx, err = up.BeginFrom(r.ctx, h.snap)
		if errors.Is(err, engine.ErrBusySnapshot) {
			r.tx = nil
			if !h.stale {
				return mismatch("nothing was committed since the snapshot: %v", err)
			}
			return nil
		}
		if err == nil && !h.want.Equal(r.History.Newest()) {
			return mismatch("a transaction begins from a snapshot that is not the newest")
		}
	} else {
		r.log("begin")
		r.tx, err = r.Store.Begin(r.ctx)
	}
	if err != nil {
		r.tx = nil
		return opError("begin", err)
	}
	r.state = r.History.Newest()
	r.levels = append(r.levels[:0], r.state)
	return nil
}

// inTx does something in the open transaction.
func (r *Runner) inTx() error {
	if r.rng.IntN(r.TxSteps) == 0 {
		return r.end()
	}
	switch n := r.rng.IntN(100); {
	case n < 50:
		k, v := r.gen.Key(r.rng), r.gen.Value(r.rng)
		r.log("put %s %s", short(k), short(v))
		return r.wrote("put", r.tx.Put([]byte(k), []byte(v)), r.state.Put(k, v))
	case n < 63:
		k := probeKey(r.state, r.rng, r.gen)
		r.log("delete %s", short(k))
		return r.wrote("delete", r.tx.Delete([]byte(k)), r.state.Delete(k))
	case n < 72:
		after, before := r.interval()
		r.log("delete range %s %s", short(after), short(before))
		return r.wrote("delete range", r.tx.DeleteRange([]byte(after), []byte(before)), r.state.DeleteRange(after, before))
	case n < 80:
		r.log("get in the transaction")
		return checkGet(r.tx, probeKey(r.state, r.rng, r.gen), r.state)
	case n < 82:
		r.log("probe the transaction")
		return Probe(r.tx, r.state, r.rng, r.gen, 3)
	case n < 83:
		r.log("scan the transaction")
		_, err := Find(r.tx, []Map{r.state})
		return err
	}
	return r.level()
}

// interval returns the ends of a range delete: mostly of a few keys.
func (r *Runner) interval() (after, before string) {
	after = probeKey(r.state, r.rng, r.gen)
	if r.rng.IntN(4) == 0 {
		before = probeKey(r.state, r.rng, r.gen)
		if after > before && r.rng.IntN(4) > 0 {
			after, before = before, after
		}
		return after, before
	}
	before = after
	for range r.rng.IntN(8) {
		if k, _, ok := r.state.Next(before); ok {
			before = k
		}
	}
	if r.rng.IntN(3) == 0 {
		before += "\x00"
	}
	return after, before
}

// wrote takes note of a write. After an error only a rollback is possible: of the level
// or of the transaction.
func (r *Runner) wrote(what string, err error, then Map) error {
	if err == nil {
		r.state = then
		return nil
	}
	if r.rng.IntN(2) == 0 && r.tx.RollbackTo(len(r.levels)) == nil {
		r.state = r.levels[len(r.levels)-1]
	} else if back := r.tx.Rollback(); back != nil {
		return mismatch("rollback after a failed write: %v", back)
	} else {
		r.tx = nil
	}
	return opError(what, err)
}

// level opens, commits or rolls back a level.
func (r *Runner) level() error {
	if got := r.tx.Level(); got != len(r.levels) {
		return mismatch("level %d, should be %d", got, len(r.levels))
	}
	n := 1 + r.rng.IntN(len(r.levels))
	switch r.rng.IntN(5) {
	case 0, 1:
		if len(r.levels) >= 12 {
			return nil
		}
		r.log("begin level %d", len(r.levels)+1)
		level, err := r.tx.Begin()
		if err != nil {
			return opError("begin level", err)
		}
		r.levels = append(r.levels, r.state)
		if level != len(r.levels) {
			return mismatch("begin returns level %d, should be %d", level, len(r.levels))
		}
		return nil
	case 2, 3:
		r.log("roll back to level %d", n)
		if err := r.tx.RollbackTo(n); err != nil {
			return opError("roll back to level", err)
		}
		r.state = r.levels[n-1]
	default:
		r.log("commit to level %d", n)
		if err := r.tx.CommitTo(n); err != nil {
			return opError("commit to level", err)
		}
	}
	r.levels = r.levels[:n]
	return nil
}

// end commits the transaction or, seldom, rolls it back.
func (r *Runner) end() error {
	tx := r.tx
	r.tx = nil
	if r.rng.IntN(8) == 0 {
		r.log("rollback")
		if err := tx.Rollback(); err != nil {
			return mismatch("rollback: %v", err)
		}
		return nil
	}
	r.tx = tx
	return r.commit()
}

// commit commits the transaction.
func (r *Runner) commit() error {
	tx := r.tx
	r.tx = nil
	r.log("commit")
	state := r.state
	r.History.pending(state)
	if err := tx.Commit(r.ctx); err != nil {
		r.History.failed(state)
		return opError("commit", err)
	}
	r.History.committed(state, r.safety())
	r.commits++
	for _, h := range r.held {
		h.stale = true
	}
	if err := tx.Put(nil, nil); !errors.Is(err, engine.ErrMisuse) {
		return mismatch("a write after commit: %v", err)
	}
	return nil
}

// Fill lets everything go and commits a transaction that puts so many keys, the n-th ones
// of the Gen from first on, with values of that size.
func (r *Runner) Fill(first, keys, size int) error {
	if err := r.LetGo(); err != nil {
		return err
	}
	if r.Store == nil {
		if err := r.reopen(); err != nil {
			return err
		}
	}
	if err := r.begin(); err != nil {
		return err
	}
	for n := first; n < first+keys; n++ {
		k := r.gen.KeyOf(n)
		v := bytes.Repeat([]byte{byte(r.rng.IntN(256))}, size)
		r.log("put %s, %d bytes", short(k), size)
		if err := r.wrote("put", r.tx.Put([]byte(k), v), r.state.Put(k, string(v))); err != nil {
			return err
		}
	}
	return r.commit()
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
