// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

const benchRecords = 100_000

// benchKeys returns the keys of the benchmarks: 16 random bytes, or 8 bytes counting up.
func benchKeys(order string) [][]byte {
	rng := rand.New(rand.NewPCG(1, 1))
	keys := make([][]byte, benchRecords)
	for i := range keys {
		switch order {
		case "random":
			keys[i] = binary.BigEndian.AppendUint64(nil, rng.Uint64())
			keys[i] = binary.BigEndian.AppendUint64(keys[i], rng.Uint64())
		case "sequential":
			keys[i] = binary.BigEndian.AppendUint64(nil, uint64(i))
		case "prefix": // ascending, all heads equal
			keys[i] = fmt.Appendf(nil, "customer/%08d", i)
		}
	}
	return keys
}

var benchValue = make([]byte, 100)

// BenchmarkPut fills trees of 100,000 records. In mode batch nothing is frozen; in mode
// autocommit every insert is, and older Views are given up at once.
func BenchmarkPut(b *testing.B) {
	for _, mode := range []string{"batch", "autocommit", "savepoint"} {
		for _, order := range []string{"random", "sequential", "prefix"} {
			b.Run(mode+"/"+order, func(b *testing.B) {
				keys := benchKeys(order)
				b.ReportAllocs()
				tree := memtree.New()
				n, size, footprint := 0, 0, 0
				for b.Loop() {
					if n == benchRecords {
						tree, n = memtree.New(), 0
					}
					switch mode {
					case "batch":
						tree.Put(keys[n], benchValue)
					case "autocommit":
						tree.Put(keys[n], benchValue)
						tree.Reclaim(tree.Freeze().Epoch())
					case "savepoint":
						m := tree.Mark()
						tree.Put(keys[n], benchValue)
						tree.Release(m)
					}
					n++
					if tree.Size() > size {
						size, footprint = tree.Size(), tree.Footprint()
					}
				}
				b.ReportMetric(float64(footprint)/float64(size), "footprint/size")
			})
		}
	}
}

func fill(keys [][]byte) memtree.View {
	tree := memtree.New()
	for _, k := range keys {
		tree.Put(k, benchValue)
	}
	return tree.Freeze()
}

// BenchmarkGet reads keys in random order; misses are keys between existing ones.
func BenchmarkGet(b *testing.B) {
	for _, order := range []string{"random", "sequential", "prefix"} {
		for _, hit := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/hit=%v", order, hit), func(b *testing.B) {
				keys := benchKeys(order)
				view := fill(keys)
				rand.New(rand.NewPCG(2, 2)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
				want := memtree.Found
				if !hit {
					want = memtree.Unknown
					for i := range keys {
						keys[i] = append(keys[i], 0)
					}
				}
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if _, r := view.Get(keys[i]); r != want {
						b.Fatalf("get %q: result %d", keys[i], r)
					}
					if i++; i == len(keys) {
						i = 0
					}
				}
			})
		}
	}
}

// BenchmarkIter walks over all records and copies each key and value, as a flush does; an operation
// is one record.
func BenchmarkIter(b *testing.B) {
	for _, order := range []string{"random", "sequential"} {
		for _, dir := range []string{"next", "prev"} {
			b.Run(order+"/"+dir, func(b *testing.B) {
				view := fill(benchKeys(order))
				var it memtree.Iter
				it.Init(view)
				it.ReadAhead()
				b.ReportAllocs()
				var buf [256]byte
				bytes := 0
				for b.Loop() {
					if dir == "next" {
						if !it.Next() {
							it.First()
						}
					} else if !it.Prev() {
						it.Last()
					}
					bytes += copy(buf[:], it.Key()) + copy(buf[:], it.Value())
				}
				if bytes == 0 {
					b.Fatal("no bytes seen")
				}
			})
		}
	}
}

// BenchmarkSeek moves an iterator to random existing keys.
func BenchmarkSeek(b *testing.B) {
	keys := benchKeys("random")
	view := fill(keys)
	var it memtree.Iter
	it.Init(view)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if !it.SeekGE(keys[i]) {
			b.Fatalf("seek %q finds nothing", keys[i])
		}
		if i++; i == len(keys) {
			i = 0
		}
	}
}

// BenchmarkDeleteRange deletes ranges of a tree of 100,000 records; an operation is one
// range, of about the number of records in the name, and its rollback.
func BenchmarkDeleteRange(b *testing.B) {
	for _, n := range []int{1, 1000, 50_000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			keys := benchKeys("sequential")
			tree := memtree.New()
			for _, k := range keys {
				tree.Put(k, benchValue)
			}
			m := tree.Mark()
			rng := rand.New(rand.NewPCG(3, 3))
			b.ReportAllocs()
			for b.Loop() {
				i := rng.IntN(benchRecords - n - 1)
				tree.DeleteRange(keys[i], keys[i+n+1])
				tree.RollbackTo(m)
			}
		})
	}
}

// BenchmarkBatch fills a tree as recovery does, and record by record, in the order of the keys and
// in another one. An operation is one record.
func BenchmarkBatch(b *testing.B) {
	const rows = 250_000
	for _, order := range []string{"random", "ascending"} {
		keys := make([][16]byte, rows)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range keys {
			n := uint64(i)
			if order == "random" {
				n = rng.Uint64()
			}
			binary.BigEndian.PutUint64(keys[i][:], n)
		}
		value := make([]byte, 100)
		for _, way := range []string{"batch", "single"} {
			b.Run(order+"/"+way, func(b *testing.B) {
				for done := 0; done < b.N; {
					tree := memtree.New()
					batch := memtree.NewBatch(tree)
					for i := 0; i < rows && done < b.N; i++ {
						if way == "batch" {
							batch.Put(keys[i][:], value)
						} else {
							tree.Put(keys[i][:], value)
						}
						done++
					}
					batch.Apply()
				}
			})
		}
	}
}
