// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

// TestMain lets this test be the process that workloads kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == child.Flag {
		os.Exit(work.Serve(os.Args[2], stores.Find))
	}
	os.Exit(m.Run())
}

// task is a small task, with a built database if the workload needs one.
func task(t *testing.T, w work.Workload, d kv.Driver, class kv.Class) work.Task {
	t.Helper()
	all := work.Task{
		Workload: w.ID(), Store: d.Name, Class: class, Dir: filepath.Join(t.TempDir(), "database"), Rows: 3000, ValueBytes: 100,
		CacheBytes: 8 << 20, BufferBytes: 8 << 20, Limit: 50 * time.Millisecond, Seed: 1,
	}
	if w.Large {
		all.Rows, all.ValueBytes = work.LargeRows(all.Rows), work.LargeValue
	}
	if err := os.Mkdir(all.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if w.Base != work.Empty {
		if _, err := work.Build(all, d); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestWorkloads runs each workload on lsmlite and another store. Each verifies itself what it has
// written and read.
func TestWorkloads(t *testing.T) {
	for _, w := range work.All() {
		for _, name := range []string{"lsmlite", "bbolt"} {
			for _, class := range w.Classes {
				t.Run(w.ID()+"/"+name+"/"+string(class), func(t *testing.T) {
					t.Parallel()
					d, err := stores.Find(name)
					if err != nil {
						t.Fatal(err)
					}
					rep, err := work.Run(task(t, w, d, class), d)
					if err != nil {
						t.Fatal(err)
					}
					plausible(t, w, rep)
				})
			}
		}
	}
}

func plausible(t *testing.T, w work.Workload, rep report.Repetition) {
	t.Helper()
	if rep.Ops < 1 || rep.WallSeconds <= 0 || rep.CPUSeconds <= 0 || rep.DiskBytes == nil || *rep.DiskBytes == 0 {
		t.Errorf("%+v", rep)
	}
	writes := w.Base != work.ReadOnly && w.Name != "rangedelete" && w.Name != "lost"
	if writes != (rep.LogicalBytes != nil) {
		t.Errorf("%s: bytes written by the workload: %v", w.Name, rep.LogicalBytes)
	}
	for name, v := range rep.Extra {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
	wanted := map[string][]string{
		"readwhilewriting": {"reads_per_second", "writes_per_second"},
		"readcold":         {"left_cached_percent"},
		"rangedelete":      {"warm_hundredth_us"},
		"queue":            {"first_head_read_us", "head_read_us", "reopened_first_head_read_us", "reopened_head_read_us"},
		"space":            {"space_at_end_ratio", "space_open_ratio", "space_closed_ratio"},
		"reopen":           {"first_get_us", "close_us"},
	}
	if w.Batch >= 100 && (w.Name == "fillseq" || w.Name == "fillrandom" || w.Name == "overwrite") {
		wanted[w.Name] = []string{"slowest_commit_ms"}
	}
	for _, name := range wanted[w.Name] {
		if _, ok := rep.Extra[name]; !ok {
			t.Errorf("%s does not say %s", w.Name, name)
		}
	}
	switch w.Name {
	case "latency":
		if l := rep.Latency; l == nil || l.Count != rep.Ops || l.P50 <= 0 || l.Max < l.P50 {
			t.Errorf("latency %+v of %d commits", rep.Latency, rep.Ops)
		}
	case "lost", "reopenkilled":
		if rep.CommitsChecked == nil || *rep.CommitsChecked == 0 || *rep.CommitsLost != 0 {
			t.Errorf("%v commits lost of %v; these stores lose none", rep.CommitsLost, rep.CommitsChecked)
		}
	}
}

// faulty is a store that does something wrong.
type faulty struct {
	kv.Store
	fault string
}

func (f faulty) Write(ops []kv.Op) error {
	switch f.fault {
	case "loses rows":
		if len(ops) > 1 {
			ops = ops[1:]
		}
	case "writes other values":
		ops = slices.Clone(ops)
		ops[0].Value = slices.Clone(ops[0].Value)
		ops[0].Value[len(ops[0].Value)-1] ^= 1
	case "writes nothing":
		return nil
	case "fails":
		return errors.New("disk full")
	}
	return f.Store.Write(ops)
}

func (f faulty) DeleteRange(from, to []byte) error {
	if f.fault == "deletes nothing" {
		return nil
	}
	return f.Store.DeleteRange(from, to)
}

func (f faulty) Reader() (kv.Reader, error) {
	r, err := f.Store.Reader()
	return faultyReader{r, f.fault}, err
}

type faultyReader struct {
	kv.Reader
	fault string
}

func (f faultyReader) Get(dst, key []byte) ([]byte, bool, error) {
	value, found, err := f.Reader.Get(dst, key)
	switch {
	case f.fault == "finds nothing":
		return dst, false, nil
	case f.fault == "finds everything":
		return value, true, err
	case f.fault == "reads other values" && found:
		value[len(value)-1] ^= 1
	}
	return value, found, err
}

func (f faultyReader) Scan(r kv.Range, visit func(key, value []byte) error) error {
	if f.fault == "scans too little" && r.Limit != 1 {
		r.Limit = max(r.Limit-1, 50)
	}
	return f.Reader.Scan(r, visit)
}

// TestFaults runs workloads on stores that do something wrong, and wants an error.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ workload, fault string }{
		{"fillrandom/100", "loses rows"},
		{"fillrandom/100", "writes other values"},
		{"fillseq/1", "writes nothing"},
		{"fillseq/1", "fails"},
		{"fillseq/1000", "scans too little"},
		{"overwrite/100", "writes nothing"},
		{"overwrite/100", "loses rows"},
		{"readrandom", "finds nothing"},
		{"readrandom", "reads other values"},
		{"readcold", "finds nothing"},
		{"readmissing", "finds everything"},
		{"readseq", "scans too little"},
		{"readreverse", "scans too little"},
		{"scan/100", "scans too little"},
		{"readwhilewriting/4", "writes nothing"},
		{"readers/2", "reads other values"},
		{"ycsb-a", "writes nothing"},
		{"ycsb-a", "finds nothing"},
		{"ycsb-d", "writes nothing"},
		{"ycsb-e", "scans too little"},
		{"ycsb-f", "writes other values"},
		{"queue/1", "writes nothing"},
		{"queue/100", "loses rows"},
		{"rangedelete", "deletes nothing"},
		{"writers/8", "writes nothing"},
		{"latency", "writes other values"},
		{"space", "loses rows"},
		{"largeread", "finds nothing"},
		{"largefill", "writes other values"},
		{"reopen", "finds nothing"},
	} {
		t.Run(c.workload+"/"+strings.ReplaceAll(c.fault, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w, err := work.Find(c.workload)
			if err != nil || len(w) != 1 {
				t.Fatalf("%d workloads, %v", len(w), err)
			}
			d, err := stores.Find("bbolt")
			if err != nil {
				t.Fatal(err)
			}
			task := task(t, w[0], d, w[0].Classes[0])
			open := d.Open
			d.Open = func(c2 kv.Config) (kv.Store, error) {
				s, err := open(c2)
				return faulty{s, c.fault}, err
			}
			rep, err := work.Run(task, d)
			if err == nil {
				t.Errorf("not noticed: %+v", rep)
			}
		})
	}
}

// TestLimit makes sure that the limit of a task ends it, and that a task without one does everything.
func TestLimit(t *testing.T) {
	d, err := stores.Find("lsmlite")
	if err != nil {
		t.Fatal(err)
	}
	found, err := work.Find("fillseq/1")
	if err != nil {
		t.Fatal(err)
	}
	long := task(t, found[0], d, kv.Normal)
	long.Rows, long.Limit = 1<<40, 200*time.Millisecond
	rep, err := work.Run(long, d)
	if err != nil || rep.WallSeconds < 0.2 || rep.WallSeconds > 20 {
		t.Errorf("%+v, %v after a limit of 0.2 s", rep, err)
	}
	if rep.Extra["unsettled_runs"] != 0 {
		t.Errorf("%+v without a rest", rep)
	}
	whole := task(t, found[0], d, kv.Normal)
	whole.Limit = 0
	if rep, err = work.Run(whole, d); err != nil || rep.Ops != int64(whole.Rows) {
		t.Errorf("%d operations, %v; want %d", rep.Ops, err, whole.Rows)
	}
}

// TestBuildReportsWorkLeft: a database whose store was still at work when it was closed is built, and
// that is known of it.
func TestBuildReportsWorkLeft(t *testing.T) {
	d, err := stores.Find("lsmlite")
	if err != nil {
		t.Fatal(err)
	}
	found, err := work.Find("readseq")
	if err != nil {
		t.Fatal(err)
	}
	for _, busy := range []bool{false, true} {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // as a store's goroutine does
			defer close(stopped)
			for busy {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		all := task(t, found[0], d, kv.Normal)
		if all.Rest = 20 * time.Second; busy {
			all.Rest = 300 * time.Millisecond
		}
		built, err := work.Build(all, d)
		close(stop)
		<-stopped
		if err != nil || built.Unsettled != busy {
			t.Errorf("busy %v: %+v, %v", busy, built, err)
		}
	}
}

func TestFind(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range work.All() {
		if seen[w.ID()] || w.Unit == "" || w.About == "" || len(w.Classes) == 0 {
			t.Errorf("workload %+v", w)
		}
		seen[w.ID()] = true
		if found, err := work.Find(w.ID()); err != nil || len(found) != 1 || found[0].ID() != w.ID() {
			t.Errorf("find %s: %d, %v", w.ID(), len(found), err)
		}
	}
	if found, err := work.Find("fillseq"); err != nil || len(found) != 3 {
		t.Errorf("fillseq has %d workloads, %v", len(found), err)
	}
	if _, err := work.Find("none"); err == nil {
		t.Error("a workload named none was found")
	}
}
