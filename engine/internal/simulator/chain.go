// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

// A commit is a state that a transaction leads to.
type commit struct {
	no      int
	depth   int
	session int
	parent  *commit
	state   enginetest.Map
	failed  bool // Commit has returned an error
}

// isFrom reports whether c is o or comes after it.
func (c *commit) isFrom(o *commit) bool {
	for c != nil && c.depth > o.depth {
		c = c.parent
	}
	return c == o
}

// chain is the commits of a run: a tree, because after one that has failed the next one begins where that did. What
// can be seen and what is durable are places in it, and all that is acknowledged is on the way to these.
type chain struct {
	mu      sync.Mutex
	session int
	all     []*commit
	head    *commit // what the next transaction begins from; nil: not known, because a commit has failed
	visible *commit // the newest that was acknowledged or seen
	acked   *commit // the newest that was acknowledged
	durable *commit // the newest that has to survive a loss of power
	full    bool    // commits are synced
}

func newChain() *chain {
	root := &commit{}
	return &chain{all: []*commit{root}, head: root, visible: root, acked: root, durable: root}
}

// newSession begins a session that has found a commit. What was not durable by itself is not by being found.
func (h *chain) newSession(found *commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session++
	h.head, h.visible, h.acked, found.failed = found, found, found, false
	if !found.isFrom(h.durable) {
		panic("what was found is older than what is durable")
	}
}

// onlyDurable notes that what is not durable may be gone, and returns what is durable.
func (h *chain) onlyDurable() *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head, h.visible, h.acked = nil, h.durable, h.durable
	return h.durable
}

// begin records a commit that is about to be made.
func (h *chain) begin(parent *commit, state enginetest.Map) *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &commit{no: len(h.all), depth: parent.depth + 1, session: h.session, parent: parent, state: state}
	h.all = append(h.all, c)
	h.head = c
	return c
}

// acknowledged notes that Commit has returned without an error.
func (h *chain) acknowledged(c *commit) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.isFrom(h.visible) && !h.visible.isFrom(c) {
		return fmt.Errorf("commit %d is acknowledged, but commit %d, which it does not contain, can be seen", c.no, h.visible.no)
	}
	h.seenLocked(c)
	if c.isFrom(h.acked) {
		h.acked = c
	}
	return nil
}

// lost notes that Commit has failed.
func (h *chain) lost(c *commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.failed = true
	h.head = nil
}

func (h *chain) seenLocked(c *commit) {
	if c.isFrom(h.visible) {
		h.visible = c
	}
	if h.full && c.session == h.session && c.isFrom(h.durable) {
		h.durable = c
	}
}

// synced notes that a commit is durable.
func (h *chain) synced(c *commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.isFrom(h.durable) {
		h.durable = c
	}
}

// now returns what can be seen.
func (h *chain) now() *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.visible
}

// oldestOutside returns the oldest commit that another process may show: a process that has seen a commit which is not
// acknowledged yet may have seen it before the others could.
func (h *chain) oldestOutside() *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked
}

// from returns the commits from one on, those that have failed only if failed is set.
func (h *chain) from(c *commit, failed bool) (list []*commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fromLocked(c, failed)
}

func (h *chain) fromLocked(c *commit, failed bool) (list []*commit) {
	for _, o := range h.all[c.no:] {
		if o.isFrom(c) && (failed || !o.failed) {
			list = append(list, o)
		}
	}
	return list
}

// found looks for what a reader sees among some commits. The newest of those that are alike is returned.
func found(r enginetest.Reader, among []*commit) (*commit, error) {
	states := make([]enginetest.Map, len(among))
	for i, c := range among {
		states[i] = c.state
	}
	at, err := enginetest.Find(r, states)
	if err != nil {
		return nil, err
	}
	return among[at], nil
}

// seen wants a reader to see a commit that was made, no older than from, and notes that it can be seen. Of commits
// that are alike the oldest is taken.
func (h *chain) seen(r enginetest.Reader, from *commit) (*commit, error) {
	among := h.from(from, false)
	c, err := found(r, among)
	if err != nil {
		return nil, fmt.Errorf("from commit %d on: %w", from.no, err)
	}
	for _, o := range among {
		if o.state.Equal(c.state) {
			c = o
			break
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seenLocked(c)
	return c, nil
}

// begun returns what a transaction builds on, which is to be the newest commit. With mayFail that may have failed,
// which its own writer does not know yet.
func (h *chain) begun(r enginetest.Reader, mayFail bool) (*commit, error) {
	h.mu.Lock()
	head := h.head
	among := h.fromLocked(h.visible, true)
	h.mu.Unlock()
	if head != nil && !mayFail {
		among = []*commit{head}
	}
	c, err := found(r, among)
	if err != nil {
		return nil, fmt.Errorf("a transaction that begins: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = c
	return c, nil
}

// allowed returns what may be found after a crash.
func (h *chain) allowed(powerLoss bool) []*commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	if powerLoss {
		return h.fromLocked(h.durable, true)
	}
	return h.fromLocked(h.visible, true)
}
