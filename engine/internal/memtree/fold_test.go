// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// TestFoldKeepsAllRecords compares folded trees, record by record, with the ones they were
// made of.
func TestFoldKeepsAllRecords(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		tree := memtree.New()
		key := func() []byte { return fmt.Appendf(nil, "%03d", rng.IntN(60)) }
		for range rng.IntN(400) {
			switch rng.IntN(5) {
			case 0, 1:
				tree.Put(key(), bytes.Repeat([]byte{'v'}, rng.IntN(100)))
			case 2, 3:
				tree.Delete(key())
			case 4:
				tree.DeleteRange(key(), key())
			}
		}
		live := tree.Live()
		folded := tree.Fold()
		a, b := tree.Freeze(), folded.Freeze()
		if err := b.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, want := records(b), records(a); got != want {
			t.Fatalf("seed %d: folded is\n%swant\n%s", seed, got, want)
		}
		if folded.Size() > 2*live+1024 {
			t.Errorf("seed %d: size %d, before %d, of that live %d", seed, folded.Size(), tree.Size(), live)
		}
	}
}

// records writes the records that say something.
func records(v memtree.View) string {
	var s []byte
	var it memtree.Iter
	it.Init(v)
	for ok := it.First(); ok; ok = it.Next() {
		if it.Kind() == base.RangeBits|base.PointDelete {
			continue // deleted, in the middle of what is deleted: it says nothing
		}
		s = fmt.Appendf(s, "%s %02x", it.Key(), it.Kind())
		if it.Kind()&base.Insert != 0 {
			s = fmt.Appendf(s, " %d", len(it.Value()))
		}
		s = append(s, '\n')
	}
	return string(s)
}
