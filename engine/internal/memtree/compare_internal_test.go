// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

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
		if v.HasFilter() {
			hash := filter.Hash(d.keys[i])
			value, r = v.GetHashed(d.keys[i], hash)
			d.compareGet(m, i, value, r)
			if v.filter.Absent(hash) {
				d.skipped++
			}
		}
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
