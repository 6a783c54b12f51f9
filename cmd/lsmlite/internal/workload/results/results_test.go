// SPDX-License-Identifier: Apache-2.0

package results_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

var update = flag.Bool("update", false, "write the expected output anew")

// fixed returns a run with numbers that are no measurement; speed multiplies its operations.
func fixed(speed float64) *results.Run {
	round := func(number int, operations float64) results.Round {
		n := uint64(operations * speed)
		return results.Round{
			Round: number, Operations: n, Seconds: 2, CPUSeconds: 1.5,
			Latency: &results.Latency{
				Of: "commit", P50: 900, P95: 1500 * time.Nanosecond, P99: 12 * time.Microsecond, P999: 1234 * time.Microsecond,
				Max: 98 * time.Millisecond,
			},
			LogicalBytes: 116 * n, WrittenBytes: int64(300 * n), WriteAmplification: new(300.0 / 116), FileBytes: 123 << 20,
			SpaceAmplification: new(1.06), PeakBytes: new(int64(31 << 20)),
			Series: results.Series{Seconds: 0.5, Operations: []uint64{n / 4, n / 8, n / 4, n/2 - n/8}},
		}
	}
	reads := func(number int, operations uint64) results.Round {
		return results.Round{Round: number, Operations: operations, Seconds: 2, CPUSeconds: 2.1, ReadBytes: 116 * operations, FileBytes: 124 << 20}
	}
	return &results.Run{
		Version: results.Version, Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Program: "lsmlite v1.2.3",
		Machine: machine.Machine{CPU: "a processor", Cores: 4, MemoryBytes: 8 << 30, OS: "linux/amd64", Kernel: "6.1", FileSystem: "ext4 on /dev/sda1", Go: "go1.26"},
		Settings: results.Settings{
			Rows: 1000000, KeyBytes: 16, ValueBytes: 100, Batch: 1, Threads: 2, Rounds: 5, Seed: 1, Limit: 2 * time.Second, Safety: "normal",
			Preset: "default", Other: []string{"cache_size=1000000"},
		},
		Workloads: []results.Workload{
			{Name: "fillrandom", Unit: "row", About: "write new rows in random order", Rounds: []results.Round{
				round(1, 1e6), round(2, 1.1e6), round(3, 0.95e6), round(4, 1.02e6), round(5, 1.01e6),
			}},
			{Name: "readseq", Unit: "row", About: "read all rows in ascending order", Rounds: []results.Round{
				reads(1, 8e6), reads(2, 8.1e6), reads(3, 7.9e6), reads(4, 8.05e6), reads(5, 7.95e6),
			}},
		},
	}
}

// golden compares output with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestTables(t *testing.T) {
	var out bytes.Buffer
	results.Tables(&out, fixed(1))
	golden(t, "tables.txt", out.Bytes())
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); strings.Contains(line, "│") && n > 100 {
			t.Errorf("a line of a table has %d columns: %s", n, line)
		}
	}
}

// TestTablesSayWhatWentWrong: errors and an interruption stand under the tables.
func TestTablesSayWhatWentWrong(t *testing.T) {
	run := fixed(1)
	run.Interrupted = true
	run.Workloads[0].Rounds[1].Errors, run.Workloads[0].Rounds[1].FirstError = 3, "row 7 has version 1; version 2 was written"
	var out bytes.Buffer
	results.Tables(&out, run)
	for _, want := range []string{"3 errors. The first: fillrandom, round 2: row 7 has version 1", "was interrupted", "│      3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestPlots(t *testing.T) {
	var out bytes.Buffer
	results.Plots(&out, fixed(1), 80)
	golden(t, "plots.txt", out.Bytes())
}

// TestCompare compares a run with one that is a fifth faster in one workload, on another machine.
func TestCompare(t *testing.T) {
	before, after := fixed(1), fixed(1.2)
	after.Machine.Cores, after.Settings.Safety = 8, "full"
	before.Workloads = append(before.Workloads, results.Workload{Name: "scan", Rounds: before.Workloads[1].Rounds})
	after.Workloads = append(after.Workloads, results.Workload{Name: "ycsb-a", Rounds: before.Workloads[1].Rounds})
	c, err := results.Compare(before, after, []string{"ops", "p99", "write-amp"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c.Table(&out)
	golden(t, "compare.txt", out.Bytes())
}

// TestVerdicts: a difference is believed if there are enough rounds and they lie apart.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name        string
		speed       float64
		rounds      int
		ops, memory results.Verdict
	}{
		{"faster", 1.3, 5, results.Better, results.Same},
		{"slower", 0.8, 5, results.Worse, results.Same},
		{"as fast", 1.001, 5, results.Same, results.Same},
		{"four rounds are enough", 1.3, 4, results.Better, results.Same},
		{"three are not", 1.3, 3, results.TooFew, results.TooFew},
		{"one is not", 1.3, 1, results.TooFew, results.TooFew},
	} {
		before, after := fixed(1), fixed(c.speed)
		for _, run := range []*results.Run{before, after} {
			run.Workloads = run.Workloads[:1]
			run.Workloads[0].Rounds = run.Workloads[0].Rounds[:c.rounds]
		}
		got, err := results.Compare(before, after, []string{"ops", "memory"})
		if err != nil || len(got.Changes) != 2 {
			t.Fatal(got, err)
		}
		if got.Changes[0].Verdict != c.ops || got.Changes[1].Verdict != c.memory {
			t.Errorf("%s: %+v", c.name, got.Changes)
		}
		if ratio := got.Changes[0].Ratio; ratio < c.speed*0.999 || ratio > c.speed*1.001 {
			t.Errorf("%s: ratio %v, want %v", c.name, ratio, c.speed)
		}
	}
	// Of what is better when it is less, less is better.
	before, after := fixed(1), fixed(1)
	for i := range after.Workloads[0].Rounds {
		after.Workloads[0].Rounds[i].Latency.P99 /= 2
	}
	if got, err := results.Compare(before, after, []string{"p99"}); err != nil || got.Changes[0].Verdict != results.Better {
		t.Errorf("half the latency: %+v, %v", got, err)
	}
	if _, err := results.Compare(before, after, []string{"beauty"}); err == nil {
		t.Error("a metric that does not exist was compared")
	}
}

// TestRead: what was written is read, and nothing else is.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	write := func(run *results.Run) {
		t.Helper()
		var out bytes.Buffer
		if err := run.Write(&out); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fixed(1))
	got, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	results.Tables(&a, got)
	results.Tables(&b, fixed(1))
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("what was read shows\n%s\nand what was written\n%s", &a, &b)
	}
	for name, spoil := range map[string]func(*results.Run){
		"another version":    func(r *results.Run) { r.Version++ },
		"no name":            func(r *results.Run) { r.Workloads[0].Name = "" },
		"a name twice":       func(r *results.Run) { r.Workloads[0].Name = r.Workloads[1].Name },
		"no rounds":          func(r *results.Run) { r.Workloads[0].Rounds = nil },
		"no time":            func(r *results.Run) { r.Workloads[0].Rounds[0].Seconds = 0 },
		"too many stretches": func(r *results.Run) { r.Workloads[0].Rounds[0].Series.Operations = make([]uint64, results.MaxSeries+1) },
		"too many rounds":    func(r *results.Run) { r.Workloads[0].Rounds = make([]results.Round, results.MaxRounds+1) },
	} {
		run := fixed(1)
		spoil(run)
		write(run)
		if _, err := results.Read(path); !errors.Is(err, results.ErrNoResults) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"nothing": "", "no JSON": "rows,bytes", "other JSON": "[1]", "an object": "{}"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := results.Read(path); !errors.Is(err, results.ErrNoResults) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Truncate(path, results.MaxFileBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := results.Read(path); !errors.Is(err, results.ErrNoResults) {
		t.Errorf("a file that is too long: %v", err)
	}
	if _, err := results.Read(path + ".missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
}

// FuzzParse: no file makes the tables fail.
func FuzzParse(f *testing.F) {
	var out bytes.Buffer
	if err := fixed(1).Write(&out); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		run, err := results.Parse(raw)
		if err != nil {
			return
		}
		var out bytes.Buffer
		results.Plots(&out, run, 80)
		results.Tables(&out, run)
		c, err := results.Compare(fixed(1), run, results.MetricNames())
		if err != nil {
			t.Fatal(err)
		}
		c.Table(&out)
	})
}
