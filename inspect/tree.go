// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"net/http"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

const (
	// countedKeys is how many keys of a node are counted.
	countedKeys = 1000
	// maxSeparator is how long a separator may be.
	maxSeparator = 16
)

// serveTree returns what follows a prefix, up to the next separator, and how many keys each has.
func (in *Inspector) serveTree(q *request) error {
	limit, err := q.number("limit", min(200, int64(in.limits.Rows)), 1, int64(in.limits.Rows))
	if err != nil {
		return err
	}
	separator := []byte("/")
	if q.query.Has("sep") {
		separator = []byte(q.query.Get("sep"))
	}
	if len(separator) > maxSeparator {
		return refusef(http.StatusBadRequest, "sep has %d bytes; at most %d are allowed", len(separator), maxSeparator)
	}
	ctx, cancel := in.timed(q)
	defer cancel()
	w, err := in.newWalk(ctx, q, []byte(q.query.Get("prefix")))
	if err != nil {
		return err
	}
	defer w.c.Close()
	m := &wire.TreeMessage{}
	ok, err := in.firstNode(w, q.query.Get("after"))
	if err != nil {
		return err
	}
	for ok {
		if len(m.Nodes) == int(limit) {
			w.more = "rows"
			break
		}
		var node wire.TreeNode
		node, ok = in.treeNode(w, separator)
		m.Nodes = append(m.Nodes, node)
	}
	if err := w.err(q); err != nil {
		return err
	}
	if m.More = w.more; m.More != "" && len(m.Nodes) > 0 {
		last := &m.Nodes[len(m.Nodes)-1]
		m.Next = afterNode + last.Ref
		if last.Leaf {
			m.Next = afterLeaf + last.Ref
		}
	}
	return q.json(http.StatusOK, m)
}

// The cursor of a tree begins with what it comes after: all keys with a prefix, or one key.
const (
	afterNode = "p"
	afterLeaf = "k"
)

// firstNode moves to the first key of a page of the tree.
func (in *Inspector) firstNode(w *walk, after string) (ok bool, err error) {
	if after == "" {
		return w.first(nil), nil
	}
	key, err := in.keyOf(w.ctx, w.c, after[1:])
	if err != nil {
		return false, err
	}
	switch after[:1] {
	case afterLeaf:
		ok = w.first(key)
		if ok && bytes.Equal(w.c.Key(), key) {
			ok = w.next()
		}
		return ok, nil
	case afterNode:
		next, bounded := afterAll(key)
		return bounded && w.first(next), nil
	}
	return false, refusef(http.StatusBadRequest, "after=%.40q is not what tree has returned as next", after)
}

// treeNode describes the node that the key which w stands on belongs to, and moves on to the next
// node. Without a separator a node is a byte.
func (in *Inspector) treeNode(w *walk, separator []byte) (n wire.TreeNode, ok bool) {
	key := bytes.Clone(w.c.Key())
	rest, end := key[len(w.prefix):], 0
	switch i := bytes.Index(rest, separator); {
	case len(rest) == 0: // the prefix itself is a key
	case len(separator) == 0:
		end = 1
	case i >= 0:
		end = i + len(separator)
	}
	// A node has a name that an address can hold, so what is longer is shown key by key.
	if end == 0 || len(w.prefix)+end > maxRefKey {
		end, n.Leaf = len(rest), true
	}
	node := key[:len(w.prefix)+end]
	n.Name, n.Prefix, n.Ref = wire.Cut(rest[:end], in.limits.CellBytes), wire.Cut(node, in.limits.CellBytes), refOf(node)
	w.bytes += n.Name.Len + n.Prefix.Len
	if n.Leaf {
		n.Count = 1
		return n, w.next()
	}
	for ok = true; ok && bytes.HasPrefix(w.c.Key(), node); ok = w.next() {
		if n.Count == countedKeys {
			n.More = true
			next, bounded := afterAll(node)
			return n, bounded && w.seek(next)
		}
		n.Count++
	}
	if !ok && w.more != "" {
		n.More = true // the limit was met among its keys
	}
	return n, ok
}
