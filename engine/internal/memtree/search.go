// SPDX-License-Identifier: Apache-2.0

package memtree

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// Result says what a tree knows about a key.
type Result uint8

const (
	// Unknown: the tree has nothing to say; older sources decide.
	Unknown Result = iota
	// Found: the key has a value.
	Found
	// Deleted: the key is deleted, whatever older sources say.
	Deleted
)

// find returns the position of the first key of leaf n that is not below key, and
// whether it is key.
func (s *store) find(n *node, g *target) (int, bool) {
	if int(n.skip) > g.known {
		if c := s.aside(n, g); c < 0 {
			return 0, false
		} else if c > 0 {
			return int(n.count), false
		}
	}
	h := g.headIn(int(n.skip))
	i := n.below(h)
	if i == int(n.count) || n.heads[i] != h {
		return i, false
	}
	// Entries i..end-1 share the head with key; the records decide.
	end := n.tied(i, h)
	for i < end {
		m := int(uint(i+end) >> 1)
		switch c := s.compare(n.refs[m], g.key); {
		case c == 0:
			return m, true
		case c < 0:
			i = m + 1
		default:
			end = m
		}
	}
	return i, false
}

// child returns the position of the child of inner node n that covers key.
func (s *store) child(n *node, g *target) int {
	if n.count == 1 {
		return 0
	}
	if int(n.skip) > g.known {
		if c := s.aside(n, g); c < 0 {
			return 0
		} else if c > 0 {
			return int(n.count) - 1
		}
	}
	h := g.headIn(int(n.skip))
	i := max(n.below(h), 1)
	if i < int(n.count) && n.heads[i] == h {
		end := n.tied(i, h)
		for i < end {
			m := int(uint(i+end) >> 1)
			if s.compare(n.aux[m], g.key) <= 0 {
				i = m + 1
			} else {
				end = m
			}
		}
	}
	return i - 1
}

// inRange reports whether the gap before position i of leaf n is a deleted range. A
// leaf has at least one record, and by the range invariant either neighbour of the gap
// knows.
func (n *node) inRange(i int) bool {
	if i > 0 {
		return base.Kind(n.aux[i-1])&base.StartDelete != 0
	}
	return base.Kind(n.aux[0])&base.EndDelete != 0
}

// get looks key up in the tree below root.
func (s *store) get(root uint32, key []byte) ([]byte, Result) {
	if root == 0 {
		return nil, Unknown
	}
	g := s.target(key)
	n := s.node(root)
	for n.level > 0 {
		n = s.node(n.refs[s.child(n, &g)])
	}
	i, found := s.find(n, &g)
	if !found {
		if n.inRange(i) {
			return nil, Deleted
		}
		return nil, Unknown
	}
	switch k := base.Kind(n.aux[i]); {
	case k&base.Insert != 0:
		return s.value(n.refs[i]), Found
	case k&base.PointDelete != 0:
		return nil, Deleted
	}
	return nil, Unknown
}
