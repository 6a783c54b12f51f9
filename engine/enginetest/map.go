// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"hash/maphash"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Map is a sorted map from strings to strings in order of their bytes. It is immutable:
// what changes it returns another Map, which shares most of its memory with the old one,
// so every version of a database can be kept. The zero Map is empty. Maps may be used by
// any number of goroutines.
//
// It is a treap whose priorities are hashes of the keys: the shape depends on the content
// and on nothing else.
type Map struct{ root *node }

type node struct {
	key, value  string
	priority    uint64
	left, right *node
	n           int
	sum         uint64
	hash        uint64 // of key and value
}

var seedOfMaps = maphash.MakeSeed()

// HashPair returns what a pair adds to Map.Sum.
func HashPair[B string | []byte](key, value B) uint64 {
	return mix(maphash.String(seedOfMaps, string(key)), maphash.String(seedOfMaps, string(value)))
}

// hashBytes is HashPair without a copy of the two.
func hashBytes(key, value []byte) uint64 {
	return mix(maphash.Bytes(seedOfMaps, key), maphash.Bytes(seedOfMaps, value))
}

// mix makes one hash of those of a key and a value.
func mix(k, v uint64) uint64 {
	x := k*0x9e3779b97f4a7c15 ^ (v<<31 | v>>33)
	x ^= x >> 29
	return x * 0xbf58476d1ce4e5b9
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return n.n
}

func (n *node) total() uint64 {
	if n == nil {
		return 0
	}
	return n.sum
}

// with returns n with other children.
func (n *node) with(left, right *node) *node {
	c := *n
	c.left, c.right = left, right
	c.n = left.count() + right.count() + 1
	c.sum = left.total() + right.total() + c.hash
	return &c
}

// split returns the nodes below key, and those from key on. If after is true key itself
// belongs to the former.
func split(n *node, key string, after bool) (below, rest *node) {
	if n == nil {
		return nil, nil
	}
	if n.key < key || after && n.key == key {
		below, rest = split(n.right, key, after)
		return n.with(n.left, below), rest
	}
	below, rest = split(n.left, key, after)
	return below, n.with(rest, n.right)
}

// join puts two trees together; all keys of a are below those of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority >= b.priority:
		return a.with(a.left, join(a.right, b))
	}
	return b.with(join(a, b.left), b.right)
}

// Put returns the map with the value of key set.
func (m Map) Put(key, value string) Map {
	below, rest := split(m.root, key, false)
	_, above := split(rest, key, true)
	n := &node{key: key, value: value, priority: maphash.String(seedOfMaps, key), hash: HashPair(key, value)}
	return Map{join(join(below, n.with(nil, nil)), above)}
}

// Delete returns the map without key.
func (m Map) Delete(key string) Map {
	below, rest := split(m.root, key, false)
	_, above := split(rest, key, true)
	return Map{join(below, above)}
}

// DeleteRange returns the map without the keys strictly between two others.
func (m Map) DeleteRange(after, before string) Map {
	if after >= before {
		return m
	}
	below, rest := split(m.root, after, true)
	_, above := split(rest, before, false)
	return Map{join(below, above)}
}

// Len returns the number of keys.
func (m Map) Len() int { return m.root.count() }

// Sum returns a number that two maps share if their contents are the same, and otherwise
// only by an accident that nobody will see: the sum of HashPair over all pairs. It is
// good within one process only.
func (m Map) Sum() uint64 { return m.root.total() }

// Equal reports whether two maps have the same content.
func (m Map) Equal(o Map) bool { return m.Len() == o.Len() && m.Sum() == o.Sum() }

// Get returns the value of key.
func (m Map) Get(key string) (value string, ok bool) {
	for n := m.root; n != nil; {
		switch {
		case key < n.key:
			n = n.left
		case key > n.key:
			n = n.right
		default:
			return n.value, true
		}
	}
	return "", false
}

// Seek returns the pair that a cursor stands on after Seek with the same arguments.
func (m Map) Seek(key string, mode engine.SeekMode) (k, v string, ok bool) {
	switch mode {
	case engine.SeekEQ:
		v, ok = m.Get(key)
		return key, v, ok
	case engine.SeekLE:
		return m.atMost(key, true)
	default:
		return m.atLeast(key, true)
	}
}

// Next returns the first pair after key, and Prev the last one before it.
func (m Map) Next(key string) (k, v string, ok bool) { return m.atLeast(key, false) }

// Prev returns the last pair before key.
func (m Map) Prev(key string) (k, v string, ok bool) { return m.atMost(key, false) }

func (m Map) atLeast(key string, orEqual bool) (k, v string, ok bool) {
	var found *node
	for n := m.root; n != nil; {
		if n.key > key || orEqual && n.key == key {
			found, n = n, n.left
		} else {
			n = n.right
		}
	}
	return found.pair()
}

func (m Map) atMost(key string, orEqual bool) (k, v string, ok bool) {
	var found *node
	for n := m.root; n != nil; {
		if n.key < key || orEqual && n.key == key {
			found, n = n, n.right
		} else {
			n = n.left
		}
	}
	return found.pair()
}

func (n *node) pair() (k, v string, ok bool) {
	if n == nil {
		return "", "", false
	}
	return n.key, n.value, true
}

// First returns the first pair.
func (m Map) First() (k, v string, ok bool) { return m.At(0) }

// Last returns the last pair.
func (m Map) Last() (k, v string, ok bool) { return m.At(m.Len() - 1) }

// At returns the i-th pair, from 0.
func (m Map) At(i int) (k, v string, ok bool) {
	if i < 0 || i >= m.Len() {
		return "", "", false
	}
	n := m.root
	for i != n.left.count() {
		if i < n.left.count() {
			n = n.left
		} else {
			i -= n.left.count() + 1
			n = n.right
		}
	}
	return n.pair()
}

// All yields all pairs in order.
func (m Map) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) { m.root.each(yield) }
}

func (n *node) each(yield func(string, string) bool) bool {
	return n == nil || n.left.each(yield) && yield(n.key, n.value) && n.right.each(yield)
}
