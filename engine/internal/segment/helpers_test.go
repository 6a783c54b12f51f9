// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// record is one record of the model.
type record struct {
	kind       base.Kind
	key, value []byte
}

// fixture is a database file in memory that hands out blocks in order.
type fixture struct {
	t    testing.TB
	f    vfs.File
	file *blockfile.File
	geo  format.Geometry
	next base.BlockNo
}

func newFixture(t testing.TB, pageSize int) *fixture {
	t.Helper()
	geo, err := format.NewGeometry(pageSize, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, f: f, geo: geo, file: blockfile.New(f, "/test.db", geo, nil, 1<<30)}
	return x
}

func (x *fixture) Allocate() (base.BlockNo, error) {
	x.next++
	x.file.SetBlocks(uint32(x.next))
	return x.next, nil
}

func (x *fixture) write(records []record, start base.PageNo) (*segment.Segment, *segment.Writer) {
	x.t.Helper()
	w := segment.NewWriter(x.file, x, start)
	w.MakeIndex(int64(len(records)))
	for _, r := range records {
		if err := w.Add(r.kind, r.key, r.value); err != nil {
			x.t.Fatal(err)
		}
	}
	s, ok, err := w.Finish()
	if err != nil || !ok {
		x.t.Fatal(ok, err)
	}
	seg, err := segment.Open(&blockfile.Space{File: x.file}, s, segment.What{})
	if err != nil {
		x.t.Fatal(err)
	}
	return seg, w
}

// randomRecords returns n records in order; lengths go up to the given ones.
func randomRecords(rng *rand.Rand, n, keyLen, valLen int) []record {
	seen := make(map[string]bool)
	var out []record
	for len(out) < n {
		r := record{kind: base.Insert, key: make([]byte, rng.IntN(1+rng.IntN(keyLen+1))), value: make([]byte, rng.IntN(1+rng.IntN(valLen+1)))}
		for i := range r.key {
			r.key[i] = "ab\x00\xff"[rng.IntN(4)]
		}
		for i := range r.value {
			r.value[i] = byte(rng.Uint32())
		}
		switch rng.IntN(12) {
		case 0:
			r.kind, r.value = base.PointDelete, nil
		case 1:
			r.kind |= base.System
		}
		id := string(r.key) + fmt.Sprint(r.kind&base.System)
		if !seen[id] {
			seen[id] = true
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		return base.CompareTopic(out[i].kind, out[i].key, out[j].kind, out[j].key) < 0
	})
	// Ranges between neighbours of one topic.
	for i := 1; i < n; i++ {
		if rng.IntN(6) == 0 && out[i-1].kind&base.System == out[i].kind&base.System {
			out[i-1].kind |= base.StartDelete
			out[i].kind |= base.EndDelete
		}
	}
	return out
}

func expectAt(t testing.TB, it *segment.Iter, ok bool, records []record, i int, what string) {
	t.Helper()
	if it.Err() != nil {
		t.Fatalf("%s: %v", what, it.Err())
	}
	if inside := i >= 0 && i < len(records); ok != inside || it.Valid() != inside {
		t.Fatalf("%s: record %d of %d: %v, valid %v", what, i, len(records), ok, it.Valid())
	}
	if !ok {
		return
	}
	r := records[i]
	v, err := it.AppendValue(nil)
	if err != nil || it.Kind() != r.kind || !bytes.Equal(it.Key(), r.key) || it.ValueLen() != len(r.value) || !bytes.Equal(v, r.value) {
		t.Fatalf("%s: record %d: kind %#x, key %q, value of %d bytes, %v; want %#x, %q, %d", what, i, it.Kind(), it.Key(), len(v), err, r.kind, r.key, len(r.value))
	}
}

// pages returns the numbers of all pages of a segment.
func (x *fixture) pages(s *segment.Segment) (out []base.PageNo) {
	x.t.Helper()
	for p := s.First; ; {
		out = append(out, p)
		if p == s.Last {
			return out
		}
		var err error
		if p, err = s.Space.NextPage(p); err != nil {
			x.t.Fatal(err)
		}
	}
}

// change rewrites a page in the file and forgets all that is cached.
func (x *fixture) change(p base.PageNo, change func(raw []byte)) {
	x.t.Helper()
	raw, err := (&blockfile.Space{File: x.file}).RawPage(p)
	if err != nil {
		x.t.Fatal(err)
	}
	change(raw)
	if _, err := x.f.WriteAt(raw, x.geo.Offset(p)); err != nil {
		x.t.Fatal(err)
	}
	x.reopen()
}

func (x *fixture) reopen() {
	blocks := x.file.Blocks()
	x.file = blockfile.New(x.f, "/test.db", x.geo, nil, 1<<30)
	x.file.SetBlocks(blocks)
}
