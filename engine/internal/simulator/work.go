// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// hugeValue is the length of a value that is written to the log before the commit.
const hugeValue = 1<<20 + 1<<16

// work does what a task does, one operation after the other.
func (r *run) work(t task) {
	var k kept
	defer func() { r.mayFail(t.name+", what was kept", k.letGo()) }()
	for _, o := range t.ops {
		if r.gone() || r.steps.Load() > enoughSteps {
			return
		}
		r.hold(fmt.Sprint("operation ", o.no))
		rng := rand.New(rand.NewPCG(o.seed, 0))
		var what string
		var err error
		switch t.kind {
		case writes:
			what, err = "transaction", r.write(rng)
		case reads:
			what, err = r.read(rng, &k)
		case keepsHouse:
			what, err = r.keepHouse(rng, o.no)
		case follows:
			what, err = "changes", r.follow(rng)
		}
		r.mu.Lock()
		r.result.Ops++
		r.mu.Unlock()
		r.mayFail(fmt.Sprintf("%s, operation %d, %s", t.name, o.no, what), err)
	}
}

// write is a transaction.
func (r *run) write(rng *rand.Rand) (err error) {
	ctx := context.Background()
	if rng.IntN(12) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(3))*time.Millisecond)
		defer cancel()
	}
	store := enginetest.Engine(r.db)
	var tx enginetest.Tx
	if rng.IntN(6) == 0 {
		s, err := store.Snapshot(ctx)
		if err != nil {
			return err
		}
		r.hold("upgrades")
		tx, err = store.(enginetest.Upgrader).BeginFrom(ctx, s)
		if err = errors.Join(err, s.Close()); err != nil {
			if tx != nil {
				err = errors.Join(err, tx.Rollback())
			}
			return err
		}
	} else if tx, err = store.Begin(ctx); err != nil {
		return err
	}
	parent, err := r.begun(tx, r.mayBeDead())
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	state, err := r.change(tx, parent.state, rng)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if rng.IntN(10) == 0 {
		return tx.Rollback()
	}
	c := r.begin(parent, state)
	if err := tx.Commit(ctx); err != nil {
		r.lost(c)
		return err
	}
	return r.acknowledged(c)
}

// change does the steps of a transaction, and returns what they lead to.
func (r *run) change(tx enginetest.Tx, m enginetest.Map, rng *rand.Rand) (enginetest.Map, error) {
	levels := []enginetest.Map{m} // levels[i] is what level i+1 began from
	number := fmt.Sprint(rng.Uint64())
	steps := 1 + rng.IntN(1<<rng.IntN(6))
	at := rng.IntN(steps)
	for i := range steps {
		key, value := r.gen.Key(rng), r.gen.Value(rng)
		if i == at { // so that no two commits lead to the same
			key, value = "~", number
		} else if rng.IntN(400) == 0 { // more than a transaction keeps in memory
			value = strings.Repeat(value+"long", hugeValue/(len(value)+4))
		}
		var err error
		switch n := rng.IntN(24); {
		case i == at || n < 14:
			m, err = m.Put(key, value), tx.Put([]byte(key), []byte(value))
		case n < 17:
			m, err = m.Delete(key), tx.Delete([]byte(key))
		case n < 19:
			other := r.gen.Key(rng)
			m, err = m.DeleteRange(key, other), tx.DeleteRange([]byte(key), []byte(other))
		case n < 21:
			levels = append(levels, m)
			_, err = tx.Begin()
		case n == 21 && len(levels) > 1:
			to := 1 + rng.IntN(len(levels)-1)
			levels = levels[:to]
			err = tx.CommitTo(to)
		case n == 22 && len(levels) > 1 && i < at:
			to := 2 + rng.IntN(len(levels)-1)
			m, levels = levels[to-1], levels[:to]
			err = tx.RollbackTo(to)
		case n == 23:
			r.hold("transaction waits")
			err = enginetest.Probe(tx, m, rng, r.gen, 2)
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// kept is a snapshot that a reader keeps over several operations.
type kept struct {
	s  enginetest.Snapshot
	at *commit
}

func (k *kept) letGo() error {
	if k.s == nil {
		return nil
	}
	err := k.s.Close()
	k.s = nil
	return err
}

// readKept looks again at a snapshot that is kept.
func (r *run) readKept(rng *rand.Rand, k *kept) error {
	err := r.walk(k.s, k.at.state, rng)
	if err == nil {
		err = enginetest.Probe(k.s, k.at.state, rng, r.gen, 3)
	}
	if err != nil {
		return fmt.Errorf("of commit %d: %w", k.at.no, err)
	}
	if rng.IntN(4) == 0 {
		return k.letGo()
	}
	return nil
}

// read is one of the ways to read.
func (r *run) read(rng *rand.Rand, k *kept) (what string, err error) {
	return r.readFrom(view{r.db, r.chain.now(), false}, rng, k)
}

// walk walks some way through a state, back and forth, and lets others go on in between.
func (r *run) walk(s enginetest.Reader, want enginetest.Map, rng *rand.Rand) (err error) {
	c, err := s.Cursor()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	key := r.gen.Key(rng)
	k, v, ok := want.Seek(key, engine.SeekGE)
	moved := c.Seek([]byte(key), engine.SeekGE)
	for n := 0; ; n++ {
		if c.Err() != nil {
			return c.Err()
		}
		if moved != ok || ok && string(c.Key()) != k {
			return &enginetest.Mismatch{Detail: fmt.Sprintf("move %d of a cursor from %q: %v %q, should be %v %q", n, key, moved, c.Key(), ok, k)}
		}
		if !ok || n > 40 {
			return nil
		}
		got, err := c.Value()
		if err != nil {
			return err
		}
		if string(got) != v {
			return &enginetest.Mismatch{Detail: fmt.Sprintf("a cursor on %q: a value of %d bytes, should have %d", k, len(got), len(v))}
		}
		if rng.IntN(4) == 0 {
			r.hold("cursor is kept")
		}
		if rng.IntN(5) == 0 {
			k, v, ok = want.Prev(k)
			moved = c.Prev()
		} else {
			k, v, ok = want.Next(k)
			moved = c.Next()
		}
	}
}

// get looks a key up without a snapshot.
func (r *run) get(v view, rng *rand.Rand) error {
	key := r.gen.Key(rng)
	got, ok, err := v.db.Get(nil, []byte(key))
	if err != nil {
		return err
	}
	for _, c := range r.chain.from(v.from, r.showsFailed(v)) {
		if value, is := c.state.Get(key); is == ok && value == string(got) {
			return nil
		}
	}
	return &enginetest.Mismatch{Detail: fmt.Sprintf("get %q finds (%v) %d bytes, as in no commit from %d on", key, ok, len(got), v.from.no)}
}
