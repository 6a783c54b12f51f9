// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// tied counts the leaves in which heads are alike, so that a search has to look at records. It also
// returns how many leaves there are, and what the leaf that skips least skips.
func (t *Tree) tied() (leaves, tied, skip int) {
	skip = maxSkip
	var walk func(id uint32)
	walk = func(id uint32) {
		n := t.node(id)
		if n.level > 0 {
			for _, child := range n.refs[:n.count] {
				walk(child)
			}
			return
		}
		leaves++
		skip = min(skip, int(n.skip))
		for i := 1; i < int(n.count); i++ {
			if n.heads[i-1] == n.heads[i] {
				tied++
				return
			}
		}
	}
	walk(t.root)
	return leaves, tied, skip
}

// shuffledPut puts n keys in random order, commit by commit.
func shuffledPut(tree *Tree, n int, key func(i int) []byte) {
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		tree.Put(key(i), []byte("value"))
		tree.Reclaim(tree.Freeze().Epoch())
	}
}

// TestHeadsTellKeysApart: what all keys share does not make heads alike, in whatever order they come.
func TestHeadsTellKeysApart(t *testing.T) {
	key := func(i int) []byte { return fmt.Appendf(nil, "customer/%010d", i) }
	const n = 20_000
	fill := map[string]func(*Tree){
		"random": func(tree *Tree) { shuffledPut(tree, n, key) },
		"ascending": func(tree *Tree) {
			for i := range n {
				tree.Put(key(i), nil)
			}
		},
		"descending": func(tree *Tree) {
			for i := range n {
				tree.Put(key(n-1-i), nil)
			}
		},
		"batch": func(tree *Tree) {
			b := NewBatch(tree)
			for _, i := range rand.Perm(n) {
				b.Put(key(i), nil)
			}
			b.Apply()
		},
		"batches": func(tree *Tree) {
			b := NewBatch(tree)
			for k, i := range rand.Perm(n) {
				if b.Put(key(i), nil); k%3000 == 0 {
					b.Apply()
				}
			}
			b.Apply()
		},
	}
	for name, f := range fill {
		t.Run(name, func(t *testing.T) {
			tree := New()
			f(tree)
			if err := tree.check(); err != nil {
				t.Fatal(err)
			}
			if leaves, tied, skip := tree.tied(); tied != 0 || skip < len("customer/00000") || leaves < n/fanout {
				t.Errorf("of %d leaves %d have heads that are alike; the heads leave out %d bytes", leaves, tied, skip)
			}
		})
	}
}

// TestTablesHaveHeadsOfTheirOwn: rows of several tables share nothing, but those of a leaf do.
func TestTablesHaveHeadsOfTheirOwn(t *testing.T) {
	tables := []string{"an account and its address/", "booking/", "customer of ours/"}
	tree := New()
	shuffledPut(tree, 30_000, func(i int) []byte { return fmt.Appendf(nil, "%s%010d", tables[i%3], i/3) })
	if err := tree.check(); err != nil {
		t.Fatal(err)
	}
	// A leaf is looked at when it splits, so not all are.
	if leaves, tied, _ := tree.tied(); tied*20 > leaves {
		t.Errorf("of %d leaves %d have heads that are alike", leaves, tied)
	}
	if got := string(tree.key(tree.prefix.ref)[:tree.prefix.len]); got != "" {
		t.Errorf("the prefix is %q", got)
	}
}

// TestPrefixOfEachState: a View and a savepoint keep the prefix that they began with, whatever is
// put into the tree later; keys outside of it are before all others or after all of them.
func TestPrefixOfEachState(t *testing.T) {
	tree := New()
	const n = 500
	shuffledPut(tree, n, func(i int) []byte { return fmt.Appendf(nil, "order/%05d", i) })
	old, mark := tree.Freeze(), tree.Mark()
	others := []string{"", "o", "order", "order/", "order/00", "order/01", "order0", "pay", "a", "z", strings.Repeat("o", 2*maxSkip)}
	for i, k := range others {
		tree.Put([]byte(k), []byte("other"))
		if err := tree.check(); err != nil {
			t.Fatal(err)
		}
		for _, k := range others[:i+1] {
			if v, r := tree.Get([]byte(k)); r != Found || string(v) != "other" {
				t.Fatalf("%.10q: %q, %v", k, v, r)
			}
			if v, r := old.Get([]byte(k)); r != Unknown {
				t.Fatalf("the earlier View has %.10q: %q, %v", k, v, r)
			}
			var it Iter
			it.Init(old)
			if ok := it.SeekGE([]byte(k)); ok != (base.Compare([]byte(k), []byte("order/00499")) <= 0) {
				t.Fatalf("SeekGE of %.10q: %v", k, ok)
			}
			if ok := it.SeekLE([]byte(k)); ok != (base.Compare([]byte(k), []byte("order/00000")) >= 0) {
				t.Fatalf("SeekLE of %.10q: %v", k, ok)
			}
		}
	}
	now := tree.Freeze()
	tree.RollbackTo(mark)
	tree.Put([]byte("order/00500"), nil)
	for _, v := range []View{old, now, tree.Freeze()} {
		if err := v.Check(); err != nil {
			t.Error(err)
		}
	}
	if got := string(tree.key(tree.prefix.ref)[:tree.prefix.len]); got != "order/00" {
		t.Errorf("after the rollback the prefix is %q", got)
	}
}

// TestHeadAfter compares it with its definition.
func TestHeadAfter(t *testing.T) {
	for n := range 20 {
		key := bytes.Repeat([]byte{0xA5, 1, 0, 0xFF}, 5)[:n]
		for skip := range n + 1 {
			if got, want := headAfter(key, skip), base.Head(key[skip:]); got != want {
				t.Errorf("%d bytes, %d left out: %x, want %x", n, skip, got, want)
			}
		}
	}
}
