// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// dump renders all records of a View, in order, as "key:kind=value". The kind is written
// with the letters I, P, S and E for Insert, PointDelete, StartDelete and EndDelete.
func dump(v memtree.View) string {
	var out []string
	var it memtree.Iter
	it.Init(v)
	for ok := it.First(); ok; ok = it.Next() {
		s := string(it.Key()) + ":"
		for i, bit := range []base.Kind{base.Insert, base.PointDelete, base.StartDelete, base.EndDelete} {
			if it.Kind()&bit != 0 {
				s += "IPSE"[i : i+1]
			}
		}
		if it.Kind()&base.Insert != 0 {
			s += "=" + string(it.Value())
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// apply runs operations written as "put k v", "del k", "range a b", separated by ";".
func apply(t *testing.T, tree *memtree.Tree, ops string) {
	t.Helper()
	for op := range strings.SplitSeq(ops, ";") {
		f := strings.Fields(op)
		switch {
		case len(f) == 3 && f[0] == "put":
			tree.Put([]byte(f[1]), []byte(f[2]))
		case len(f) == 2 && f[0] == "del":
			tree.Delete([]byte(f[1]))
		case len(f) == 3 && f[0] == "range":
			tree.DeleteRange([]byte(f[1]), []byte(f[2]))
		default:
			t.Fatalf("operation %q", op)
		}
	}
}

func TestRecordRules(t *testing.T) {
	tests := []struct{ name, ops, want string }{
		{"put and overwrite", "put a 1;put b 2;put a 3", "a:I=3 b:I=2"},
		{"delete leaves a mark", "put a 1;del a;del b", "a:P b:P"},
		{"put clears a delete mark", "del a;put a 1", "a:I=1"},
		{"range marks its ends", "range b d", "b:S d:E"},
		{"range removes what is strictly inside", "put a 1;put b 2;put c 3;put d 4;range a d", "a:IS=1 d:IE=4"},
		{"range keeps a point delete at its end", "del a;put d 1;range a d", "a:PS d:IE=1"},
		{"empty interval", "put a 1;range b b;range c b", "a:I=1"},
		{"interval without a key in it", "range a a0", "a:S a0:E"},
		{"put inside a range", "range a d;put b 1", "a:S b:ISE=1 d:E"},
		{"put at the ends of a range", "range a d;put a 1;put d 2", "a:IS=1 d:IE=2"},
		{"overwrite inside a range", "range a d;put b 1;put b 2", "a:S b:ISE=2 d:E"},
		{"delete inside a range needs no record", "range a d;del b", "a:S d:E"},
		{"delete takes an inner record away", "range a d;put b 1;put c 2;del b", "a:S c:ISE=2 d:E"},
		{"delete at the ends of a range", "range a d;put a 1;del a;del d", "a:PS d:PE"},
		{"delete of a bare mark between two ranges", "range a c;range c e;del c", "a:S e:E"},
		{"bare mark between two ranges does not delete its key", "range a c;range c e", "a:S c:SE e:E"},
		{"put on a bare mark between two ranges", "range a c;range c e;put c 1", "a:S c:ISE=1 e:E"},
		{"point delete between two ranges", "del c;range a c;range c e", "a:S c:PSE e:E"},
		{"overlap on the right", "range a c;range b d", "a:S d:E"},
		{"overlap on the left", "range b d;range a c", "a:S d:E"},
		{"inside another range", "range a d;range b c", "a:S d:E"},
		{"around another range", "range b c;range a d", "a:S d:E"},
		{"same range twice", "range a d;range a d", "a:S d:E"},
		{"same start, shorter", "range a d;range a c", "a:S d:E"},
		{"same end, shorter", "range a d;range b d", "a:S d:E"},
		{"bridge between two ranges", "range a c;range e g;range b f", "a:S g:E"},
		{"gap between two ranges stays", "range a b;range c d", "a:S b:E c:S d:E"},
		{"range over inner records", "range a z;put c 1;put e 2;put g 3;range c g", "a:S c:ISE=1 g:ISE=3 z:E"},
		{"range from inside to outside", "range a d;put c 1;put f 2;range b e", "a:S e:E f:I=2"},
		{"put, delete and put again inside a range", "range a d;put b 1;del b;put b 2", "a:S b:ISE=2 d:E"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := memtree.New()
			apply(t, tree, tt.ops)
			v := tree.Freeze()
			if err := v.Check(); err != nil {
				t.Error(err)
			}
			if got := dump(v); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.ops, got, tt.want)
			}
		})
	}
}

func TestGetResults(t *testing.T) {
	tree := memtree.New()
	apply(t, tree, "range b f;put d 1;del h;range f k")
	want := map[string]memtree.Result{
		"a": memtree.Unknown, "b": memtree.Unknown, "c": memtree.Deleted, "d": memtree.Found, "e": memtree.Deleted,
		"f": memtree.Unknown, "g": memtree.Deleted, "h": memtree.Deleted, "k": memtree.Unknown, "l": memtree.Unknown,
	}
	v := tree.Freeze()
	for key, r := range want {
		if _, got := tree.Get([]byte(key)); got != r {
			t.Errorf("tree: get %s: result %d, expected %d", key, got, r)
		}
		if _, got := v.Get([]byte(key)); got != r {
			t.Errorf("view: get %s: result %d, expected %d", key, got, r)
		}
	}
}

func TestEmptyTree(t *testing.T) {
	tree := memtree.New()
	for name, v := range map[string]memtree.View{"zero": {}, "frozen": tree.Freeze()} {
		if !v.Empty() || v.Len() != 0 || v.Size() != 0 || v.Epoch() != 0 {
			t.Errorf("%s: Empty %v, Len %d, Size %d, Epoch %d", name, v.Empty(), v.Len(), v.Size(), v.Epoch())
		}
		if _, r := v.Get(nil); r != memtree.Unknown {
			t.Errorf("%s: result %d", name, r)
		}
		if err := v.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var it memtree.Iter
		it.Init(v)
		if it.First() || it.Last() || it.SeekGE(nil) || it.SeekLE(nil) || it.Next() || it.Prev() || it.Valid() {
			t.Errorf("%s: the iterator finds something", name)
		}
	}
	if !tree.Empty() || tree.Size() != 0 || tree.Footprint() != 0 {
		t.Errorf("Empty %v, Size %d, Footprint %d", tree.Empty(), tree.Size(), tree.Footprint())
	}
	var it memtree.Iter
	if it.First() || it.SeekLE(nil) {
		t.Error("the zero iterator finds something")
	}
}

// TestLargeAndSmall stores empty, long and huge keys and values, in one tree.
func TestLargeAndSmall(t *testing.T) {
	long := bytes.Repeat([]byte("k"), 100_000)
	pairs := []struct{ key, value []byte }{
		{[]byte{}, []byte("empty key")},
		{[]byte("empty value"), []byte{}},
		{[]byte("huge"), bytes.Repeat([]byte("v"), 5<<20)},
		{[]byte("huge2"), bytes.Repeat([]byte("w"), 1<<20)},
		{[]byte("quarter of a chunk"), bytes.Repeat([]byte("x"), 256<<10)},
		{long, []byte("long key")},
		{append(long[:len(long):len(long)], 0), []byte("long key and a zero")},
		{long[:len(long)-1], bytes.Repeat([]byte("y"), 300_000)},
	}
	tree := memtree.New()
	// A huge record before any chunk exists, rolled back and stored again.
	m := tree.Mark()
	tree.Put(pairs[2].key, pairs[2].value)
	inner := tree.Mark()
	tree.Put([]byte("x"), []byte("small"))
	tree.RollbackTo(inner)
	if value, r := tree.Get(pairs[2].key); r != memtree.Found || !bytes.Equal(value, pairs[2].value) {
		t.Fatal("huge value is lost by a rollback to behind it")
	}
	tree.Put([]byte("y"), []byte("small"))
	if value, _ := tree.Get(pairs[2].key); !bytes.Equal(value, pairs[2].value) {
		t.Fatal("huge value is overwritten after a rollback")
	}
	tree.RollbackTo(m)
	if !tree.Empty() || tree.Size() != 0 {
		t.Fatalf("Empty %v, Size %d after a rollback to the empty tree", tree.Empty(), tree.Size())
	}
	total := 0
	for _, p := range pairs {
		tree.Put(p.key, p.value)
		total += len(p.key) + len(p.value)
	}
	v := tree.Freeze()
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	if v.Len() != len(pairs) || v.Size() < total || v.Size() > total+4096 {
		t.Errorf("Len %d, Size %d for %d bytes", v.Len(), v.Size(), total)
	}
	var it memtree.Iter
	it.Init(v)
	for _, p := range pairs {
		if value, r := v.Get(p.key); r != memtree.Found || value == nil || !bytes.Equal(value, p.value) {
			t.Errorf("get %.20q: result %d, %d bytes", p.key, r, len(value))
		}
		if !it.SeekGE(p.key) || !bytes.Equal(it.Key(), p.key) || !bytes.Equal(it.Value(), p.value) {
			t.Errorf("SeekGE %.20q", p.key)
		}
		if !it.SeekLE(p.key) || !bytes.Equal(it.Key(), p.key) {
			t.Errorf("SeekLE %.20q", p.key)
		}
	}
	if value, _ := v.Get([]byte("huge2")); cap(value) != len(value) {
		t.Error("appending to a value would write into the tree")
	}
}

// TestCopies verifies that the tree does not keep its caller's slices.
func TestCopies(t *testing.T) {
	tree := memtree.New()
	a, b, value := []byte("a"), []byte("c"), []byte("1")
	tree.Put(a, value)
	tree.DeleteRange(a, b)
	tree.Delete(b)
	a[0], b[0], value[0] = 'x', 'y', 'z'
	if got, want := dump(tree.Freeze()), "a:IS=1 c:PE"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestReuse verifies that autocommit and statement savepoints do not grow the tree by
// more than what they store.
func TestReuse(t *testing.T) {
	for _, mode := range []string{"autocommit", "savepoint"} {
		tree := memtree.New()
		for i := range 30_000 {
			m := tree.Mark()
			tree.Put(fmt.Appendf(nil, "%08d", (i*7919)%30_000), []byte("value"))
			tree.Release(m)
			if mode == "autocommit" {
				tree.Reclaim(tree.Freeze().Epoch())
			}
		}
		if size, f := tree.Size(), tree.Footprint(); f > size*3/2 {
			t.Errorf("%s: footprint %d for a size of %d", mode, f, size)
		}
	}
}

// TestOrderedFill verifies that keys in ascending and descending order leave full leaves.
func TestOrderedFill(t *testing.T) {
	for _, step := range []int{1, -1} {
		tree := memtree.New()
		const n = 20_000
		for i := range n {
			tree.Put(fmt.Appendf(nil, "%08d", n+i*step), nil)
		}
		if err := tree.Freeze().Check(); err != nil {
			t.Fatal(err)
		}
		// 16 bytes a record, and a 31st of a 512-byte node and of its ancestors.
		if perRecord := tree.Size() / n; perRecord > 34 {
			t.Errorf("step %d: %d bytes a record", step, perRecord)
		}
	}
}

// TestRangeOverMany deletes ranges that cover many leaves and whole subtrees.
func TestRangeOverMany(t *testing.T) {
	key := func(i int) []byte { return fmt.Appendf(nil, "%08d", i) }
	tree := memtree.New()
	const n = 50_000
	for i := range n {
		tree.Put(key(i), []byte("v"))
	}
	full := tree.Mark()
	for _, r := range [][2]int{{0, n - 1}, {0, 1}, {17, 49_000}, {25_000, 25_031}, {1, 900}, {49_000, n - 1}, {100, n + 5}} {
		tree.DeleteRange(key(r[0]), key(r[1]))
		v := tree.Freeze()
		if err := v.Check(); err != nil {
			t.Fatalf("range %v: %v", r, err)
		}
		want := n - (min(r[1], n) - r[0] - 1)
		if r[1] > n {
			want++ // the bare mark
		}
		if v.Len() != want {
			t.Errorf("range %v: %d records, expected %d", r, v.Len(), want)
		}
		tree.RollbackTo(full)
	}
	if v := tree.Freeze(); v.Len() != n || v.Check() != nil {
		t.Errorf("%d records after all rollbacks: %v", v.Len(), v.Check())
	}
}

func TestAllocs(t *testing.T) {
	keys := benchKeys("random")[:20_000]
	v := fill(keys)
	tree := memtree.New() // another one: its Reclaim ends the use of its Views
	for _, k := range keys {
		tree.Put(k, benchValue)
	}
	tree.Reclaim(tree.Freeze().Epoch())
	var it memtree.Iter
	it.Init(v)
	i, sum := 0, 0
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"View.Get", func() { value, _ := v.Get(keys[i]); sum += len(value) }},
		{"Tree.Get", func() { value, _ := tree.Get(keys[i]); sum += len(value) }},
		{"Init", func() { it.Init(v) }},
		{"First", func() { it.First() }},
		{"Next", func() { it.Next(); sum += len(it.Key()) + len(it.Value()) + int(it.Kind()) }},
		{"Last", func() { it.Last() }},
		{"Prev", func() { it.Prev(); sum += len(it.Key()) + len(it.Value()) + int(it.Kind()) }},
		{"SeekGE", func() { it.SeekGE(keys[i]) }},
		{"SeekLE", func() { it.SeekLE(keys[i]) }},
		// Chunks and slabs are allocated now and then, on average less than once.
		{"Put", func() { tree.Put(keys[i], benchValue) }},
		{"Delete", func() { tree.Delete(keys[i]) }},
		{"DeleteRange", func() { tree.DeleteRange(keys[i], keys[i+1]) }},
		{"commit", func() { tree.Put(keys[i], benchValue); tree.Reclaim(tree.Freeze().Epoch()) }},
		{"savepoint", func() {
			m := tree.Mark()
			tree.Put(keys[i], benchValue)
			tree.RollbackTo(m)
			tree.Release(m)
		}},
	} {
		i = 0
		if n := testing.AllocsPerRun(2000, func() { tt.f(); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
	if sum == 0 {
		t.Error("nothing was read")
	}
}
