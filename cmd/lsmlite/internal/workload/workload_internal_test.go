// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// small returns flags for a run that takes a moment.
func small(t *testing.T) Run {
	t.Helper()
	return Run{
		Dir: t.TempDir(), Workloads: []string{"all"}, Rows: 3000, KeySize: 24, ValueSize: 100, Batch: 1, Threads: 3, Rounds: 1,
		Duration: 20 * time.Millisecond, Safety: "normal", Preset: "default", Seed: 1,
	}
}

// start measures, and returns what was measured.
func start(t *testing.T, ctx context.Context, b Run) (*results.Run, error) {
	t.Helper()
	p, err := b.plan()
	if err != nil {
		t.Fatal(err)
	}
	return measure(ctx, &env.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}, p)
}

// TestAll runs all workloads, in two rounds, with several threads, and wants numbers that can be right,
// and no file left over.
func TestAll(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Run)
	}{
		{"a limit of time", func(*Run) {}},
		{"to the end", func(b *Run) { b.Duration, b.Rows = 0, 1000 }},
		{"batches, synced", func(b *Run) { b.Batch, b.Safety = 70, "full" }},
		{"another preset, settings", func(b *Run) { b.Preset, b.Set = "low-memory", []string{"compression=lz4", "safety=off"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := small(t)
			b.Rounds = 2
			c.change(&b)
			run, err := start(t, t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Validate(); err != nil {
				t.Error(err)
			}
			if len(run.Workloads) != len(workloads) {
				t.Errorf("%d workloads of %d", len(run.Workloads), len(workloads))
			}
			for _, w := range run.Workloads {
				if len(w.Rounds) != b.Rounds {
					t.Errorf("%s has %d rounds", w.Name, len(w.Rounds))
				}
				for _, r := range w.Rounds {
					plausible(t, b, w.Name, r)
				}
			}
			if left, err := os.ReadDir(b.Dir); err != nil || len(left) > 0 {
				t.Errorf("%v, %v are left over", left, err)
			}
		})
	}
}

func plausible(t *testing.T, b Run, name string, r results.Round) {
	t.Helper()
	row := uint64(b.KeySize + b.ValueSize)
	if r.Operations == 0 || r.Errors != 0 || r.FirstError != "" {
		t.Errorf("%s: %+v", name, r)
	}
	reads := slices.Contains([]string{"readrandom", "readmissing", "readseq", "scan", "ycsb-c"}, name)
	if reads && (r.LogicalBytes != 0 || r.WrittenBytes != 0) {
		t.Errorf("%s: it reads only, and %d bytes are written", name, r.WrittenBytes)
	}
	// Of few operations of a mix none may be a write.
	if writes := !reads && r.Operations >= 500; writes && (r.LogicalBytes == 0 || r.WriteAmplification == nil || *r.WriteAmplification < 0.1) {
		t.Errorf("%s: %d bytes, amplification %v", name, r.LogicalBytes, r.WriteAmplification)
	}
	if (r.Latency == nil) != (name == "readseq") || r.Latency != nil && (r.Latency.Max < r.Latency.P50 || r.Latency.Max == 0) {
		t.Errorf("%s: latency %+v", name, r.Latency)
	}
	if r.FileBytes == 0 || r.SpaceAmplification == nil || *r.SpaceAmplification < 0.3 || *r.SpaceAmplification > 20 {
		t.Errorf("%s: files of %d bytes, %v", name, r.FileBytes, r.SpaceAmplification)
	}
	switch name {
	case "fillseq", "fillrandom", "overwrite":
		if r.LogicalBytes != r.Operations*row || r.ReadBytes != 0 || b.Duration == 0 && r.Operations != b.Rows {
			t.Errorf("%s: %d operations wrote %d bytes and read %d", name, r.Operations, r.LogicalBytes, r.ReadBytes)
		}
	case "readrandom":
		if r.ReadBytes != r.Operations*row {
			t.Errorf("%d gets read %d bytes", r.Operations, r.ReadBytes)
		}
	case "readmissing":
		if r.ReadBytes != 0 {
			t.Errorf("missing keys have %d bytes", r.ReadBytes)
		}
	case "readseq":
		if b.Duration == 0 && r.Operations != uint64(b.Threads)*b.Rows {
			t.Errorf("%d rows were read", r.Operations)
		}
	}
}

// TestSettings: what was in force is in the results, wherever it was set.
func TestSettings(t *testing.T) {
	b := small(t)
	b.Workloads, b.Set, b.Keep = []string{"fillseq"}, []string{"safety=full", "page_size=8192"}, true
	run, err := start(t, t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if s := run.Settings; s.Safety != "full" || s.KeyBytes != 24 || s.Rows != 3000 {
		t.Errorf("%+v", s)
	}
	kept, err := filepath.Glob(filepath.Join(b.Dir, "lsmlite-bench-*", "work", fileName))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	db, err := engine.Open(t.Context(), kept[0], engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n := db.Options().PageSize; n != 8192 {
		t.Errorf("pages have %d bytes", n)
	}
}

// TestInterrupted: an interruption ends what goes on at once, what was measured before is there, and no
// file is.
func TestInterrupted(t *testing.T) {
	for _, w := range workloads[1:] {
		t.Run(w.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b := small(t)
			b.Workloads = []string{"fillseq", w.name}
			p, err := b.plan()
			if err != nil {
				t.Fatal(err)
			}
			run := p.workloads[1].run
			p.workloads[1].run = func(x *round) error {
				if x.limit = time.Hour; w.base == empty {
					x.Rows = MaxRows // so that it does not end by itself
				}
				if w.name == "overwrite" {
					cancel() // it ends by itself
				} else {
					time.AfterFunc(20*time.Millisecond, cancel)
				}
				return run(x)
			}
			got, err := measure(ctx, &env.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}, p)
			if !errors.Is(err, context.Canceled) || env.CodeOf(err) != env.Interrupted || !got.Interrupted {
				t.Fatalf("%v, interrupted %t", err, got.Interrupted)
			}
			if len(got.Workloads) != 1 || len(got.Workloads[0].Rounds) != 1 {
				t.Errorf("%+v was measured; want fillseq once", got.Workloads)
			}
			if left, err := os.ReadDir(b.Dir); err != nil || len(left) > 0 {
				t.Errorf("%v, %v are left over", left, err)
			}
			var out bytes.Buffer
			if err := b.show(&env.Env{Stdout: &out}, got); err != nil || !strings.Contains(out.String(), "interrupted") {
				t.Errorf("%v, and the output is\n%s", err, out.String())
			}
		})
	}
}

// faulty is a store that does something wrong at times.
type faulty struct {
	*store
	fault string
	n     int
}

func (f *faulty) Write(batch []ops.Op) error {
	if f.n++; f.n%10 == 1 {
		switch f.fault {
		case "fails":
			return engine.ErrFull
		case "loses rows":
			return nil
		}
	}
	return f.store.Write(batch)
}

func (f *faulty) Reader() (ops.Reader, error) {
	r, err := f.store.Reader()
	return &faultyReader{Reader: r, fault: f.fault}, err
}

type faultyReader struct {
	ops.Reader
	fault string
	n     int
}

func (f *faultyReader) Get(dst, key []byte) ([]byte, bool, error) {
	value, found, err := f.Reader.Get(dst, key)
	if f.n++; f.fault == "reads other values" && f.n%10 == 0 && found {
		value[len(value)-1] ^= 1
	}
	return value, found && (f.fault != "finds nothing"), err
}

// TestFaults: what a store does wrong is counted, and does not end the measurement before there is too
// much of it.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		workload, fault string
		code            env.Code
	}{
		{"fillrandom", "fails", env.IO},
		{"fillseq", "loses rows", env.Damaged},
		{"overwrite", "fails", env.IO},
		{"overwrite", "loses rows", env.Damaged},
		{"readrandom", "reads other values", env.Damaged},
		{"readrandom", "finds nothing", env.Damaged},
		{"readwhilewriting", "fails", env.IO},
		{"readwhilewriting", "loses rows", env.Damaged},
		{"ycsb-a", "fails", env.IO},
		{"ycsb-a", "loses rows", env.Damaged},
		{"ycsb-f", "reads other values", env.Damaged},
	} {
		t.Run(c.workload+"/"+c.fault, func(t *testing.T) {
			b := small(t)
			if b.Workloads = []string{c.workload}; c.workload != "readwhilewriting" {
				b.Duration = 0
			}
			p, err := b.plan()
			if err != nil {
				t.Fatal(err)
			}
			r := &runner{plan: p, dir: b.Dir, run: &results.Run{}}
			w := p.workloads[0]
			dir, err := r.fresh()
			if err == nil && w.base != empty {
				if err = r.load(t.Context()); err == nil {
					err = copyFolder(t.Context(), dir, r.base)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			run := w.run
			w.run = func(x *round) error {
				x.table.Store = &faulty{store: x.store, fault: c.fault}
				return run(x)
			}
			x := &round{plan: p, ctx: t.Context(), workload: w, seed: 1, limit: b.Duration}
			if err := x.do(dir); err != nil {
				t.Fatal(err)
			}
			if err := x.finish(dir); err != nil {
				t.Fatal(err)
			}
			r.keep(x)
			got := x.result
			if got.Errors == 0 || got.FirstError == "" || got.Errors > (b.Threads+1)*MaxErrors {
				t.Errorf("%d errors: %s", got.Errors, got.FirstError)
			}
			if c.fault == "finds nothing" && got.Operations != 0 {
				t.Errorf("%d operations that failed count", got.Operations)
			}
			if code := codeOf(r.failed); code != c.code {
				t.Errorf("exit code %d for %v, want %d", code, r.failed, c.code)
			}
		})
	}
}

// TestPlan: what cannot be is refused before anything is done.
func TestPlan(t *testing.T) {
	for name, change := range map[string]func(*Run){
		"no rows":            func(b *Run) { b.Rows = 0 },
		"too many rows":      func(b *Run) { b.Rows = MaxRows + 1 },
		"short keys":         func(b *Run) { b.KeySize = 15 },
		"long keys":          func(b *Run) { b.KeySize = MaxKeySize + 1 },
		"short values":       func(b *Run) { b.ValueSize = -1 },
		"long values":        func(b *Run) { b.ValueSize = MaxValueSize + 1 },
		"no batch":           func(b *Run) { b.Batch = 0 },
		"no threads":         func(b *Run) { b.Threads = 0 },
		"too many threads":   func(b *Run) { b.Threads = MaxThreads + 1 },
		"no rounds":          func(b *Run) { b.Rounds = -3 },
		"less than no time":  func(b *Run) { b.Duration = -1 },
		"no workload":        func(b *Run) { b.Workloads = nil },
		"an unknown one":     func(b *Run) { b.Workloads = []string{"fillseq", "fly"} },
		"an unknown preset":  func(b *Run) { b.Preset = "fastest" },
		"an unknown setting": func(b *Run) { b.Set = []string{"colour=red"} },
	} {
		b := small(t)
		change(&b)
		if _, err := b.plan(); env.CodeOf(err) != env.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := small(t)
	b.Workloads = []string{"ycsb", "scan", "fillseq"}
	p, err := b.plan()
	if err != nil || len(p.workloads) != 8 || p.workloads[0].name != "fillseq" {
		t.Errorf("%d workloads, %v", len(p.workloads), err)
	}
}

// TestSpace: a run that the disk has no room for is refused, and one without a folder.
func TestSpace(t *testing.T) {
	b := small(t)
	b.Rows, b.ValueSize = MaxRows, MaxValueSize // a petabyte
	run, err := start(t, t.Context(), b)
	if env.CodeOf(err) != env.IO || !strings.Contains(err.Error(), "choose fewer --rows") || len(run.Workloads) > 0 {
		t.Errorf("a petabyte: %v", err)
	}
	if err := enough("here", 1<<30, 1<<30); err != nil {
		t.Errorf("just enough: %v", err)
	}
	b = small(t)
	b.Dir = filepath.Join(b.Dir, "missing")
	if _, err := start(t, t.Context(), b); env.CodeOf(err) != env.CannotOpen {
		t.Errorf("a folder that is missing: %v", err)
	}
}

// TestOutput: the file of results is a new one, and is not left without results.
func TestOutput(t *testing.T) {
	b := small(t)
	b.Out = filepath.Join(b.Dir, "results.json")
	if err := os.WriteFile(b.Out, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &env.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}
	if err := b.Run(t.Context(), e); env.CodeOf(err) != env.CannotOpen {
		t.Errorf("a file that is there: %v", err)
	}
	if raw, err := os.ReadFile(b.Out); err != nil || string(raw) != "precious" {
		t.Errorf("the file has %q, %v", raw, err)
	}
	b.Out = filepath.Join(b.Dir, "other.json")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx, e); env.CodeOf(err) != env.Interrupted {
		t.Errorf("interrupted before the beginning: %v", err)
	}
	if _, err := os.Stat(b.Out); !os.IsNotExist(err) {
		t.Errorf("an empty file is left: %v", err)
	}
	b.Workloads = []string{"fillseq"}
	if err := b.Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if run, err := results.Read(b.Out); err != nil || len(run.Workloads) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
}
