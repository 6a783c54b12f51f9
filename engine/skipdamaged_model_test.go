// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// layered is a database with many levels, deleted ranges, long values and a merge that is half done, as
// it is while it is open.
type layered struct {
	files *memfs.FS
	rows  []keyedRow
	pages []int64 // offsets of pages in use
	size  int
}

func makeLayered(t *testing.T, r *rand.Rand) (l layered) {
	t.Helper()
	ctx, mem := context.Background(), memfs.New()
	l.size = []int{256, 1024, 4096}[r.IntN(3)]
	o := engine.Options{FS: mem, PageSize: l.size, BlockSize: 64 << 10, NoAutoWork: true}
	if r.IntN(4) == 0 {
		o.Compression = "lz4"
	}
	db := mustOpen(t, "/x.db", o)
	model := make(map[string][]byte)
	key := func() []byte { return fmt.Appendf(nil, "k%0*d", 1+r.IntN(5), r.IntN(400)) }
	for level := range 2 + r.IntN(5) {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 50 + r.IntN(600) {
				k := key()
				switch d := r.IntN(20); {
				case d == 0:
					to := key()
					if bytes.Compare(k, to) > 0 {
						k, to = to, k
					}
					maps.DeleteFunc(model, func(s string, _ []byte) bool { return s > string(k) && s < string(to) })
					if err := tx.DeleteRange(k, to); err != nil {
						return err
					}
				case d < 3:
					delete(model, string(k))
					if err := tx.Delete(k); err != nil {
						return err
					}
				default:
					v := bytes.Repeat([]byte{byte(level), byte(i)}, r.IntN(60))
					if d == 3 {
						v = longValue(r.IntN(6 * l.size))
					}
					model[string(k)] = v
					if err := tx.Put(k, v); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		if r.IntN(3) > 0 {
			ok(t, db.Flush(ctx))
		}
		if r.IntN(3) == 0 {
			_, err := db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 1 + r.IntN(40)})
			ok(t, err)
		}
	}
	_, err := db.Checkpoint(ctx)
	ok(t, err)
	l.files = mem.Clone()
	l.findPages(t, db)
	ok(t, db.Close())
	for _, k := range slices.Sorted(maps.Keys(model)) {
		v := hex.EncodeToString(model[k])
		l.rows = append(l.rows, keyedRow{goldenRow{K: hex.EncodeToString([]byte(k)), V: &v}, []byte(k)})
	}
	return l
}

// findPages finds the pages in use of an open database.
func (l *layered) findPages(t *testing.T, db *engine.DB) {
	t.Helper()
	geo, err := newestCheckpointOf(t, l.files).Geometry()
	ok(t, err)
	for _, level := range db.Structure() {
		for _, s := range level.Segments {
			pages, err := db.SegmentPages(s.First)
			ok(t, err)
			for _, p := range pages {
				l.pages = append(l.pages, geo.Offset(base.PageNo(p)))
			}
		}
	}
	if l.size = geo.PageSize; geo.Compressed {
		l.size = 64
	}
}

// makeHalfDone makes a database that was closed in the middle of a merge.
func makeHalfDone(t *testing.T) (l layered) {
	t.Helper()
	ctx, mem := context.Background(), memfs.New()
	o := engine.Options{FS: mem, NoAutoWork: true, BlockSize: 64 << 10, AutoCheckpoint: 16 << 10}
	threeSegments(t, o)
	db := mustOpen(t, "/x.lsm", o)
	ok(t, db.Update(ctx, func(tx *engine.Tx) error { // a range that reaches across what is merged and what is not
		return errors.Join(tx.DeleteRange([]byte("00002000"), []byte("00028000")), tx.Put([]byte("00015000"), []byte("new")))
	}))
	ok(t, db.Flush(ctx))
	for db.Structure()[0].Segments[0].Pages < 100 {
		_, err := db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 50})
		ok(t, err)
		if len(db.Structure()[len(db.Structure())-1].Segments) > 1 {
			break
		}
	}
	l.rows = keyed(t, rowListing(t, db))
	ok(t, db.Close())
	data, err := mem.ReadFile("/x.lsm")
	ok(t, err)
	l.files = memfs.New()
	ok(t, l.files.WriteFile("/x.db", data))
	db = mustOpen(t, "/x.db", engine.Options{FS: l.files, ReadOnly: true})
	l.findPages(t, db)
	ok(t, db.Close())
	return l
}

func newestCheckpointOf(t *testing.T, fs *memfs.FS) *format.Checkpoint {
	t.Helper()
	data, err := fs.ReadFile("/x.db")
	ok(t, err)
	return newestCheckpoint(data)
}

// TestSkipDamagedInLayers damages pages of databases with deleted ranges, logs and half-done merges.
// Outside the reported ranges all is right.
func TestSkipDamagedInLayers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(*damageSeed, 11))
	refused, halves, ranges, did := 0, 0, 0, 0
	for i := range 13 {
		l := layered{}
		if i > 0 {
			l = makeLayered(t, r)
		} else {
			l = makeHalfDone(t)
		}
		if len(l.rows) == 0 || len(l.pages) == 0 {
			continue
		}
		whole, err := l.files.ReadFile("/x.db")
		ok(t, err)
		for _, level := range newestCheckpoint(whole).Levels {
			halves += min(len(level.RHS), 1)
		}
		for range 12 {
			data := bytes.Clone(whole)
			off := l.pages[r.IntN(len(l.pages))]
			page := data[off:min(off+int64(l.size), int64(len(data)))]
			if r.IntN(3) == 0 {
				clear(page)
			} else {
				for range 1 + r.IntN(8) {
					page[r.IntN(len(page))] ^= byte(1 + r.IntN(255))
				}
			}
			fs := l.files.Clone()
			ok(t, fs.WriteFile("/x.db", data))
			did++
			for i := range 4 {
				s, err := openSkipping(fs, l.rows)
				if err != nil {
					refused++ // the split key of the merge
					break
				}
				wrong := ""
				switch i {
				case 0:
					wrong = s.scan(false)
					ranges += len(s.db.Skipped())
				case 1:
					wrong = s.scan(true)
				case 2:
					wrong = s.gets(r)
				case 3:
					wrong = s.seeks(r)
				}
				if wrong != "" {
					t.Fatalf("case %d, damage at %d, way %d: %s\nranges %v", did, off, i, wrong, s.db.Skipped())
				}
				ok(t, s.db.Close())
			}
		}
	}
	t.Logf("%d damages, %d refused, %d half-done merges, %d ranges", did, refused, halves, ranges)
	if refused > did/20 || halves == 0 || ranges < did/2 {
		t.Errorf("%d damages, %d refused, %d half-done merges, %d ranges", did, refused, halves, ranges)
	}
}

// TestSkipDamagedChangesNothingElse: what writes, and what reads within a write transaction, fails on
// damage with the option as without it; reads of the same handle do not.
func TestSkipDamagedChangesNothingElse(t *testing.T) {
	ctx := context.Background()
	s := writeSpecimen(t, "4096", engine.Options{PageSize: 4096, BlockSize: 64 << 10}, 1, 3, 400, 0)
	damaged := bytes.Clone(s.data)
	at := len(s.pages) / 2
	for page := s.at(damaged, s.pages[at]); !readDamaged(damaged, s.rows).failed; page = s.at(damaged, s.pages[at]) {
		page[100] ^= 1
		at++
	}
	fs := memfs.New()
	ok(t, fs.WriteFile("/x.db", damaged))
	db := mustOpen(t, "/x.db", engine.Options{FS: fs, SkipDamaged: true, NoAutoWork: true})
	rows := readAll(t, db)
	if n := len(db.Skipped()); n == 0 || len(rows) == 0 || len(rows) >= len(s.rows) {
		t.Errorf("%d rows of %d, %d ranges", len(rows), len(s.rows), n)
	}
	var inside []byte // a key whose newest value is on the damaged page
	for _, r := range keyed(t, s.rows) {
		if _, has := rows[string(r.k)]; !has && inside == nil {
			inside = r.k
		}
	}
	if _, _, err := db.Get(nil, inside); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("Get of a key that cannot be known: %v", err)
	}
	tx, err := db.Begin(ctx)
	ok(t, err)
	if _, _, err := tx.Get(nil, inside); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("Get in a transaction: %v", err)
	}
	c, err := tx.Cursor()
	ok(t, err)
	n := 0
	for ok := c.First(); ok; ok = c.Next() {
		n++
	}
	if !errors.Is(c.Err(), engine.ErrCorrupt) || n >= len(rows) {
		t.Errorf("a cursor of a transaction shows %d rows: %v", n, c.Err())
	}
	ok(t, c.Close())
	ok(t, tx.Rollback())
	if err := db.Optimize(ctx); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("Optimize: %v", err)
	}
	if err := db.Backup(ctx, "/copy.db", engine.BackupOptions{}); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("Backup: %v", err)
	}
	problems := 0
	for range db.Check(ctx) {
		problems++
	}
	if problems == 0 {
		t.Error("Check finds nothing")
	}
	ok(t, db.Set(func(o *engine.Options) { o.SkipDamaged = false }))
	if err := db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
		}
		return c.Err()
	}); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("a scan with the option off: %v", err)
	}
	_ = db.Close()
}

// TestSkippedRangesAreFew: at most MaxSkippedRanges are remembered, and together they contain all.
func TestSkippedRangesAreFew(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, span := range []int{100, 1 << 30} {
		var all []engine.DamagedRange
		list := engine.NewSkippedRanges()
		for range 3 * engine.MaxSkippedRanges {
			from := r.IntN(span)
			d := engine.DamagedRange{From: fmt.Appendf(nil, "%010d", from), To: fmt.Appendf(nil, "%010d", from+1+r.IntN(10)), Page: 1, Detail: "x"}
			if span == 100 && r.IntN(2000) == 0 {
				d.From = nil
			}
			list.Add(d)
			all = append(all, d)
			if got := list.List(); len(got) > engine.MaxSkippedRanges {
				t.Fatalf("%d ranges", len(got))
			}
		}
		got := list.List()
		for i, d := range got {
			if bytes.Compare(d.From, d.To) >= 0 || i > 0 && bytes.Compare(got[i-1].To, d.From) >= 0 {
				t.Fatalf("range %d is %q to %q", i, d.From, d.To)
			}
		}
		for _, d := range all {
			if !slices.ContainsFunc(got, func(o engine.DamagedRange) bool {
				return bytes.Compare(o.From, d.From) <= 0 && bytes.Compare(d.To, o.To) <= 0
			}) {
				t.Fatalf("%q to %q is in no range", d.From, d.To)
			}
		}
		if span > 100 && len(got) != engine.MaxSkippedRanges {
			t.Errorf("%d ranges", len(got))
		}
	}
}

// TestZerosAtTheEndOfAMerge: zeros in place of a page of what is merged so far do not look as if C lsm1 had gone
// on with the merge, so no value is read from them.
func TestZerosAtTheEndOfAMerge(t *testing.T) {
	t.Parallel()
	l := makeHalfDone(t)
	whole, err := l.files.ReadFile("/x.db")
	ok(t, err)
	merges := 0
	for _, level := range newestCheckpoint(whole).Levels {
		if len(level.RHS) == 0 {
			continue
		}
		merges++
		for p := level.LHS.Last - 4; p < level.LHS.Last; p++ {
			data := bytes.Clone(whole)
			clear(data[(int(p)-1)*l.size : int(p)*l.size])
			fs := memfs.New()
			ok(t, fs.WriteFile("/x.db", data))
			s, err := openSkipping(fs, l.rows)
			ok(t, err)
			if wrong := s.scan(false); wrong != "" || len(s.db.Skipped()) != 1 {
				t.Errorf("page %d: %s, ranges %v", p, wrong, s.db.Skipped())
			}
			ok(t, s.db.Close())
		}
	}
	if merges == 0 {
		t.Error("no merge is half done")
	}
}

// TestBlockInPlaceOfAnotherInAMerge: what is merged so far begins with a block that belongs elsewhere. Its pages agree
// about their seal, which the checkpoint does not have, so nothing that the merge has is certain.
func TestBlockInPlaceOfAnotherInAMerge(t *testing.T) {
	const block = 64 << 10
	l := makeHalfDone(t)
	whole, err := l.files.ReadFile("/x.db")
	ok(t, err)
	r := rand.New(rand.NewPCG(*damageSeed, 12))
	tried := 0
	for _, level := range newestCheckpoint(whole).Levels {
		if len(level.RHS) == 0 {
			continue
		}
		first := int(level.LHS.First-1) * l.size / block * block
		for other := block; other+block <= len(whole); other += block {
			data := bytes.Clone(whole)
			copy(data[first:first+block], whole[other:])
			fs := memfs.New()
			ok(t, fs.WriteFile("/x.db", data))
			for way := range 4 {
				s, err := openSkipping(fs, l.rows)
				if err != nil {
					break // the split key
				}
				wrong := []func() string{
					func() string { return s.scan(false) }, func() string { return s.scan(true) },
					func() string { return s.gets(r) }, func() string { return s.seeks(r) },
				}[way]()
				if tried++; wrong != "" {
					t.Errorf("block at %d from %d, way %d: %s, ranges %v", first, other, way, wrong, s.db.Skipped())
				}
				ok(t, s.db.Close())
			}
		}
	}
	if tried < 20 {
		t.Errorf("%d readings only", tried)
	}
}
