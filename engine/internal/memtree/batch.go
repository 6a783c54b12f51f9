// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// maxBatch is how many records a Batch holds before it applies them by itself. With what it takes
// to sort them that is 16 MiB.
const maxBatch = 1 << 19

// maxDeleted is how many bytes of deletions a Batch adds to a tree. Tree.Delete adds nothing for a key
// that the tree has or that lies in a deleted range, which a Batch does not know yet: a transaction that
// deletes the same keys again and again would take several times as much memory as when it was written.
const maxDeleted = 16 << 20

// inOrder is how many records in a row have to be in the order of their keys before the next ones
// are taken to be, too.
const inOrder = 64

// Batch collects what is put and deleted, for a tree to which nothing else is done meanwhile, and
// applies it in the order of the keys: a tree that is filled in order needs less time, and its
// nodes are full. The result is the same as if each record had been applied when it came.
//
// The records are in the arena of the tree from the beginning, so that a Batch holds 16 bytes for
// each, and as many to sort them. It belongs to the tree's writer.
type Batch struct {
	t       *Tree
	entries []batchEntry
	sorting []batchEntry // memory for sortByHead
	first   uint64       // head of the first entry
	differ  uint64       // bits in which the heads differ
	ordered bool         // all keys ascend, as the heads show
	direct  bool         // so did the keys so far: nothing is collected as long as they do
	deleted int          // bytes of deletions added to the tree
}

// batchEntry is a record of a batch.
type batchEntry struct {
	head uint64 // of the key, or of what comes after the bytes that all keys share
	ref  uint32
	// number is the place of the record in the batch, doubled; the lowest bit says that it is a
	// deletion.
	number uint32
}

func (e *batchEntry) deletes() bool { return e.number&1 != 0 }

// NewBatch returns an empty batch for the tree.
func NewBatch(t *Tree) *Batch { return &Batch{t: t} }

// Use makes the batch, which must be empty, one for another tree.
func (b *Batch) Use(t *Tree) { b.t, b.direct, b.deleted = t, false, 0 }

// Size returns about how much Size of the tree will grow by what Apply does.
func (b *Batch) Size() int { return len(b.entries) * (nodeBytes / fanout) }

// Put is Tree.Put.
func (b *Batch) Put(key, value []byte) {
	b.add(key, b.t.appendRecord(key, value), 0)
}

// PutFunc is Tree.PutFunc.
func (b *Batch) PutFunc(key []byte, n int, fill func(value []byte) error) error {
	before := b.t.arenaMark()
	ref, value := b.t.reserveRecord(key, n)
	if err := fill(value); err != nil {
		b.t.rewind(before)
		return err
	}
	b.add(key, ref, 0)
	return nil
}

// Delete is Tree.Delete.
func (b *Batch) Delete(key []byte) {
	if b.deleted >= maxDeleted {
		b.Apply()
		b.t.Delete(key)
		return
	}
	before := b.t.Size()
	ref := b.t.appendRecord(key, nil)
	b.deleted += b.t.Size() - before
	b.add(key, ref, 1)
}

// DeleteRange is Tree.DeleteRange, after everything before it.
func (b *Batch) DeleteRange(after, before []byte) {
	b.Apply()
	b.t.DeleteRange(after, before)
}

// add collects a record, or applies it if the keys have come in order.
func (b *Batch) add(key []byte, ref, deletes uint32) {
	if b.direct {
		if b.direct = b.t.isNext(key); b.direct {
			b.apply(key, ref, deletes != 0)
			return
		}
	}
	head := base.Head(key)
	n := len(b.entries)
	if n == 0 {
		b.first, b.differ, b.ordered = head, 0, true
	} else {
		b.differ |= head ^ b.first
		b.ordered = b.ordered && b.entries[n-1].head < head
	}
	b.entries = appendEntry(b.entries, batchEntry{head, ref, uint32(n)<<1 | deletes})
	if n+1 == maxBatch || n+1 == inOrder && b.ordered {
		b.direct = b.ordered
		b.Apply()
	}
}

// appendEntry is append with a capacity that doubles, so that little is copied.
func appendEntry(entries []batchEntry, e batchEntry) []batchEntry {
	if len(entries) == cap(entries) {
		larger := make([]batchEntry, len(entries), max(2*len(entries), inOrder))
		copy(larger, entries)
		entries = larger
	}
	return append(entries, e)
}

// Apply applies everything to the tree: of each key the newest record.
func (b *Batch) Apply() {
	skip := b.sort()
	t := b.t
	alike := false // the keys of the tree and of the batch share skip bytes
	for i := range b.entries {
		e := &b.entries[i]
		if i+1 < len(b.entries) && b.entries[i+1].head == e.head && t.compare(b.entries[i+1].ref, t.key(e.ref)) == 0 {
			continue
		}
		// A record that belongs after all others, as its head shows, is not looked at.
		if alike && t.insertNext(e.head, skip, e.ref, e.deletes()) {
			continue
		}
		key := t.key(e.ref)
		b.apply(key, e.ref, e.deletes())
		alike = alike || t.root != 0 && t.shared(key) >= skip
	}
	b.entries = b.entries[:0]
}

// apply puts or deletes one key, whose record is at ref.
func (b *Batch) apply(key []byte, ref uint32, deletes bool) {
	t := b.t
	if !deletes {
		t.put(key, ref)
		return
	}
	g := t.target(key)
	if i, missing := t.remove(&g); missing {
		t.insert(i, &g, ref, base.PointDelete)
	}
}

// sort puts the entries into the order of their keys, and of their numbers where keys are equal.
// It returns how many bytes at the beginning of the keys the heads leave out.
func (b *Batch) sort() (skip int) {
	if len(b.entries) < 2 {
		return 0
	}
	// With two equal bytes or more too many heads may be equal. Then those after them count. Entries that are
	// ordered are no more than inOrder, so the heads leave all out that the keys share, as in the tree.
	least := 16
	if b.ordered {
		least = 8
	}
	if bits.LeadingZeros64(b.differ) >= least {
		skip = b.sharedPrefix()
		for i := range b.entries {
			e := &b.entries[i]
			e.head = base.Head(b.t.key(e.ref)[skip:])
		}
	}
	if b.ordered {
		return skip
	}
	b.sortEntries()
	return skip
}

// sharedPrefix returns how many bytes at their beginning all keys share.
func (b *Batch) sharedPrefix() int {
	first := b.t.key(b.entries[0].ref)
	n := len(first)
	for i := range b.entries[1:] {
		n = sharedBytes(first[:n], b.t.key(b.entries[1+i].ref))
	}
	return n
}
