// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// maxSkip is how many bytes the heads of a node may leave out, and how many a prefix has at most:
// a key is compared with the whole prefix.
const maxSkip = 1 << 10

// prefix is what all keys that were ever put into a tree share at their beginning, or a part of
// it: the first bytes of one of them.
type prefix struct {
	ref uint32 // of a record with such a key
	len uint32 // 0 in an empty tree
}

// target is a key that is searched for.
type target struct {
	key   []byte
	known int    // so many of its first bytes are those of all keys of the tree
	skip  int    // what head leaves out, -1 if there is no head yet
	head  uint64 // of the key
}

// target begins a search for a key in a tree that is not empty.
func (s *store) target(key []byte) target {
	return target{key: key, known: s.shared(key), skip: -1}
}

// shared returns how many of the first bytes of key are in the prefix of the tree.
func (s *store) shared(key []byte) int {
	n := int(s.prefix.len)
	if n == 0 {
		return 0
	}
	return sharedBytes(key, s.key(s.prefix.ref)[:n])
}

// headIn returns the head of the key in a node that skips so many bytes.
func (g *target) headIn(skip int) uint64 {
	if g.skip != skip {
		g.skip, g.head = skip, headAfter(g.key, skip)
	}
	return g.head
}

// headAfter returns the head of what comes after the first bytes of a key, which must have them.
func headAfter(key []byte, skip int) uint64 {
	left := len(key) - skip
	switch {
	case left >= 8:
		return binary.BigEndian.Uint64(key[skip:])
	case len(key) >= 8:
		return binary.BigEndian.Uint64(key[len(key)-8:]) << (64 - 8*left)
	}
	return base.Head(key[skip:])
}

// aside compares the key with the bytes that all keys of a node share, if they are more than those of all
// keys of the tree. It is 0 if the key has them, too. Otherwise the key comes before all keys of the
// node, or after all of them. An inner node has separators, and these are its keys.
func (s *store) aside(n *node, g *target) int {
	skip := int(n.skip)
	return bytes.Compare(g.key[:min(len(g.key), skip)], s.key(n.some())[:skip])
}

// some returns the reference of a record whose key is one of the node's. An inner node must have
// two children.
func (n *node) some() uint32 {
	if n.level == 0 {
		return n.refs[0]
	}
	return n.aux[1]
}

// records returns the references of the records that the heads are of, and where they begin.
func (n *node) records() (refs []uint32, first int) {
	if n.level == 0 {
		return n.refs[:n.count], 0
	}
	return n.aux[:n.count], 1
}

// setSkip makes the heads of a node leave out so many bytes, which all its keys must share. The
// node may be changed in place.
func (t *Tree) setSkip(n *node, skip int) {
	refs, first := n.records()
	for i := first; i < len(refs); i++ {
		n.heads[i] = headAfter(t.key(refs[i]), skip)
	}
	n.skip = uint16(skip)
}

// admit has the heads of a node leave out only what a key shares that is to be added to it. The node may be
// changed in place.
func (t *Tree) admit(n *node, key []byte) {
	skip := int(n.skip)
	switch {
	case skip <= int(t.prefix.len): // the prefix is that of the key, too
	case n.level > 0 && n.count == 1: // there is no separator yet
		n.skip = uint16(min(skip, len(key)))
	default:
		if shared := sharedBytes(key, t.key(n.some())[:skip]); shared < skip {
			t.setSkip(n, shared)
		}
	}
}

// sharpen has the heads of a node leave out all that its keys share if they are all alike. It costs a
// look at each record. The node may be changed in place.
func (t *Tree) sharpen(n *node) {
	refs, first := n.records()
	last := len(refs) - 1
	if last <= first || n.heads[first] != n.heads[last] {
		return
	}
	key := t.key(refs[first])
	if skip := min(sharedBytes(key, t.key(refs[last])), maxSkip); skip > int(n.skip) {
		t.setSkip(n, skip)
	}
}

// sharedBytes returns how many bytes a and b have in common at their beginning.
func sharedBytes(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
