// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// The model knows a fixed, sorted set of keys and describes a tree twice. kinds and
// versions say which records there are, by the rules of the format. fate says for each
// key what the tree's user must see; it knows nothing of records, so it would catch a
// rule that is wrong in itself.
type model struct {
	kinds    []base.Kind // 0 where there is no record
	versions []uint32    // stands for the value of a record with Insert
	fate     []Result
}

func newModel(numKeys int) *model {
	return &model{make([]base.Kind, numKeys), make([]uint32, numKeys), make([]Result, numKeys)}
}

func (m *model) clone() *model {
	return &model{slices.Clone(m.kinds), slices.Clone(m.versions), slices.Clone(m.fate)}
}

// inGap reports whether key i, which has no record, lies inside a deleted range.
func (m *model) inGap(i int) bool {
	for j := i - 1; j >= 0; j-- {
		if m.kinds[j] != 0 {
			return m.kinds[j]&base.StartDelete != 0
		}
	}
	return false
}

func (m *model) put(i int, version uint32) {
	m.fate[i] = Found
	bits := m.kinds[i] & base.RangeBits
	if m.kinds[i] == 0 && m.inGap(i) {
		bits = base.RangeBits
	}
	m.kinds[i] = base.Insert | bits
	m.versions[i] = version
}

func (m *model) delete(i int) {
	m.fate[i] = Deleted
	k := m.kinds[i]
	if k&base.RangeBits == base.RangeBits || k == 0 && m.inGap(i) {
		m.kinds[i] = 0
		return
	}
	m.kinds[i] = k&base.RangeBits | base.PointDelete
}

func (m *model) deleteRange(after, before int) {
	if after >= before {
		return
	}
	start := m.kinds[after] != 0 || !m.inGap(after)
	end := m.kinds[before] != 0 || !m.inGap(before)
	for i := after + 1; i < before; i++ {
		m.fate[i] = Deleted
		m.kinds[i] = 0
	}
	if start {
		m.kinds[after] |= base.StartDelete
	}
	if end {
		m.kinds[before] |= base.EndDelete
	}
}

// keyset makes the sorted keys of a model.
type keyset func(i int) string

var keysets = map[string]keyset{
	// Heads differ, keys of odd length.
	"short": func(i int) string { return fmt.Sprintf("%04d", i)[:4] },
	// The empty key, and keys that differ by trailing zero bytes only, so that their
	// heads are equal.
	"zeros": func(i int) string { return string(append(bytes.Repeat([]byte{1}, i/6), make([]byte, i%6)...)) },
	// All heads are equal.
	"prefix": func(i int) string { return fmt.Sprintf("a long shared prefix/%06d", i) },
	// Bytes that some leaves share, and others with what comes next to them; all of it may be in one
	// leaf when there are few keys.
	"tables": func(i int) string { return fmt.Sprintf("tenant/%03d/a table of some name/%04d", i/40, i%40) },
	// What keys share is shorter from one run of them to the next, and then longer.
	"nested": func(i int) string {
		return strings.Repeat("b", 30-min(i/80, 30)) + fmt.Sprintf("c%04d", i)
	},
	// More is shared than heads leave out.
	"far": func(i int) string { return strings.Repeat("p", maxSkip+9) + fmt.Sprintf("%06d", i) },
	// Runs of equal heads, the greatest head among them.
	"runs": func(i int) string {
		return string(bytes.Repeat([]byte{0xff}, min(i/40, 8))) + fmt.Sprintf("%08d%03d", i/40, i%40)
	},
}

// valueOf returns the value a version stands for, of some length from 0 on.
func valueOf(version uint32) []byte {
	if version%11 == 0 {
		return []byte{}
	}
	return bytes.Repeat(fmt.Appendf(nil, "v%d.", version), int(version%7)+1)
}

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 chooses one")

// TestModel runs random operations against the model.
func TestModel(t *testing.T) {
	for name, ks := range keysets {
		for _, numKeys := range []int{12, 150, 2500} {
			for _, undone := range []bool{false, true} {
				if undone && numKeys > 1000 {
					continue // the smaller ones take less time
				}
				t.Run(fmt.Sprintf("%s/keys=%d/undone=%t", name, numKeys, undone), func(t *testing.T) {
					t.Parallel()
					seed := *seedFlag
					if seed == 0 {
						seed = rand.Uint64()
					}
					defer func() {
						if t.Failed() {
							t.Logf("reproduce: go test -run '^%s$' -seed=%d", t.Name(), seed)
						}
					}()
					runModel(t, ks, numKeys, seed, undone)
				})
			}
		}
	}
}

func runModel(t *testing.T, ks keyset, numKeys int, seed uint64, undone bool) {
	rng := rand.New(rand.NewPCG(seed, 0))
	d := newDriver(t, ks, numKeys)
	d.undone = undone
	steps, every := 4000, 1+numKeys/100
	if testing.Short() {
		steps = 1500
	}
	for i := range steps {
		d.step(rng.IntN)
		if i%every == 0 {
			if err := d.tree.check(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		k := rng.IntN(numKeys)
		value, r := d.tree.Get(d.keys[k])
		d.compareGet(d.m, k, value, r)
		d.compareSince(rng.IntN)
		if i%(10*every) == 0 {
			d.compare(d.tree.state(), d.m)
			d.compareSeeks(d.tree.state(), d.m, rng.IntN)
		}
	}
	for _, h := range d.views {
		d.compare(h.v, h.m)
	}
	for i := len(d.marks) - 1; i >= 0; i-- {
		d.tree.RollbackTo(d.marks[i].mark)
		d.compare(d.tree.state(), d.marks[i].m)
	}
	if undone && numKeys == 150 && d.skipped == 0 {
		t.Error("no filter has saved a search: the test shows nothing of them")
	}
}

// FuzzOps reads operations from a string; byte pairs choose operations and keys.
func FuzzOps(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 20; n < 400; n *= 2 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) < 1 || len(ops) > 4000 {
			return
		}
		names := []string{"short", "zeros", "prefix", "runs"}
		d := newDriver(t, keysets[names[ops[0]%4]], 200)
		ops = ops[1:]
		next := func(n int) int {
			if len(ops) == 0 {
				return 0
			}
			b := ops[0]
			ops = ops[1:]
			return int(b) % n
		}
		for len(ops) > 0 {
			d.step(next)
			if err := d.tree.check(); err != nil {
				t.Fatal(err)
			}
			d.compareSince(next)
		}
		d.compare(d.tree.state(), d.m)
		for _, h := range d.views {
			d.compare(h.v, h.m)
		}
	})
}
