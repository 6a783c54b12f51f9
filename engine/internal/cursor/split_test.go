// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestDamageOnOneSideOfASplit: a cursor that has met with a damaged page of a half-done merge's
// output finds what lies in its inputs afterwards, and the other way round.
func TestDamageOnOneSideOfASplit(t *testing.T) {
	const n, split = 400, 200
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	for _, below := range []bool{true, false} {
		geo, err := format.NewGeometry(4096, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, rng: rand.New(rand.NewPCG(1, 1)), file: blockfile.New(f, "/test.db", geo, nil, 1<<20)}
		out, in := memtree.New(), memtree.New()
		for i := range n {
			if i < split {
				out.Put(key(i), make([]byte, 100))
			}
			in.Put(key(i), make([]byte, 100))
		}
		level := &snapshot.Level{Seg: w.plain(out).Seg, Merging: &snapshot.Merging{Split: key(split), RHS: []*segment.Segment{w.plain(in).Seg}}}
		st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{level}}, Live: memtree.New().Freeze()}
		var c cursor.Cursor
		if err := c.Init(st.Live, st); err != nil {
			t.Fatal(err)
		}
		bad, good := split/2, split*3/2
		where := func() *segment.Segment {
			if below {
				return level.Seg
			}
			return level.Merging.RHS[0]
		}()
		if !below {
			bad, good = good, bad
		}
		var it segment.Iter
		it.Init(where)
		if !it.SeekGE(0, key(bad)) {
			t.Fatal(it.Err())
		}
		p, _ := it.Position()
		it.Done()
		if _, err := f.WriteAt(make([]byte, geo.PageSize), geo.Offset(p)); err != nil {
			t.Fatal(err)
		}
		w.file = blockfile.New(f, "/test.db", geo, nil, 1<<20)
		w.file.SetBlocks(uint32(w.blocks))
		for _, seg := range level.Segments() {
			seg.Space.File = w.file
		}
		for _, mode := range []cursor.Mode{cursor.EQ, cursor.GE, cursor.LE} {
			var damage *errs.CorruptionError
			if c.Seek(key(bad), mode) || !errors.As(c.Err(), &damage) {
				t.Fatalf("mode %v: the damaged page gives %v", mode, c.Err())
			}
			if !c.Seek(key(good), mode) || string(c.Key()) != string(key(good)) {
				t.Errorf("mode %v: the other side of the split key gives %v", mode, c.Err())
			}
		}
	}
}
