// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/report/golden"
	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// repeated returns the repetitions of measurements with these CPU times in microseconds.
func repeated(micros ...float64) (out []report.Repetition) {
	for i, us := range micros {
		out = append(out, report.Repetition{
			Round: i, Ops: 1000, CPUSeconds: us / 1000, WallSeconds: 2 * us / 1000,
			Allocs: new(int64(500)), DiskBytes: new(int64(us * (1 << 20))), PeakAnonBytes: new(int64(50 << 20)),
			WrittenBytes: new(int64(300)), LogicalBytes: new(int64(100)),
		})
	}
	return out
}

// large returns a run of three stores: "ours" is ahead of "slow" and not of "quick".
func large() *report.Run {
	run := small()
	run.Stores = []report.Store{
		{Name: "ours", Version: "v1.0.0", Settings: map[report.Class]string{report.Normal: "safety=normal", report.Full: "safety=full | sync"}},
		{Name: "slow", Version: "v2.0.0"}, {Name: "quick", Version: "v3.0.0", Cgo: true},
	}
	run.Results = nil
	add := func(store, workload string, p report.Params, reps ...report.Repetition) *report.Result {
		if p.Class == "" {
			p.Class = report.Normal
		}
		p.KeyBytes, p.ValueBytes = 16, 100
		run.Results = append(run.Results, report.Result{Store: store, Workload: workload, Params: p, Unit: "get", Repetitions: reps})
		return &run.Results[len(run.Results)-1]
	}
	get := report.Params{Rows: 1e6}
	add("ours", "get", get, repeated(1.0, 1.1, 1.2, 1.1, 1.0)...)
	add("slow", "get", get, repeated(2.0, 2.1, 2.2, 2.4, 1.9)...)
	add("quick", "get", get, repeated(0.5, 0.6, 0.5, 0.5, 0.4)...)
	for _, rows := range []int64{1e6, 4e6, 16e6, 64e6} {
		us := float64(rows) / 1e6
		add("ours", "scan", report.Params{Rows: rows, Batch: 100}, repeated(10+us, 11+us, 12+us)...)
		add("slow", "scan", report.Params{Rows: rows, Batch: 100}, repeated(10.5+us, 10+2*us, 13+us)...)
	}
	add("quick", "scan", report.Params{Rows: 4e6, Batch: 100}).Failure = "timeout after 1m0s\nsignal | killed"
	for _, threads := range []int{1, 8, 64} {
		r := add("ours", "commit", report.Params{Class: report.Full, Threads: threads, Batch: 1}, repeated(30000/float64(threads), 31000/float64(threads))...)
		for i := range r.Repetitions {
			r.Repetitions[i].Latency = &report.Latency{Count: 1000, P50: 20000, P90: 30000, P99: 40000, P999: 50000, Max: 6_000_000}
			r.Repetitions[i].CommitsLost, r.Repetitions[i].CommitsChecked = new(int64(0)), new(int64(1000))
			r.Repetitions[i].Extra = map[string]float64{"levels": 3, "head_read_us": 2.5, "reads_per_second": 1000}
		}
	}
	return run
}

func markdown(t *testing.T, run *report.Run, v report.View) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.Markdown(&out, run, v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestMarkdown(t *testing.T) {
	run := large()
	if err := run.Validate(); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "report.md", markdown(t, run, report.View{}))
	run.Stores[0], run.Stores[2] = run.Stores[2], run.Stores[0]
	golden.Compare(t, "peers.md", markdown(t, run, report.View{Peers: []string{"ours"}, Metrics: []string{"throughput", "extra:levels", "extra:reads_per_second"}}))
}

// TestLosersAreShown: the store that the report is about has the same numbers in the same form,
// ahead or not.
func TestLosersAreShown(t *testing.T) {
	text := string(markdown(t, large(), report.View{Metrics: []string{"cpu"}}))
	for _, want := range []string{
		"| get | 1 M × 16+100 B | get | 1.10 ±9% | 2.10 ±12% | **0.500** ±20% | 1.91× (1.83–2.18) | 0.455× (0.400–0.545) |\n",
		"| scan/100 | 1 M × 16+100 B | get | 12.0 ±8% | 12.0 ±10% | – | no difference seen (1.00–1.08) | – |\n",
		"- quick, scan/100, 4 M × 16+100 B: timeout after 1m0s signal \\| killed\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
}

func TestMarkdownRefusesWhatThereIsNot(t *testing.T) {
	for _, v := range []report.View{{Peers: []string{"theirs"}}, {Metrics: []string{"speed"}}, {Metrics: []string{"extra:|"}}} {
		if err := report.Markdown(new(bytes.Buffer), large(), v); err == nil {
			t.Errorf("%+v was written", v)
		}
		if _, err := report.Plots(large(), v); err == nil {
			t.Errorf("%+v was drawn", v)
		}
	}
	if err := report.Markdown(new(bytes.Buffer), &report.Run{}, report.View{}); err == nil {
		t.Error("a run without stores was written")
	}
}

func TestPlots(t *testing.T) {
	plots, err := report.Plots(large(), report.View{Metrics: []string{"cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range plots {
		names = append(names, p.Name)
		golden.Compare(t, p.Name, p.Text)
	}
	if got := strings.Join(names, " "); got != "n-cpu-1.svg n-cpu-rows-1.svg f-cpu-1.svg f-cpu-threads-1.svg" {
		t.Errorf("the plots are %s", got)
	}
}

// TestPlotsInParts: many rows go to several files, each with a name of its own.
func TestPlotsInParts(t *testing.T) {
	run := large()
	r := run.Results[0]
	run.Results = nil
	for i := range 30 {
		r.Workload = fmt.Sprintf("get-%d", i)
		run.Results = append(run.Results, r)
	}
	plots, err := report.Plots(run, report.View{})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range plots {
		if seen[p.Name] {
			t.Errorf("two plots are called %s", p.Name)
		}
		seen[p.Name] = true
	}
	if !seen["n-cpu-1.svg"] || !seen["n-cpu-3.svg"] || seen["n-cpu-4.svg"] {
		t.Errorf("the plots are %v", seen)
	}
}

func TestCompare(t *testing.T) {
	before, after := large(), large()
	after.Results[0].Repetitions = repeated(0.8, 0.9, 0.85, 0.9, 0.8)    // better
	after.Results[1].Repetitions = repeated(3, 3.1, 3.2)                 // worse
	after.Results[2].Repetitions = repeated(0.5, 0.7, 0.45)              // the ranges overlap
	after.Results[3].Repetitions = repeated(1, 1)                        // too few
	after.Results[4].Failure, after.Results[4].Repetitions = "gone", nil // only old
	after.Results = after.Results[:6]
	added := after.Results[5]
	added.Workload = "popped"
	after.Results = append(after.Results, added)
	c, err := report.Compare(before, after, []string{"cpu", "throughput"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		verdict stats.Verdict
		better  bool
	}{
		{stats.Smaller, true}, {stats.Greater, true},
		{stats.Greater, false}, {stats.Smaller, false},
		{stats.Same, false}, {stats.Same, false},
		{stats.TooFew, false}, {stats.TooFew, false},
	} {
		if got := c.Changes[i]; got.Verdict != want.verdict || got.Better != want.better {
			t.Errorf("change %d: %+v, want %+v", i, got, want)
		}
	}
	var out bytes.Buffer
	if err := c.Markdown(&out); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "compare.md", out.Bytes())
	if _, err := report.Compare(before, after, []string{"speed"}); err == nil {
		t.Error("an unknown metric was compared")
	}
}

const someTargets = `[
	{"name": "get, as quick as slow", "workload": "get", "metric": "cpu", "store": "ours", "peer": "slow", "ship": 1.5, "aim": 1.9},
	{"name": "get, as quick as slow three times", "workload": "get", "metric": "cpu", "store": "ours", "peer": "slow", "ship": 1.5, "aim": 3},
	{"name": "get, equal", "workload": "get", "metric": "cpu", "store": "ours", "peer": "quick", "ship": 1},
	{"name": "get, more of them", "workload": "get", "metric": "throughput", "store": "ours", "peer": "slow", "ship": 2.5},
	{"name": "64 writers", "workload": "commit", "threads": 64, "metric": "cpu", "store": "ours", "peer": "ours", "than": {"threads": 1}, "ship": 15},
	{"name": "p99", "workload": "commit", "class": "F", "threads": 1, "metric": "p99", "store": "ours", "ship": 45, "aim": 40},
	{"name": "max", "workload": "commit", "class": "F", "threads": 1, "metric": "max", "store": "ours", "ship": 5000},
	{"name": "a store that was not there", "workload": "get", "metric": "cpu", "store": "ours", "peer": "absent", "ship": 1},
	{"name": "a workload that was not there", "workload": "put", "metric": "cpu", "store": "ours", "peer": "slow", "ship": 1},
	{"name": "a failure", "workload": "scan", "metric": "cpu", "store": "quick", "peer": "ours", "ship": 1},
	{"name": "not measured", "workload": "get", "metric": "p99", "store": "ours", "ship": 1},
	{"name": "with this cache", "workload": "get", "metric": "cpu", "store": "ours", "ship": 2, "cache": "64MiB"},
	{"name": "with another cache", "workload": "get", "metric": "cpu", "store": "ours", "ship": 2, "cache": "65MiB"}
]`

func TestTargets(t *testing.T) {
	targets, err := report.DecodeTargets(strings.NewReader(someTargets))
	if err != nil {
		t.Fatal(err)
	}
	run := large()
	run.Command = append(run.Command, "-cache", "64MiB")
	outcomes := report.Check(run, targets)
	want := []report.State{
		report.AimReached, report.Reached, report.Missed, report.Missed, report.Reached, report.AimReached, report.Missed,
		report.NotMeasured, report.NotMeasured, report.Missed, report.NotMeasured, report.Reached, report.NotMeasured,
	}
	if len(outcomes) != len(want) {
		t.Fatalf("%d outcomes, want %d", len(outcomes), len(want))
	}
	for i := range want {
		if outcomes[i].State != want[i] {
			t.Errorf("%s: state %d, want %d: %+v", outcomes[i].Target.Name, outcomes[i].State, want[i], outcomes[i])
		}
	}
	var out bytes.Buffer
	if err := report.TargetsMarkdown(&out, outcomes); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "targets.md", out.Bytes())
}

// TestTargetsOfACache: a target for one cache size says nothing of a run with another one, or with the
// one that the program has without the flag.
func TestTargetsOfACache(t *testing.T) {
	target := report.Target{Name: "n", Metric: "cpu", Store: "ours", Rows: report.Rows{Workload: "get"}, Ship: 2, Cache: "64MiB"}
	for command, measured := range map[string]bool{
		"bench": false, "bench -cache 64MiB": true, "bench -cache=64MiB -rows 1M": true, "bench --cache 64MiB": true,
		"bench -cache 64MiB -cache 1GiB": false, "bench -cache 640MiB": false, "bench -cache": false, "bench cache 64MiB": false,
		"bench -caches 64MiB": false, "bench --cache=64MiB": true,
	} {
		run := large()
		run.Command = strings.Fields(command)
		outcomes := report.Check(run, []report.Target{target})
		if len(outcomes) != 1 || (outcomes[0].State != report.NotMeasured) != measured {
			t.Errorf("%s: %+v", command, outcomes)
		}
	}
}

func TestDecodeTargetsRefuses(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `[{}]`, `[] x`, `[{"name":"a"}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"speed","ship":1}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"cpu","ship":0}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"cpu","ship":1,"beam":1}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"cpu","peer":"p","ship":2,"aim":1}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"cpu","ship":1,"aim":2}]`,
		`[{"name":"a","workload":"w","store":"s","metric":"cpu","ship":1,"than":{"threads":1}}]`,
	} {
		if got, err := report.DecodeTargets(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestTargetsOfThisModule: the file that the program reads by default is a list of targets.
func TestTargetsOfThisModule(t *testing.T) {
	f, err := os.Open("../targets.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	targets, err := report.DecodeTargets(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(targets) < 50 {
		t.Errorf("%d targets", len(targets))
	}
	for _, o := range report.Check(large(), targets) {
		if o.State != report.NotMeasured {
			t.Errorf("%s has an outcome in a run without such a row: %+v", o.Target.Name, o)
		}
	}
}
