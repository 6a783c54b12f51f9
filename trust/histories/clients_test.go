// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

// recorder collects what clients do.
type recorder struct {
	clock Clock
	value atomic.Uint32 // the last one that was written
	mu    sync.Mutex
	txns  []Txn
	lists []ListTxn
	far   struct { // what readers as of other processes have seen
		txns  []Txn
		lists []ListTxn
	}
	tell  func(t Txn, ended bool) // what a process tells another one; may be nil
	stale atomic.Int64            // snapshots that could not become a transaction
	gone  atomic.Int64            // reads that were refused because what they showed is not kept
}

func (c *client) add(t Txn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tell != nil {
		c.tell(t, true)
		return
	}
	if c.far {
		c.recorder.far.txns = append(c.recorder.far.txns, t)
	} else {
		c.txns = append(c.txns, t)
	}
}

// others returns the history of the readers in other processes, with all that may have been committed. They see a
// commit a moment later than those in the process that writes, so one order explains either what these have seen, or
// what those have, each in real time.
func (r *recorder) others() []Txn {
	out := slices.Clone(r.far.txns)
	for _, t := range r.txns {
		if t.Outcome != RolledBack {
			out = append(out, t)
		}
	}
	return out
}

// client is one of them: its transactions do not overlap.
type client struct {
	*recorder
	number int
	far    bool // as of another process
	way    access
	rng    *rand.Rand
}

// run has a goroutine do a number of transactions for each client, and returns the first error.
func run(clients []func() error, rounds int) error {
	var all sync.WaitGroup
	failed := make([]error, len(clients))
	for i, do := range clients {
		all.Go(func() {
			for n := 0; n < rounds && failed[i] == nil; n++ {
				failed[i] = do()
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// write is a transaction that reads and writes. Some are rolled back, some write nothing.
func (c *client) write() error {
	begun := c.clock()
	w, err := c.way.begin()
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return c.end(Txn{Client: c.number, Call: begun}, w)
}

// upgrade is a snapshot that is read and becomes a transaction, unless another one has committed in the meantime.
func (c *client) upgrade() error {
	t := Txn{Client: c.number, Call: c.clock()}
	s, err := c.way.snapshot()
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	t.Return = c.clock()
	for range 1 + c.rng.IntN(3) {
		if err := c.read(&t, s); err != nil {
			return errors.Join(err, s.close())
		}
	}
	runtime.Gosched()
	w, err := s.upgrade()
	if errors.Is(err, errs.ErrBusySnapshot) {
		t.Outcome = RolledBack
		c.add(t)
		c.stale.Add(1)
		return nil
	}
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	return c.end(t, w)
}

// end does the rest of a write transaction. Of one that is committed only the commit itself counts as the time in which
// it took place.
func (c *client) end(t Txn, w writer) error {
	reads := c.rng.IntN(5) == 0
	level := 1
	for range 1 + c.rng.IntN(6) {
		var err error
		switch r := c.rng.IntN(12); {
		case reads || r < 4:
			err = c.read(&t, w)
		case r == 9:
			level++
			t.Ops = append(t.Ops, Op{Kind: Open})
			err = w.open()
		case r == 10 && level > 1:
			t.Ops = append(t.Ops, Op{Kind: RollbackTo, Level: level})
			err = w.rollbackTo(level)
		case r == 11 && level > 1:
			level--
			t.Ops = append(t.Ops, Op{Kind: CommitTo, Level: level})
			err = w.commitTo(level)
		default:
			err = c.change(&t, w)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("after %v: %w", &t, err), w.rollback())
		}
	}
	if c.rng.IntN(6) == 0 {
		err := w.rollback()
		t.Outcome, t.Return = RolledBack, c.clock()
		c.add(t)
		return err
	}
	t.Call = c.clock()
	if c.tell != nil {
		c.mu.Lock()
		c.tell(t, false)
		c.mu.Unlock()
	}
	if err := w.commit(); err != nil {
		return fmt.Errorf("commit of %v: %w", &t, err)
	}
	t.Return = c.clock()
	c.add(t)
	return nil
}

func (c *client) change(t *Txn, w writer) error {
	k := c.rng.IntN(NumKeys)
	switch c.rng.IntN(6) {
	case 0:
		t.Ops = append(t.Ops, Op{Kind: Delete, Key: k})
		return w.remove(Key(k))
	case 1:
		to := c.rng.IntN(NumKeys)
		t.Ops = append(t.Ops, Op{Kind: DeleteRange, Key: k, To: to})
		return w.removeBetween(Key(k), Key(to))
	}
	v := c.value.Add(1)
	t.Ops = append(t.Ops, Op{Kind: Put, Key: k, Value: v})
	return w.put(Key(k), Value(v))
}

func (c *client) read(t *Txn, r reader) (err error) {
	o := Op{Kind: Scan}
	if c.rng.IntN(3) == 0 {
		o.Seen, err = scanned(r)
	} else {
		o.Kind, o.Key = Get, c.rng.IntN(NumKeys)
		o.Value, err = valueOf(r.get, o.Key)
	}
	t.Ops = append(t.Ops, o)
	return err
}

// look is a snapshot that is read for a while. Only its opening counts as the time in which it took place.
func (c *client) look() error {
	t := Txn{Client: c.number, Outcome: RolledBack, Call: c.clock()}
	s, err := c.way.snapshot()
	if err != nil {
		return c.refused(err)
	}
	t.Return = c.clock()
	for range 3 {
		if err := c.read(&t, s); err != nil {
			return errors.Join(c.refused(err), s.close())
		}
		runtime.Gosched()
	}
	c.add(t)
	return s.close()
}

// get reads one key without a snapshot.
func (c *client) get() error {
	t := Txn{Client: c.number, Outcome: RolledBack, Call: c.clock()}
	k := c.rng.IntN(NumKeys)
	v, err := valueOf(c.way.get, k)
	if err != nil {
		return c.refused(err)
	}
	t.Return = c.clock()
	t.Ops = []Op{{Kind: Get, Key: k, Value: v}}
	c.add(t)
	return nil
}

// refused passes on all errors except those that a reader in another process has to expect.
func (c *client) refused(err error) error {
	if errors.Is(err, errs.ErrSnapshotGone) || errors.Is(err, errs.ErrBusy) {
		c.gone.Add(1)
		return nil
	}
	return fmt.Errorf("reading: %w", err)
}
