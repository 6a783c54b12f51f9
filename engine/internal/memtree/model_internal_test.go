package memtree

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
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

type heldView struct {
	v View
	m *model
	// undone says that the tree was rolled back beyond it: it is not a state that later
	// ones come from.
	undone bool
}

type heldMark struct {
	mark Mark
	m    *model
}

// driver applies the same operations to a tree and to a model and compares.
type driver struct {
	t       testing.TB
	keys    [][]byte
	tree    *Tree
	m       *model
	marks   []heldMark
	views   []heldView
	version uint32
}

func newDriver(t testing.TB, ks keyset, numKeys int) *driver {
	d := &driver{t: t, tree: New(), m: newModel(numKeys)}
	for i := range numKeys {
		d.keys = append(d.keys, []byte(ks(i)))
	}
	if !slices.IsSortedFunc(d.keys, bytes.Compare) {
		t.Fatal("the keys of the model are not sorted")
	}
	return d
}

// step runs one operation. next(n) returns a number below n.
func (d *driver) step(next func(n int) int) {
	n := len(d.keys)
	switch op := next(100); {
	case op < 38:
		i := next(n)
		d.version++
		d.tree.Put(d.keys[i], valueOf(d.version))
		d.m.put(i, d.version)
	case op < 44: // ascending keys
		i := next(n)
		for j := i; j < min(n, i+40); j++ {
			d.version++
			d.tree.Put(d.keys[j], valueOf(d.version))
			d.m.put(j, d.version)
		}
	case op < 48: // descending keys
		i := next(n)
		for j := i; j >= max(0, i-40); j-- {
			d.version++
			d.tree.Put(d.keys[j], valueOf(d.version))
			d.m.put(j, d.version)
		}
	case op < 60:
		i := next(n)
		d.tree.Delete(d.keys[i])
		d.m.delete(i)
	case op < 72:
		width := 5
		if op < 62 {
			width = n
		}
		i := next(n)
		j := min(n-1, i+next(width))
		d.tree.DeleteRange(d.keys[i], d.keys[j])
		d.m.deleteRange(i, j)
	case op < 77:
		d.marks = append(d.marks, heldMark{d.tree.Mark(), d.m.clone()})
	case op < 83 && len(d.marks) > 0:
		i := next(len(d.marks))
		d.tree.RollbackTo(d.marks[i].mark)
		d.m = d.marks[i].m.clone()
		for j := range d.views {
			h := &d.views[j]
			h.undone = h.undone || h.v.Epoch() > d.marks[i].mark.Epoch()
		}
		d.marks = d.marks[:i+1]
	case op < 86 && len(d.marks) > 0:
		i := next(len(d.marks))
		d.tree.Release(d.marks[i].mark)
		d.marks = d.marks[:i]
	case op < 88: // commit: the marks will not be used any more
		d.marks = nil
		d.freeze()
	case op < 93:
		d.freeze()
	case len(d.views) > 0:
		i := next(len(d.views))
		d.compare(d.views[i].v, d.views[i].m)
		d.views = slices.Delete(d.views, i, i+1)
		d.tree.Reclaim(d.oldest())
		if len(d.tree.marks.epochs) == 0 {
			var held []Epoch
			for _, h := range d.views {
				held = append(held, h.v.Epoch())
			}
			d.tree.reclaimBetween(held)
		}
	}
}

func (d *driver) freeze() {
	v := d.tree.Freeze()
	if w := d.tree.Freeze(); w.Epoch() != v.Epoch() || w.root != v.root || w.Len() != v.Len() {
		d.t.Fatalf("two views of one state: epochs %d and %d, roots %d and %d", v.Epoch(), w.Epoch(), v.root, w.root)
	}
	if k := len(d.views); k > 0 && d.views[k-1].v.Epoch() > v.Epoch() {
		d.t.Fatalf("epoch %d of a view follows epoch %d", v.Epoch(), d.views[k-1].v.Epoch())
	}
	d.views = append(d.views, heldView{v: v, m: d.m.clone()})
}

// oldest returns the oldest epoch that is in use.
func (d *driver) oldest() Epoch {
	e := d.tree.Freeze().Epoch()
	for _, h := range d.views {
		e = min(e, h.v.Epoch())
	}
	for _, h := range d.marks {
		e = min(e, h.mark.Epoch())
	}
	return e
}

// state returns a View of the tree's current state without ending the epoch.
func (t *Tree) state() View {
	return View{store: t.store, root: t.root, numRecords: t.numRecords, size: t.Size()}
}

// check verifies structure and order of the current state, and that every node is in
// exactly one place: tree, retired list or free list.
func (t *Tree) check() error {
	v := t.state()
	if err := v.Check(); err != nil {
		return err
	}
	place, placed := make([]string, t.nextNode), 0
	put := func(id uint32, where string) error {
		if id == 0 || id >= t.nextNode {
			return fmt.Errorf("%s has node %d, which was never made", where, id)
		}
		if place[id] != "" {
			return fmt.Errorf("node %d is in %s and %s", id, place[id], where)
		}
		place[id] = where
		placed++
		return nil
	}
	var walk func(id uint32) error
	walk = func(id uint32) error {
		n := t.node(id)
		if n.epoch > t.epoch || !t.dirty && n.epoch >= t.epoch {
			return fmt.Errorf("node %d has epoch %d in epoch %d", id, n.epoch, t.epoch)
		}
		if n.level > 0 {
			for _, c := range n.refs[:n.count] {
				if err := walk(c); err != nil {
					return err
				}
			}
		}
		return put(id, "the tree")
	}
	if t.root != 0 {
		if err := walk(t.root); err != nil {
			return err
		}
	}
	if placed != t.numNodes {
		return fmt.Errorf("%d nodes, expected %d", placed, t.numNodes)
	}
	var last Epoch
	for _, r := range t.retired.list[t.retired.head:] {
		if r.epoch < last || r.epoch > t.epoch {
			return fmt.Errorf("retired in epoch %d after epoch %d, now %d", r.epoch, last, t.epoch)
		}
		last = r.epoch
		if err := put(r.id, "the retired list"); err != nil {
			return err
		}
	}
	for _, id := range t.free {
		if err := put(id, "the free list"); err != nil {
			return err
		}
	}
	if placed != int(t.nextNode)-1 {
		return fmt.Errorf("%d of %d nodes are accounted for", placed, t.nextNode-1)
	}
	return nil
}

// compare compares a whole View with a model, forwards, backwards and by point reads.
func (d *driver) compare(v View, m *model) {
	d.t.Helper()
	if err := v.Check(); err != nil {
		d.t.Fatal(err)
	}
	var it Iter
	it.Init(v)
	ok := it.First()
	records := 0
	for i, kind := range m.kinds {
		if kind == 0 {
			continue
		}
		records++
		d.compareRecord(&it, ok, m, i)
		ok = it.Next()
	}
	if ok || it.Valid() {
		d.t.Fatalf("iterator goes on with %q behind the last key", it.Key())
	}
	if v.Len() != records || v.Empty() != (records == 0) {
		d.t.Fatalf("Len %d, Empty %v, expected %d records", v.Len(), v.Empty(), records)
	}
	ok = it.Last()
	for i := len(m.kinds) - 1; i >= 0; i-- {
		if m.kinds[i] != 0 {
			d.compareRecord(&it, ok, m, i)
			ok = it.Prev()
		}
	}
	if ok || it.Valid() {
		d.t.Fatalf("iterator goes on with %q before the first key", it.Key())
	}
	for i := range m.fate {
		value, r := v.Get(d.keys[i])
		d.compareGet(m, i, value, r)
	}
}

func (d *driver) compareRecord(it *Iter, ok bool, m *model, i int) {
	d.t.Helper()
	if !ok || !it.Valid() {
		d.t.Fatalf("iterator ends before %q", d.keys[i])
	}
	if !bytes.Equal(it.Key(), d.keys[i]) || it.Kind() != m.kinds[i] {
		d.t.Fatalf("iterator is at %q of kind %#x, expected %q of kind %#x", it.Key(), it.Kind(), d.keys[i], m.kinds[i])
	}
	var want []byte
	if m.kinds[i]&base.Insert != 0 {
		want = valueOf(m.versions[i])
	}
	if !bytes.Equal(it.Value(), want) || (it.Value() == nil) != (want == nil) {
		d.t.Fatalf("value of %q is %q, expected %q", it.Key(), it.Value(), want)
	}
}

func (d *driver) compareGet(m *model, i int, value []byte, r Result) {
	d.t.Helper()
	if r != m.fate[i] {
		d.t.Fatalf("get %q: result %d, expected %d", d.keys[i], r, m.fate[i])
	}
	if r == Found && !bytes.Equal(value, valueOf(m.versions[i])) || r != Found && value != nil {
		d.t.Fatalf("get %q: value %q, expected version %d", d.keys[i], value, m.versions[i])
	}
}

// compareSince looks for what was inserted since an earlier View between two keys between
// which that one has no value.
func (d *driver) compareSince(next func(n int) int) {
	d.t.Helper()
	if len(d.views) == 0 {
		return
	}
	h := d.views[next(len(d.views))]
	if h.undone {
		return
	}
	low := next(len(d.keys))
	high := low
	for want := low + next(len(d.keys)); high < min(want, len(d.keys)-1) && h.m.kinds[high]&base.Insert == 0; {
		high++
	}
	var first, last []byte
	for i := low; i < high; i++ {
		if d.m.kinds[i]&base.Insert != 0 {
			if first == nil {
				first = d.keys[i]
			}
			last = d.keys[i]
		}
	}
	v, since := d.tree.state(), h.v.Epoch()
	for what, got := range map[string]func(low, high []byte, since Epoch) ([]byte, int){"view": v.FirstInsert, "tree": d.tree.FirstInsert} {
		if key, _ := got(d.keys[low], d.keys[high], since); !bytes.Equal(key, first) || (key == nil) != (first == nil) {
			d.t.Fatalf("%s: first insert from %q to %q since epoch %d: %q, want %q", what, d.keys[low], d.keys[high], since, key, first)
		}
	}
	if key, _ := v.LastInsert(d.keys[low], d.keys[high], since); !bytes.Equal(key, last) || (key == nil) != (last == nil) {
		d.t.Fatalf("last insert from %q to %q since epoch %d: %q, want %q", d.keys[low], d.keys[high], since, key, last)
	}
}

// compareSeeks seeks some keys and walks to both sides of them.
func (d *driver) compareSeeks(v View, m *model, next func(n int) int) {
	d.t.Helper()
	var it Iter
	it.Init(v)
	for range 10 {
		i := next(len(d.keys))
		up, down := i, i
		for up < len(m.kinds) && m.kinds[up] == 0 {
			up++
		}
		for down >= 0 && m.kinds[down] == 0 {
			down--
		}
		if ok := it.SeekGE(d.keys[i]); up < len(m.kinds) {
			d.compareRecord(&it, ok, m, up)
		} else if ok || it.Valid() {
			d.t.Fatalf("SeekGE %q finds %q, expected nothing", d.keys[i], it.Key())
		}
		if ok := it.SeekLE(d.keys[i]); down >= 0 {
			d.compareRecord(&it, ok, m, down)
		} else if ok || it.Valid() {
			d.t.Fatalf("SeekLE %q finds %q, expected nothing", d.keys[i], it.Key())
		}
		// Wander about from there.
		for at := down; at >= 0; {
			step := 1
			move := it.Next
			if next(2) == 0 {
				step, move = -1, it.Prev
			}
			for at += step; at >= 0 && at < len(m.kinds) && m.kinds[at] == 0; at += step {
			}
			ok := move()
			if at < 0 || at == len(m.kinds) {
				if ok || it.Next() || it.Prev() {
					d.t.Fatalf("iterator goes on with %q beyond the end", it.Key())
				}
				break
			}
			d.compareRecord(&it, ok, m, at)
			if next(8) == 0 {
				break
			}
		}
	}
}

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 chooses one")

// TestModel runs random operations against the model.
func TestModel(t *testing.T) {
	for name, ks := range keysets {
		for _, numKeys := range []int{12, 150, 2500} {
			t.Run(fmt.Sprintf("%s/keys=%d", name, numKeys), func(t *testing.T) {
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
				runModel(t, ks, numKeys, seed)
			})
		}
	}
}

func runModel(t *testing.T, ks keyset, numKeys int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	d := newDriver(t, ks, numKeys)
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
