// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/prom"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestMetricsThatAreNotKnown: what only the process knows that writes a database is no metric of another one.
func TestMetricsThatAreNotKnown(t *testing.T) {
	mem := memfs.New()
	db := open(t, "/x.lsm", engine.Options{FS: mem, Readers: true})
	must(t, put(db, 0, 100, 92))
	c, registry := register(t, prom.Options{})
	reader := open(t, "/x.lsm", engine.Options{FS: faultfs.Wrap(mem), ReadOnly: true, Observer: c.Observer()})
	got := scrape(t, registry)
	must(t, reader.Close())
	if m, found := got["lsmlite_uncheckpointed_bytes{/x.lsm}"]; found {
		t.Errorf("bytes since the last checkpoint: %v", m)
	}
	if _, found := got["lsmlite_log_file_bytes{/x.lsm}"]; !found {
		t.Errorf("nothing of the log in %v", got)
	}
}

// TestMetricsOfKnownWork does known things and wants to find them in the metrics.
func TestMetricsOfKnownWork(t *testing.T) {
	ctx := context.Background()
	c, registry := register(t, prom.Options{})
	mem := memfs.New()
	db := open(t, "/x.lsm", engine.Options{FS: mem, NoAutoWork: true, AutoCheckpoint: -1, IndexSize: -1,
		Safety: engine.SafetyFull, Observer: c.Observer()})
	for i := range 5 {
		must(t, put(db, i*100, 100, 92))
	}
	must(t, db.Flush(ctx))
	must(t, put(db, 0, 100, 92))
	must(t, db.Flush(ctx))
	_, err := db.Work(ctx, engine.WorkOptions{Merge: 2})
	must(t, err)
	_, err = db.Checkpoint(ctx)
	must(t, err)
	for range 3 {
		if _, found, err := db.Get(nil, []byte("00000042")); !found || err != nil {
			t.Fatal(found, err)
		}
	}
	snap, err := db.Snapshot(ctx)
	must(t, err)
	defer snap.Close()

	got := scrape(t, registry)
	s := db.Stats()
	file, err := mem.Stat("/x.lsm")
	must(t, err)
	pages := float64(s.PagesWritten)
	for name, want := range map[string]sample{
		"write_times_s":                        {count: 6},
		"lsmlite_turn_wait_seconds":            {count: 6},
		"work_times_s":                         {count: 3},
		"work_kbs":                             {count: 3, value: pages * 4},
		"checkpoint_times_s":                   {count: 1},
		"checkpoint_kbs":                       {count: 1, value: pages * 4},
		"lsmlite_commits_total":                {value: 6},
		"lsmlite_committed_records_total":      {value: 600},
		"lsmlite_committed_bytes_total":        {value: 600 * 100},
		"lsmlite_log_written_bytes_total":      {value: float64(s.LogBytesWritten)},
		"lsmlite_log_syncs_total":              {value: 6},
		"lsmlite_file_syncs_total":             {value: float64(s.Syncs)},
		"lsmlite_flushes_total":                {value: 2},
		"lsmlite_merges_total":                 {value: 1},
		"lsmlite_checkpoints_total":            {value: 1},
		"lsmlite_stalls_total,flush":           {},
		"lsmlite_stalled_writers":              {},
		"lsmlite_errors_total,commit":          {},
		"lsmlite_poisoned":                     {},
		"lsmlite_moved":                        {},
		"lsmlite_pages_written_total,flush":    {value: float64(s.PagesWrittenFlush)},
		"lsmlite_pages_written_total,merge":    {value: pages - float64(s.PagesWrittenFlush)},
		"lsmlite_written_bytes_total,meta":     {value: float64(s.BytesWrittenMeta)},
		"lsmlite_pages_read_total,miss":        {value: float64(s.PagesReadMiss)},
		"lsmlite_read_bytes_total":             {value: float64(s.BytesRead)},
		"lsmlite_write_amplification":          {value: float64(s.BytesWritten+s.LogBytesWritten) / 60000},
		"lsmlite_cache_misses_total":           {value: float64(s.CacheMisses)},
		"lsmlite_cache_hits_total":             {value: 4}, // an inner page and a leaf, twice from the cache
		"lsmlite_cache_bytes":                  {value: float64(s.CacheBytes)},
		"lsmlite_tree_bytes,live":              {},
		"lsmlite_levels":                       {value: 1},
		"lsmlite_segments":                     {value: 1},
		"lsmlite_segment_pages":                {value: float64(s.SegmentPages)},
		"lsmlite_checked_pages":                {value: float64(s.CheckedPages)},
		"lsmlite_file_bytes":                   {value: float64(file.Size())},
		"lsmlite_uncheckpointed_bytes":         {},
		"lsmlite_log_bytes":                    {value: float64(s.LogBytes)},
		"lsmlite_log_file_bytes":               {value: float64(s.LogFileBytes)},
		"lsmlite_pins":                         {value: 1},
		"lsmlite_oldest_pin_seconds":           {},
		"lsmlite_stall_seconds_total,merge":    {},
		"lsmlite_pinned_blocks":                {},
		"lsmlite_recovered_commits":            {},
		"lsmlite_errors_total,bad_page":        {},
		"lsmlite_written_bytes_total,flush":    {value: float64(s.PagesWrittenFlush) * 4096},
		"lsmlite_free_blocks":                  {value: float64(s.FreeBlocks)},
		"lsmlite_pages_written_total,freelist": {},
	} {
		base, second := name, ""
		for i := range name {
			if name[i] == ',' {
				base, second = name[:i], name[i:]
			}
		}
		m, ok := got[base+"{/x.lsm"+second+"}"]
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		if m.count != want.count {
			t.Errorf("%s has %d observations, want %d", name, m.count, want.count)
		}
		if m.kind == "HISTOGRAM" && want.value == 0 { // a time
			coarse := runtime.GOOS == "windows" && m.value == 0 // its clock may stand still for so short a time
			if m.value <= 0 && !coarse || m.value > 600 {
				t.Errorf("%s has the sum %v", name, m.value)
			}
			continue
		}
		if m.value != want.value {
			t.Errorf("%s is %v, want %v", name, m.value, want.value)
		}
	}
	must(t, snap.Close())
	must(t, db.Close())
}

// TestSeveralDatabases: one collector serves all; what is closed is gone.
func TestSeveralDatabases(t *testing.T) {
	c, registry := register(t, prom.Options{
		Name:            func(path string) string { return path[1:2] },
		HistogramPrefix: "lsmlite_",
	})
	commits := func(name string) (float64, bool) {
		t.Helper()
		m := scrape(t, registry)
		s, ok := m["lsmlite_commits_total{"+name+"}"]
		if h, hist := m["lsmlite_write_times_s{"+name+"}"]; hist != ok || float64(h.count) != s.value {
			t.Errorf("%s: %v commits, %d write times", name, s.value, h.count)
		}
		return s.value, ok
	}
	want := func(name string, n float64) {
		t.Helper()
		if v, ok := commits(name); !ok || v != n {
			t.Errorf("%s: %v commits (there: %v), want %v", name, v, ok, n)
		}
	}
	gone := func(name string) {
		t.Helper()
		if _, ok := commits(name); ok {
			t.Errorf("%s is still there", name)
		}
	}
	gone("a")
	o := engine.Options{Observer: c.Observer()}
	a, b := open(t, "/a.lsm", o), open(t, "/b.lsm", o)
	again := open(t, "/a.lsm", o) // on another file system
	must(t, put(a, 0, 1, 1))
	must(t, put(b, 0, 1, 1))
	must(t, put(b, 0, 1, 1))
	want("a", 1)
	want("b", 2)
	want("a#2", 0)
	must(t, put(again, 0, 1, 1))
	want("a#2", 1)
	must(t, a.Close())
	gone("a")
	want("a#2", 1)
	third := open(t, "/a.lsm", o) // takes the name that has become free, and begins anew
	want("a", 0)
	for _, db := range []*engine.DB{b, again, third} {
		must(t, db.Close())
	}
	for name := range scrape(t, registry) {
		if name != "lsmlite_open_errors_total{}" {
			t.Errorf("%s is still there", name)
		}
	}
	if _, err := engine.Open(context.Background(), "/none.lsm", engine.Options{FS: memfs.New(), MustExist: true, Observer: c.Observer()}); err == nil {
		t.Fatal("a file that does not exist was opened")
	}
	if s := scrape(t, registry)["lsmlite_open_errors_total{}"]; s.value != 1 {
		t.Errorf("%v failures to open", s.value)
	}
}

// TestRegisteringTwice tells what Prometheus users expect to be told.
func TestRegisteringTwice(t *testing.T) {
	c, registry := register(t, prom.Options{})
	var already prometheus.AlreadyRegisteredError
	if err := registry.Register(c); !errors.As(err, &already) || already.ExistingCollector != c {
		t.Errorf("the same once more: %v", err)
	}
	if err := registry.Register(prom.New(prom.Options{})); !errors.As(err, &already) || already.ExistingCollector != c {
		t.Errorf("another one: %v", err)
	}
	if !registry.Unregister(c) {
		t.Error("it cannot be unregistered")
	}
}

// TestBuckets: the bounds of lsmlite-rs are among the default ones, and can be others.
func TestBuckets(t *testing.T) {
	for name, c := range map[string]struct{ have, want []float64 }{
		"times":      {prom.DefaultTimeBuckets(), []float64{0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.075, 0.1, 0.5, 1, 5, 10}},
		"work":       {prom.DefaultWorkBuckets(), []float64{1024, 2048, 4096, 8192, 16384, 24576, 32768, 49152, 65536}},
		"checkpoint": {prom.DefaultCheckpointBuckets(), []float64{2048, 4096, 5120, 6144, 7168, 8192, 12288, 16384, 20480}},
	} {
		have := make(map[float64]bool)
		for i, b := range c.have {
			have[b] = true
			if i > 0 && b <= c.have[i-1] {
				t.Errorf("%s: %v", name, c.have)
			}
		}
		for _, b := range c.want {
			if !have[b] {
				t.Errorf("%s lack %v", name, b)
			}
		}
	}
	c, registry := register(t, prom.Options{TimeBuckets: []float64{1}, WorkBuckets: []float64{2, 3}, CheckpointBuckets: []float64{4, 5, 6}})
	db := open(t, "/x.lsm", engine.Options{Observer: c.Observer()})
	defer db.Close()
	families, err := registry.Gather()
	must(t, err)
	want := map[string]int{"write_times_s": 1, "work_times_s": 1, "checkpoint_times_s": 1, "work_kbs": 2, "checkpoint_kbs": 3, "lsmlite_turn_wait_seconds": 1}
	for _, f := range families {
		if h := f.GetMetric()[0].GetHistogram(); h != nil {
			if n := len(h.GetBucket()); n != want[f.GetName()] {
				t.Errorf("%s has %d buckets", f.GetName(), n)
			}
			delete(want, f.GetName())
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// TestErrorsAreCounted fails a commit, a flush and a checkpoint.
func TestErrorsAreCounted(t *testing.T) {
	ctx := context.Background()
	c, registry := register(t, prom.Options{})
	fs := faultfs.Wrap(memfs.New())
	db := open(t, "/x.lsm", engine.Options{FS: fs, NoAutoWork: true, Observer: c.Observer()})
	must(t, put(db, 0, 10, 10))
	expect := func(op string, n float64) {
		t.Helper()
		if s := scrape(t, registry)["lsmlite_errors_total{/x.lsm,"+op+"}"]; s.value != n {
			t.Errorf("%s: %v errors, want %v", op, s.value, n)
		}
	}
	fail := func(kind faultfs.Kind, suffix string, f func() error) {
		t.Helper()
		fs.Add(faultfs.Rule{On: kind, Suffix: suffix, Err: syscall.EIO})
		if err := f(); !errors.Is(err, syscall.EIO) {
			t.Errorf("got %v", err)
		}
		fs.Clear()
	}
	fail(faultfs.Write, "-log", func() error { return put(db, 0, 1, 1) })
	expect("commit", 1)
	fail(faultfs.Write, ".lsm", func() error { return db.Flush(ctx) })
	expect("work", 1)
	expect("write", 1)
	must(t, db.Flush(ctx))
	fail(faultfs.Sync, ".lsm", func() error { _, err := db.Checkpoint(ctx); return err })
	expect("checkpoint", 1)
	m := scrape(t, registry)
	if m["lsmlite_poisoned{/x.lsm}"].value != 1 || m["write_times_s{/x.lsm}"].count != 1 || m["work_kbs{/x.lsm}"].count != 1 || m["checkpoint_kbs{/x.lsm}"].count != 0 {
		t.Errorf("what failed is counted as done: %v", m)
	}
	if err := db.Close(); err == nil {
		t.Error("a poisoned database was closed as if nothing had happened")
	}
	if _, ok := scrape(t, registry)["lsmlite_poisoned{/x.lsm}"]; ok {
		t.Error("it is still there")
	}
}

// TestScrapingBesideEverything scrapes while databases are opened, written, read and
// closed. It is for the race detector.
func TestScrapingBesideEverything(t *testing.T) {
	c, registry := register(t, prom.Options{})
	stop := make(chan struct{})
	var scraper, users sync.WaitGroup
	scraper.Go(func() {
		for {
			scrape(t, registry)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i := range 3 {
		users.Go(func() {
			for range 5 {
				db, err := engine.Open(context.Background(), fmt.Sprintf("/%d.lsm", i%2), engine.Options{
					FS: memfs.New(), AutoFlush: 8 << 10, AutoCheckpoint: 16 << 10, Background: engine.BackgroundBoth, Observer: c.Observer()})
				if err != nil {
					t.Error(err)
					return
				}
				for n := range 30 {
					if err := put(db, n*7, 10, 100); err != nil {
						t.Error(err)
					}
					if _, _, err := db.Get(nil, []byte("00000042")); err != nil {
						t.Error(err)
					}
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	close(stop)
	scraper.Wait()
	if n := len(scrape(t, registry)); n != 1 {
		t.Errorf("%d series are left", n)
	}
}

// TestCommitsStayCheap: a commit allocates no more with a collector than without.
func TestCommitsStayCheap(t *testing.T) {
	ctx := context.Background()
	measure := func(o *engine.Observer) float64 {
		db := open(t, "/x.lsm", engine.Options{NoAutoWork: true, Observer: o})
		defer db.Close()
		key, value := []byte("key"), []byte("value")
		return testing.AllocsPerRun(200, func() {
			tx, err := db.Begin(ctx)
			must(t, err)
			must(t, tx.Put(key, value))
			must(t, tx.Commit(ctx))
		})
	}
	c, _ := register(t, prom.Options{})
	if without, with := measure(nil), measure(c.Observer()); with != without {
		t.Errorf("%v allocations without a collector, %v with one", without, with)
	}
}
