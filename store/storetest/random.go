// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

// Random does so many random operations on an empty store and compares every answer with
// what a Map says. Walks over ranges go on for long, several at a time, while what they
// show is changed. The error says what is wrong. gen makes the keys and values.
func Random(s store.Store, rng *rand.Rand, gen *enginetest.Gen, steps int) error {
	r := &random{store: s, rng: rng, gen: gen, ctx: context.Background()}
	for i := range steps {
		if err := r.step(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return r.end()
}

type random struct {
	store store.Store
	rng   *rand.Rand
	gen   *enginetest.Gen
	ctx   context.Context

	committed enginetest.Map
	tx        store.Tx
	state     enginetest.Map   // what the transaction shows
	levels    []enginetest.Map // levels[l-1] is the state when level l was opened
	walks     []*randomWalk
}

// randomWalk is a cursor and what it has to show.
type randomWalk struct {
	c     store.Cursor
	state enginetest.Map
	ofTx  bool
	r     store.Range
	left  []string // the keys still to come in r
}

const maxRandomWalks = 5

func (r *random) step() error {
	switch n := r.rng.IntN(100); {
	case n < 5 && len(r.walks) < maxRandomWalks:
		return r.openWalk()
	case n < 50 && len(r.walks) > 0:
		return r.walk()
	case n < 52 && len(r.walks) > 0:
		i := r.rng.IntN(len(r.walks))
		w := r.walks[i]
		r.walks = append(r.walks[:i], r.walks[i+1:]...)
		return w.c.Close()
	case n < 56:
		return r.get()
	case r.tx == nil:
		return r.begin()
	case n < 80:
		return r.write()
	case n < 94:
		return r.level()
	default:
		return r.finish(n < 98)
	}
}

// end gives everything back.
func (r *random) end() (err error) {
	if r.tx != nil {
		err = r.finish(true)
	}
	for _, w := range r.walks {
		err = errors.Join(err, w.c.Close())
	}
	return err
}

// reader returns something to read, what it shows, and what ends it.
func (r *random) reader() (store.Reader, enginetest.Map, func() error, error) {
	nothing := func() error { return nil }
	switch r.rng.IntN(3) {
	case 0:
		snap, err := r.store.Snapshot(r.ctx, r.rng.IntN(2) == 0)
		if err != nil {
			return nil, r.state, nil, err
		}
		return snap, r.committed, snap.Close, nil
	case 1:
		if r.tx != nil {
			return r.tx, r.state, nothing, nil
		}
	}
	return r.store, r.committed, nothing, nil
}

func (r *random) openWalk() error {
	reader, state, end, err := r.reader()
	if err != nil {
		return err
	}
	c, err := reader.Cursor(r.ctx)
	if err != nil {
		return err
	}
	w := &randomWalk{c: c, state: state, ofTx: reader == store.Reader(r.tx)}
	r.walks = append(r.walks, w)
	return errors.Join(r.seek(w), end())
}

// key returns a key that may be there.
func (r *random) key() []byte {
	key := r.gen.Key(r.rng)
	return []byte(key[:min(len(key), r.store.Caps().MaxKey)])
}

// seek begins to walk a random range.
func (r *random) seek(w *randomWalk) error {
	kind := r.rng.Uint32()
	w.r = store.Range{
		HasLo: kind&3 != 0, HasHi: kind&12 != 0, LoOpen: kind&16 != 0, HiOpen: kind&32 != 0,
		Reverse: kind&64 != 0, KeysOnly: kind&128 != 0,
	}
	if w.r.HasLo {
		w.r.Lo = r.key()
	}
	switch {
	case w.r.HasHi && kind>>8&7 == 0:
		w.r.Hi = w.r.Lo
	case w.r.HasHi:
		w.r.Hi = r.key()
	}
	if kind>>11&3 == 0 {
		w.r.Limit = 1 + r.rng.IntN(20)
	}
	var all []string
	for k := range w.state.All() {
		all = append(all, k)
	}
	w.left = within(all, w.r)
	return r.compare(w, w.c.Seek(r.ctx, &w.r))
}

// walk goes on with a walk.
func (r *random) walk() error {
	w := r.walks[r.rng.IntN(len(r.walks))]
	if r.rng.IntN(8) == 0 {
		return r.seek(w)
	}
	return r.compare(w, w.c.Next(r.ctx))
}

// compare looks at where a cursor stands after a move that has returned moved.
func (r *random) compare(w *randomWalk, moved bool) error {
	if err := w.c.Err(); err != nil {
		return err
	}
	if len(w.left) == 0 {
		if moved || w.c.Key() != nil {
			return fmt.Errorf("%s: at %q beyond the end", describe(w.r), w.c.Key())
		}
		return nil
	}
	key := w.left[0]
	w.left = w.left[1:]
	want, _ := w.state.Get(key)
	if !moved || string(w.c.Key()) != key || w.c.ValueLen() != len(want) {
		return fmt.Errorf("%s: moved %v, at %q with %d bytes, should be at %q with %d bytes",
			describe(w.r), moved, w.c.Key(), w.c.ValueLen(), key, len(want))
	}
	if w.r.KeysOnly || r.rng.IntN(2) == 0 {
		return nil
	}
	value, err := w.c.Value(r.ctx)
	if err == nil && string(value) != want {
		err = fmt.Errorf("%s: the value of %q is %q, should be %q", describe(w.r), key, value, want)
	}
	return err
}

func (r *random) get() error {
	reader, state, end, err := r.reader()
	if err != nil {
		return err
	}
	key := r.key()
	got, found, err := reader.Get(r.ctx, []byte("dst"), key)
	if err != nil {
		return err
	}
	n, there, err := reader.ValueLen(r.ctx, key)
	if err != nil {
		return err
	}
	want, ok := state.Get(string(key))
	if found != ok || there != ok || string(got) != "dst"+want || n != len(want) {
		return fmt.Errorf("get %q: %v %q, length %v %d, should be %v %q", key, found, got, there, n, ok, want)
	}
	return end()
}

// begin begins a transaction, sometimes from a snapshot.
func (r *random) begin() (err error) {
	var from store.Snapshot
	if r.rng.IntN(3) == 0 {
		if from, err = r.store.Snapshot(r.ctx, true); err != nil {
			return err
		}
	}
	if r.tx, err = r.store.Begin(r.ctx, from); err != nil {
		return err
	}
	r.state = r.committed
	r.levels = append(r.levels[:0], r.state)
	if from != nil {
		return from.Close()
	}
	return nil
}

func (r *random) write() error {
	key := r.key()
	switch r.rng.IntN(5) {
	case 0:
		r.state = r.state.Delete(string(key))
		return r.tx.Delete(r.ctx, key)
	case 1:
		before := r.key()
		r.state = r.state.DeleteRange(string(key), string(before))
		return r.tx.DeleteRange(r.ctx, key, before)
	}
	value := r.gen.Value(r.rng)
	r.state = r.state.Put(string(key), value)
	return r.tx.Put(r.ctx, key, []byte(value))
}

// level opens, merges or undoes a level.
func (r *random) level() error {
	if got := r.tx.Level(); got != len(r.levels) {
		return fmt.Errorf("level %d, should be %d", got, len(r.levels))
	}
	level := 1 + r.rng.IntN(len(r.levels))
	switch r.rng.IntN(4) {
	case 0:
		r.levels = r.levels[:level]
		return r.tx.CommitTo(level)
	case 1:
		r.state, r.levels = r.levels[level-1], r.levels[:level]
		return r.tx.RollbackTo(level)
	}
	r.levels = append(r.levels, r.state)
	got, err := r.tx.Begin()
	if err == nil && got != len(r.levels) {
		err = fmt.Errorf("the new level is %d, should be %d", got, len(r.levels))
	}
	return err
}

func (r *random) finish(commit bool) error {
	tx := r.tx
	r.tx = nil
	if r.store.Caps().ReadsEndWithTx {
		for i := len(r.walks) - 1; i >= 0; i-- {
			if !r.walks[i].ofTx {
				continue
			}
			if err := r.walks[i].c.Close(); err != nil {
				return err
			}
			r.walks = append(r.walks[:i], r.walks[i+1:]...)
		}
	}
	if !commit {
		return tx.Rollback(r.ctx)
	}
	r.committed = r.state
	return tx.Commit(r.ctx)
}
