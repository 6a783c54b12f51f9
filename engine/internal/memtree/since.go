// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// What was inserted into a part of a tree since an earlier View is found without a look at
// the rest: a node whose epoch is not above that View's was part of it as it is now. This
// holds for any earlier View of the tree as long as no Mark made before it has been rolled
// back to.

// FirstInsert returns the smallest key from low up to, not including, high that has a value
// in a node made after the View of epoch since. If the earlier View had no such value in
// between at all, it is the smallest that v has. visited is the number of nodes looked at.
// The key has the same terms as Iter.Key.
func (v View) FirstInsert(low, high []byte, since Epoch) (key []byte, visited int) {
	return v.store.firstInsert(v.root, low, high, since)
}

// LastInsert is FirstInsert for the greatest such key.
func (v View) LastInsert(low, high []byte, since Epoch) (key []byte, visited int) {
	s := search{store: &v.store, low: v.target(low), high: v.target(high), since: since}
	if v.root != 0 {
		key = s.last(v.root)
	}
	return key, s.visited
}

// FirstInsert is View.FirstInsert for the current state of the tree.
func (t *Tree) FirstInsert(low, high []byte, since Epoch) (key []byte, visited int) {
	return t.store.firstInsert(t.root, low, high, since)
}

func (s *store) firstInsert(root uint32, low, high []byte, since Epoch) (key []byte, visited int) {
	f := search{store: s, low: s.target(low), high: s.target(high), since: since}
	if root != 0 {
		key = f.first(root)
	}
	return key, f.visited
}

// search looks for records with a value in the newer nodes of a tree.
type search struct {
	*store
	low, high target
	since     Epoch
	visited   int
}

// within returns the half-open range of a leaf's positions whose keys are in question.
func (s *search) within(n *node) (lo, hi int) {
	lo, _ = s.find(n, &s.low)
	hi, _ = s.find(n, &s.high)
	return lo, hi
}

func (s *search) first(id uint32) []byte {
	n := s.node(id)
	if n.epoch <= s.since {
		return nil
	}
	s.visited++
	if n.level == 0 {
		for lo, hi := s.within(n); lo < hi; lo++ {
			if base.Kind(n.aux[lo])&base.Insert != 0 {
				return s.key(n.refs[lo])
			}
		}
		return nil
	}
	end := s.child(n, &s.high)
	for i := s.child(n, &s.low); i <= end; i++ {
		if key := s.first(n.refs[i]); key != nil {
			return key
		}
	}
	return nil
}

func (s *search) last(id uint32) []byte {
	n := s.node(id)
	if n.epoch <= s.since {
		return nil
	}
	s.visited++
	if n.level == 0 {
		for lo, hi := s.within(n); hi > lo; hi-- {
			if base.Kind(n.aux[hi-1])&base.Insert != 0 {
				return s.key(n.refs[hi-1])
			}
		}
		return nil
	}
	begin := s.child(n, &s.low)
	for i := s.child(n, &s.high); i >= begin; i-- {
		if key := s.last(n.refs[i]); key != nil {
			return key
		}
	}
	return nil
}
