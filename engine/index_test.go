// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// threeSegments makes a database with three segments of about 10,000 rows each.
func threeSegments(t *testing.T, o engine.Options) {
	t.Helper()
	o.NoAutoWork, o.AutoFlush = true, engine.MaxAutoFlush
	db := mustOpen(t, "/x.lsm", o)
	for i := range 3 {
		putN(t, db, 10_000*i, 10_000, 60)
		if err := db.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// miss looks for a key that is between those of the three segments.
func miss(t *testing.T, db *engine.DB, i int) {
	t.Helper()
	if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d.", i*271%30_000)); found || err != nil {
		t.Fatal(found, err)
	}
}

// TestIndexOnDemand: opening makes neither fences nor filters, nor do a few reads. More of them
// start the work, which no read waits for; then searches are saved.
func TestIndexOnDemand(t *testing.T) {
	for name, o := range map[string]engine.Options{
		"default":    {},
		"read-only":  {ReadOnly: true},
		"background": {Background: engine.BackgroundBoth},
		"compressed": {Compression: "lz4"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.FS = memfs.New()
				threeSegments(t, engine.Options{FS: o.FS, Compression: o.Compression})
				o.NoAutoWork = true
				db := mustOpen(t, "/x.lsm", o)
				defer db.Close()
				wait := func() engine.Stats {
					synctest.Wait()
					time.Sleep(time.Minute)
					synctest.Wait()
					return db.Stats()
				}
				for i := range 31 {
					miss(t, db, i)
				}
				if s := wait(); s.FenceBytes+s.FilterBytes != 0 {
					t.Fatalf("after a few reads there are fences of %d bytes, filters of %d", s.FenceBytes, s.FilterBytes)
				}
				for i := range 5 {
					miss(t, db, i)
				}
				s := wait()
				if s.FenceBytes == 0 || s.FilterBytes != 0 {
					t.Fatalf("after more there are fences of %d bytes, filters of %d", s.FenceBytes, s.FilterBytes)
				}
				for i := range int(s.SegmentPages/16) + 200 {
					miss(t, db, i)
				}
				s = wait()
				if perKey := float64(s.FilterBytes) / 30_000; perKey < 1.5 || perKey > 2 {
					t.Fatalf("after many reads the filters have %.2f bytes for each key", perKey)
				}
				if s.Pins != 0 {
					t.Errorf("%d pins are left", s.Pins)
				}
				const more = 1000
				for i := range more {
					miss(t, db, i)
				}
				after := db.Stats()
				if saved := after.FilterSkips - s.FilterSkips; saved < 3*more*95/100 || saved > 3*more {
					t.Errorf("%d of %d searches were saved", saved, 3*more)
				}
				if n := after.FilterMisses - s.FilterMisses; n != 3*more-(after.FilterSkips-s.FilterSkips) {
					t.Errorf("%d searches were not saved, %d were", n, after.FilterSkips-s.FilterSkips)
				}
				if n := after.CacheLookups - s.CacheLookups; n > 3*more*5/100 && !invariant.Expensive { // which confirm each by a search
					t.Errorf("%d pages were looked up for %d missing keys", n, more)
				}
			})
		})
	}
}

// TestIndexOfHalfDoneMerge: a merge that was published in part and left, as by a process that ended,
// is searched like any segments, and so is what is published of it afterwards.
func TestIndexOfHalfDoneMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		o := engine.Options{FS: memfs.New(), NoAutoWork: true, BlockSize: 64 << 10, AutoCheckpoint: 16 << 10}
		threeSegments(t, o)
		db := mustOpen(t, "/x.lsm", o)
		defer func() { db.Close() }()
		merging := func() bool { return len(db.Structure()[0].Segments) > 1 }
		work := func(pages int) {
			t.Helper()
			if p, err := db.Work(ctx, engine.WorkOptions{Merge: 3, Pages: pages}); p.PagesWritten == 0 || err != nil {
				t.Fatal(p, err)
			}
		}
		for !merging() {
			work(50)
		}
		work(300) // so that the split key lies among the keys of one segment, and others are merged
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = mustOpen(t, "/x.lsm", o)
		saved := func(what string, least int64) {
			t.Helper()
			before := db.Stats()
			for i := range 1000 {
				miss(t, db, i)
			}
			after := db.Stats()
			if n := after.CacheLookups - before.CacheLookups; n > 1000*5/100 && !invariant.Expensive {
				t.Errorf("%s: %d pages were looked up for 1,000 missing keys", what, n)
			}
			if n := after.FilterSkips - before.FilterSkips; n < least {
				t.Errorf("%s: %d searches were saved, want at least %d", what, n, least)
			}
		}
		for range 3 { // fences, filters of small segments, filters of large ones
			for i := range 600 {
				miss(t, db, i)
			}
			synctest.Wait()
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		saved("opened again", 950)
		found := func() {
			t.Helper()
			for i := range 30_000 {
				if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d", i)); !found || err != nil {
					t.Fatal(i, found, err)
				}
			}
		}
		found()
		parts := 0
		for merging() {
			at := db.Structure()[0].Segments[0].Last
			if work(50); merging() && db.Structure()[0].Segments[0].Last != at {
				parts++
				saved("more is merged", 950)
				found()
			}
		}
		if parts < 3 {
			t.Errorf("the merge went on in %d parts", parts)
		}
		found()
	})
}

// TestIndexOff: without a budget there are no fences and filters, however much is read.
func TestIndexOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := engine.Options{FS: memfs.New(), IndexSize: -1}
		threeSegments(t, o)
		db := mustOpen(t, "/x.lsm", o)
		defer db.Close()
		putN(t, db, 40_000, 10_000, 60)
		if err := db.Optimize(context.Background()); err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			miss(t, db, i)
		}
		time.Sleep(time.Minute)
		if s := db.Stats(); s.FenceBytes+s.FilterBytes+s.FilterSkips != 0 {
			t.Errorf("%d bytes, %d searches saved", s.FenceBytes+s.FilterBytes, s.FilterSkips)
		}
	})
}

// TestIndexOfWritten: a flush and a merge make fences and filters of what they write, and those
// of what they replace go, also where a snapshot still shows it, which is read as before.
func TestIndexOfWritten(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true})
	defer db.Close()
	for i := range 3 {
		putN(t, db, 10_000*i, 10_000, 60)
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	before := db.Stats()
	if perKey := float64(before.FilterBytes) / 30_000; before.FenceBytes == 0 || perKey < 1.5 || perKey > 2 {
		t.Errorf("fences of %d bytes, filters of %d", before.FenceBytes, before.FilterBytes)
	}
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := s.Indexed(); n != 3 {
		t.Errorf("%d of 3 segments are indexed", n)
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if n := s.Indexed(); n != 0 {
		t.Errorf("%d segments that are merged are still indexed", n)
	}
	after := db.Stats()
	if after.Segments != 1 || after.FilterBytes < before.FilterBytes*8/10 || after.FilterBytes > before.FilterBytes*2 {
		t.Errorf("after the merge: %d segments, filters of %d bytes, before it %d", after.Segments, after.FilterBytes, before.FilterBytes)
	}
	for i := range 30_000 {
		if _, found, err := s.Get(nil, fmt.Appendf(nil, "%08d", i)); !found || err != nil {
			t.Fatal(i, found, err)
		}
	}
}

// TestIndexBudget: fences and filters stay within the budget, whatever is written and read. What
// there is no room for is that of the largest segments.
func TestIndexBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		const budget = 40 << 10
		o := engine.Options{FS: memfs.New(), NoAutoWork: true, IndexSize: budget}
		db := mustOpen(t, "/x.lsm", o)
		check := func(what string) engine.Stats {
			t.Helper()
			s := db.Stats()
			if n := s.FenceBytes + s.FilterBytes; n > budget {
				t.Fatalf("%s: %d bytes, more than the budget of %d", what, n, budget)
			}
			return s
		}
		for i, n := range []int{15_000, 40_000, 3000, 8000} {
			putN(t, db, 50_000*i, n, 60)
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprint("flush ", i))
		}
		// The one of 40,000 rows needs 50 KB for its filter.
		small := check("small segments")
		for i := range 3000 {
			if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d.", 150_000+i)); found || err != nil {
				t.Fatal(found, err)
			}
		}
		if s := check("reading"); s.FilterSkips-small.FilterSkips < 3000*2*97/100 {
			t.Errorf("filters of the small segments have saved %d searches of %d", s.FilterSkips-small.FilterSkips, 3*3000)
		}
		time.Sleep(time.Minute)
		check("waiting")
		if err := db.Optimize(ctx); err != nil {
			t.Fatal(err)
		}
		if s := check("one segment"); s.FilterBytes != 0 || s.FenceBytes == 0 {
			t.Errorf("a segment whose filter does not fit has one of %d bytes, and fences of %d", s.FilterBytes, s.FenceBytes)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = mustOpen(t, "/x.lsm", o)
		defer db.Close()
		for range 3 {
			for i := range 1000 {
				miss(t, db, i)
			}
			time.Sleep(time.Minute)
			check("opened again")
		}
	})
}

// TestIndexEndsWithClose: closing does not wait for the work to be done, and leaves no goroutine.
func TestIndexEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := engine.Options{FS: memfs.New()}
		threeSegments(t, o)
		for n := 30; n < 500; n += 40 {
			db := mustOpen(t, "/x.lsm", o)
			for i := range n {
				miss(t, db, i)
			}
			start := time.Now()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d > 0 { // time stands still unless everything waits
				t.Fatalf("closing has waited for %v", d)
			}
		}
	})
}

// TestIndexModel compares lookups and seeks with a model after random writes, range deletes,
// flushes, merges, and after opening again, with whatever fences and filters there are.
func TestIndexModel(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 9))
		o := engine.Options{FS: memfs.New(), PageSize: 256 << rng.IntN(4), BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: 4 << 10,
			IndexSize: []int{1 << 20, 1 << 20, 3000, 500}[rng.IntN(4)]}
		db := mustOpen(t, "/x.lsm", o)
		model := make(map[string]string)
		const keys = 600
		key := func(i int) string { return fmt.Sprintf("k%04d", i) }
		for round := range 60 {
			switch rng.IntN(11) {
			case 9, 10:
				if _, err := db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 1 + rng.IntN(40)}); err != nil {
					t.Fatal(err)
				}
			case 0, 1:
				if err := db.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			case 2:
				if err := db.Update(ctx, func(tx *engine.Tx) error {
					from := rng.IntN(keys)
					to := from + rng.IntN(80)
					for i := from + 1; i < to; i++ {
						delete(model, key(i))
					}
					return tx.DeleteRange([]byte(key(from)), []byte(key(to)))
				}); err != nil {
					t.Fatal(err)
				}
			case 3:
				if err := db.Optimize(ctx); err != nil {
					t.Fatal(err)
				}
			case 4:
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if db = mustOpen(t, "/x.lsm", o); rng.IntN(2) == 0 {
					engine.BuildIndexes(t, db)
				}
			default:
				if err := db.Update(ctx, func(tx *engine.Tx) error {
					for range 60 {
						k := key(rng.IntN(keys))
						if rng.IntN(4) == 0 {
							delete(model, k)
							if err := tx.Delete([]byte(k)); err != nil {
								return err
							}
							continue
						}
						model[k] = fmt.Sprint(seed, round, rng.IntN(1000))
						if err := tx.Put([]byte(k), []byte(model[k])); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			compareWithModel(t, db, model, fmt.Sprintf("seed %d, round %d", seed, round), func() string {
				if k := key(rng.IntN(keys)); rng.IntN(2) == 0 {
					return k
				} else {
					return k + "."
				}
			})
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func compareWithModel(t *testing.T, db *engine.DB, model map[string]string, what string, random func() string) {
	t.Helper()
	c, err := db.Cursor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sorted := slices.Sorted(maps.Keys(model))
	for range 150 {
		k := random()
		v, found, err := db.Get(nil, []byte(k))
		if want, there := model[k]; err != nil || found != there || string(v) != want {
			t.Fatalf("%s: %q is %q, %v, %v; want %q, %v", what, k, v, found, err, want, there)
		}
		if eq := c.Seek([]byte(k), engine.SeekEQ); eq != found || c.Err() != nil {
			t.Fatalf("%s: seek EQ %q: %v, %v", what, k, eq, c.Err())
		}
		i, _ := slices.BinarySearch(sorted, k)
		if ge := c.Seek([]byte(k), engine.SeekGE); ge != (i < len(sorted)) || ge && string(c.Key()) != sorted[i] {
			t.Fatalf("%s: seek GE %q: %v", what, k, ge)
		}
	}
}

// TestIndexUnderReaders: readers find everything while fences and filters come and go.
func TestIndexUnderReaders(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	for _, size := range []int{0, 6000} {
		o := engine.Options{FS: fs, Background: engine.BackgroundBoth, AutoFlush: 32 << 10, AutoCheckpoint: 64 << 10, BlockSize: 64 << 10, IndexSize: size}
		for range 2 { // the second time with segments that were there
			db := mustOpen(t, "/x.lsm", o)
			putN(t, db, 0, 500, 100)
			var stop atomic.Bool
			var readers sync.WaitGroup
			for r := range 3 {
				readers.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(r), 1))
					for !stop.Load() {
						i := rng.IntN(500)
						if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d", i)); !found || err != nil {
							t.Error(i, found, err)
							return
						}
						if _, found, err := db.Get(nil, fmt.Appendf(nil, "%08d.", i)); found || err != nil {
							t.Error(i, found, err)
							return
						}
						db.Stats()
					}
				})
			}
			for i := range 60 {
				putN(t, db, i*17%500, 100, 100)
				if i%10 == 9 {
					if err := db.Optimize(ctx); err != nil {
						t.Error(err)
					}
				}
			}
			stop.Store(true)
			readers.Wait()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
