// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

// TestMain lets this test be the child of the benchmark that it runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == child.Flag {
		os.Exit(work.Serve(os.Args[2], stores.Find))
	}
	os.Exit(m.Run())
}

// TestRun measures two stores in two rounds, and wants each result once, in the file and on the
// output, and no file left over.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "new", "results.json")
	var out, log bytes.Buffer
	err := command(t.Context(), []string{"run", "-stores", "lsmlite,bbolt", "-workloads", "fillseq/100,readrandom,overwrite/100", "-class", "N",
		"-rows", "2k", "-values", "100,200", "-rounds", "2", "-limit", "100ms", "-rest", "1s", "-dir", dir, "-json", file}, &out, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run, err := report.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Stores) != 2 || len(run.Results) != 2*3*2 {
		t.Errorf("%d stores, %d results", len(run.Stores), len(run.Results))
	}
	for _, r := range run.Results {
		if len(r.Repetitions) != 2 || r.Failure != "" || r.Params.KeyBytes != 16 || r.Params.Rows != 2000 {
			t.Errorf("%+v", r)
		}
		for _, rep := range r.Repetitions {
			if rep.CPUSeconds <= 0 || *rep.DiskBytes < min(rep.Ops, 2000)*100 || *rep.PeakAnonBytes < 1<<20 {
				t.Errorf("%s %s: %+v", r.Store, r.Workload, rep)
			}
		}
		if !strings.Contains(out.String(), r.Workload) {
			t.Errorf("the output lacks %s:\n%s", r.Workload, &out)
		}
	}
	if n := strings.Count(log.String(), " left: "); n != 24 || !strings.Contains(log.String(), "24/24, 0s left") {
		t.Errorf("%d lines of progress:\n%s", n, &log)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestStoredRuns shows a run that was stored, compares it with itself, and checks it against targets.
func TestStoredRuns(t *testing.T) {
	dir := t.TempDir()
	file, targets, plots := filepath.Join(dir, "a.json"), filepath.Join(dir, "targets.json"), filepath.Join(dir, "plots")
	err := command(t.Context(), []string{"-stores", "lsmlite,bbolt", "-workloads", "fillrandom/100", "-class", "N", "-rows", "2k",
		"-rounds", "2", "-rest", "0", "-dir", dir, "-json", file, "-md", filepath.Join(dir, "a.md"), "-svg", plots}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	text := `[{"name": "fill", "metric": "cpu", "store": "lsmlite", "workload": "fillrandom", "peer": "bbolt", "ship": 0.001}]`
	if err := os.WriteFile(targets, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want []string
	}{
		{"show " + file, []string{"fillrandom", "than bbolt", "CPU time"}},
		{"show " + file + " -metrics disk", []string{"Size on disk"}},
		{"show -metrics all " + file, []string{"Size on disk", "Allocations"}},
		{"compare " + file + " " + file + " -metrics cpu,memory", []string{"fillrandom", "memory"}},
		{"compare -metrics all " + file + " " + file, []string{"fillrandom", "Size on disk"}},
		{"check " + file + " " + targets, []string{"fill", "bbolt"}},
	} {
		var out bytes.Buffer
		if err := command(t.Context(), strings.Fields(c.args), &out, io.Discard); err != nil {
			t.Errorf("%s: %v", c.args, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", c.args, want, &out)
			}
		}
	}
	if tables, err := os.ReadFile(filepath.Join(dir, "a.md")); err != nil || !bytes.Contains(tables, []byte("fillrandom")) {
		t.Errorf("%s, %v", tables, err)
	}
	if files, err := filepath.Glob(filepath.Join(plots, "*.svg")); err != nil || len(files) == 0 {
		t.Errorf("%d plots, %v", len(files), err)
	}
}

// TestFailure makes a child fail: the report has the reason, other stores are measured, and the
// command fails.
func TestFailure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	err := command(t.Context(), []string{"-stores", "bbolt", "-workloads", "fillseq/1", "-rows", "1000M", "-class", "N",
		"-rounds", "2", "-limit", "0", "-timeout", "200ms", "-dir", t.TempDir(), "-json", file}, io.Discard, io.Discard)
	if !errors.Is(err, errFailed) {
		t.Errorf("%v, want %v", err, errFailed)
	}
	raw, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(raw, []byte("not finished after 200ms")) {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestInterrupt ends a run: the child ends, the results so far are written, and no file is left.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "results.json")
	ctx, cancel := context.WithCancel(t.Context())
	log := &watcher{want: "1/4", found: func() {
		time.AfterFunc(100*time.Millisecond, cancel)
	}}
	err := command(ctx, []string{"-stores", "lsmlite", "-workloads", "fillseq/1", "-class", "N", "-rows", "1000M", "-limit", "1s",
		"-rounds", "4", "-dir", dir, "-json", file}, io.Discard, log)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run, err := report.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Results) != 1 || len(run.Results[0].Repetitions) < 1 || len(run.Notes) != 1 {
		t.Errorf("%+v", run)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// watcher calls found once, when a text was written to it.
type watcher struct {
	bytes.Buffer
	want  string
	found func()
	done  bool
}

func (w *watcher) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if !w.done && strings.Contains(w.String(), w.want) {
		w.done = true
		w.found()
	}
	return n, err
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-stores nothing", "no store"},
		{"-stores bbolt,bbolt", "twice"},
		{"-workloads swim", "no workload"},
		{"-class X", "class"},
		{"-rows 0", "rows"},
		{"-rows 20000M", "rows"},
		{"-values 15", "values"},
		{"-values 2000000", "values"},
		{"-cache 5", "size"},
		{"-rounds 0", "rounds"},
		{"-limit -1s", "limit"},
		{"walk", "no command"},
		{"show", "1 file"},
		{"compare a.json", "2 files"},
		{"compare a.json b.json c.json", "2 files"},
		{"show nothing.json", "no such file"},
		{"check a.json", "targets"},
	} {
		err := command(t.Context(), strings.Fields(c.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.args, err, c.want)
		}
	}
	o, err := parse(strings.Fields("-quick -rows 4M,500 -cache 8MiB -stores all"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.rows) != 2 || o.rows[0] != 4_000_000 || o.rows[1] != 500 || o.cache != 8<<20 || o.rounds != 1 || len(o.stores) < 9 {
		t.Errorf("%+v", o)
	}
}

func TestList(t *testing.T) {
	var out bytes.Buffer
	if err := command(t.Context(), []string{"list"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lsmlite", "bbolt", "fillseq/1000", "class F"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list lacks %q", want)
		}
	}
}

// TestCopyFolder copies a file with holes: the contents are the same, and the holes take no space.
func TestCopyFolder(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
	if err := os.Mkdir(filepath.Join(from, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(from, "sub", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{0, 10 << 20} {
		if _, err := f.WriteAt([]byte("text"), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(20 << 20); err != nil {
		t.Fatal(err)
	}
	if err := copyFolder(to, from); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(to, "sub", "file"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want the same %d", len(got), err, len(want))
	}
	if n, err := machine.DiskBytes(to); err != nil || n > 1<<20 {
		t.Errorf("the copy takes %d bytes, %v", n, err)
	}
}
