// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

// numLists is how many lists a history has.
const numLists = 8

func encoded(list []uint32) (out []byte) {
	for _, v := range list {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

func decoded(stored []byte) (list []uint32, err error) {
	if len(stored)%4 != 0 {
		return nil, fmt.Errorf("a list of %d bytes", len(stored))
	}
	for ; len(stored) > 0; stored = stored[4:] {
		list = append(list, binary.BigEndian.Uint32(stored))
	}
	return list, nil
}

func (c *client) addList(t ListTxn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.far {
		c.recorder.far.lists = append(c.recorder.far.lists, t)
	} else {
		c.lists = append(c.lists, t)
	}
}

// otherLists is others for lists.
func (r *recorder) otherLists() []ListTxn {
	out := slices.Clone(r.far.lists)
	for _, t := range r.lists {
		if t.Outcome == RolledBack || slices.ContainsFunc(t.Ops, func(o ListOp) bool { return o.Append != 0 }) {
			out = append(out, t)
		}
	}
	return out
}

func (c *client) readList(t *ListTxn, r reader, k int) ([]uint32, error) {
	stored, err := r.get(Key(k))
	if err != nil {
		return nil, err
	}
	list, err := decoded(stored)
	t.Ops = append(t.Ops, ListOp{Key: k, Seen: list})
	return list, err
}

// append is a transaction that reads lists and appends to some of them.
func (c *client) append() error {
	begun := c.clock()
	w, err := c.way.begin()
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return c.endList(ListTxn{Client: c.number, Call: begun}, w)
}

// upgradeList is one that begins as a snapshot.
func (c *client) upgradeList() error {
	t := ListTxn{Client: c.number, Call: c.clock()}
	s, err := c.way.snapshot()
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	t.Return = c.clock()
	if _, err := c.readList(&t, s, c.rng.IntN(numLists)); err != nil {
		return errors.Join(err, s.close())
	}
	runtime.Gosched()
	w, err := s.upgrade()
	if errors.Is(err, errs.ErrBusySnapshot) {
		t.Outcome = RolledBack
		c.stale.Add(1)
		c.addList(t)
		return nil
	}
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	return c.endList(t, w)
}

func (c *client) endList(t ListTxn, w writer) error {
	for range 1 + c.rng.IntN(4) {
		k := c.rng.IntN(numLists)
		list, err := c.readList(&t, w, k)
		if err == nil && c.rng.IntN(3) > 0 {
			v := c.value.Add(1)
			t.Ops = append(t.Ops, ListOp{Key: k, Append: v})
			err = w.put(Key(k), encoded(append(list, v)))
		}
		if err != nil {
			return errors.Join(err, w.rollback())
		}
	}
	if c.rng.IntN(6) == 0 {
		err := w.rollback()
		t.Outcome, t.Return = RolledBack, c.clock()
		c.addList(t)
		return err
	}
	t.Call = c.clock()
	if err := w.commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	t.Return = c.clock()
	c.addList(t)
	return nil
}

// lookLists is a snapshot of which some lists are read.
func (c *client) lookLists() error { return c.lookAt(2 + c.rng.IntN(numLists-2)) }

// lookAt is one of which so many are read. That it commits says that it has to fit between the others.
func (c *client) lookAt(count int) error {
	t := ListTxn{Client: c.number, Call: c.clock()}
	s, err := c.way.snapshot()
	if err != nil {
		return c.refused(err)
	}
	t.Return = c.clock()
	for _, k := range c.rng.Perm(numLists)[:count] {
		if _, err := c.readList(&t, s, k); err != nil {
			return errors.Join(c.refused(err), s.close())
		}
		runtime.Gosched()
	}
	c.addList(t)
	return s.close()
}
