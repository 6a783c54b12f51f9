// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/report/golden"
)

// small returns a run that uses every field.
func small() *report.Run {
	return &report.Run{
		Version: report.Version,
		Started: time.Date(2026, 11, 29, 3, 30, 0, 0, time.UTC),
		Command: []string{"bench", "-rows", "1000"},
		Machine: report.Machine{
			CPU: "Example 3000", Cores: 2, MemoryBytes: 8 << 30, OS: "linux/amd64", Kernel: "6.1", FileSystem: "ext4", Go: "go1.26.1",
		},
		Stores: []report.Store{
			{Name: "lsmlite", Version: "(devel)", Settings: map[report.Class]string{report.Normal: "safety=normal"}},
			{Name: "other", Version: "v1.2.3", Cgo: true},
		},
		Results: []report.Result{
			{
				Store: "lsmlite", Workload: "fillrandom", Unit: "row",
				Params: report.Params{Class: report.Normal, KeyBytes: 16, ValueBytes: 100, Batch: 100, Rows: 1000, Threads: 1},
				Repetitions: []report.Repetition{{
					Round: 1, Ops: 1000, WallSeconds: 0.5, CPUSeconds: 0.25,
					Allocs: new(int64(3)), AllocBytes: new(int64(300)), PeakAnonBytes: new(int64(4096)), DiskBytes: new(int64(8192)),
					WrittenBytes: new(int64(9000)), LogicalBytes: new(int64(4500)), CommitsLost: new(int64(0)), CommitsChecked: new(int64(7)),
					Latency: &report.Latency{Count: 10, P50: 1, P90: 2, P99: 3, P999: 4, Max: 5},
					Extra:   map[string]float64{"levels": 4, "skew": -0.5},
				}},
			},
			{Store: "other", Workload: "fillrandom", Unit: "row", Params: report.Params{Class: report.Full}, Failure: "timeout after 1m0s"},
		},
		Notes: []string{"another program was at work"},
	}
}

func encode(t *testing.T, run *report.Run) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.Encode(&out, run); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	want := small()
	text := encode(t, want)
	got, err := report.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v, want %+v", got, want)
	}
	if again := encode(t, got); !bytes.Equal(again, text) {
		t.Errorf("encoded again:\n%s\nwant\n%s", again, text)
	}
}

// TestJSONForm holds the names of the fields: a file that an earlier build has written is read by
// a later one as long as the version is the same.
func TestJSONForm(t *testing.T) {
	golden.Compare(t, "small.json", encode(t, small()))
}

func TestDecodeRefusesOtherVersions(t *testing.T) {
	for _, text := range []string{`{}`, `{"version":0}`, `{"version":2,"unheard_of":1}`, `{"version":-1}`} {
		if _, err := report.Decode(strings.NewReader(text)); !errors.Is(err, report.ErrVersion) {
			t.Errorf("%s: %v, want ErrVersion", text, err)
		}
	}
}

func TestDecodeRefusesWhatIsNoRun(t *testing.T) {
	good := string(encode(t, small()))
	for name, text := range map[string]string{
		"nothing":            "",
		"no JSON":            "version 1",
		"an array":           "[" + good + "]",
		"a cut text":         good[:len(good)/2],
		"text after the end": good + "x",
		"two runs":           good + good,
		"an unknown field":   strings.Replace(good, `"machine"`, `"engine"`, 1),
		"a text as a number": strings.Replace(good, `"ops": 1000`, `"ops": "1000"`, 1),
		"too long":           good + strings.Repeat(" ", 16<<20),
		"too many values":    strings.Replace(good, `"other"`, `"other", `+strings.Repeat("null,", 600_000)+`"x"`, 1),
		"deep":               strings.Repeat("[", 1<<20),
	} {
		if run, err := report.Decode(strings.NewReader(text)); err == nil {
			t.Errorf("%s: decoded %+v", name, run)
		}
	}
}

func TestValidate(t *testing.T) {
	first := func(r *report.Run) *report.Repetition { return &r.Results[0].Repetitions[0] }
	for name, c := range map[string]struct {
		damage func(*report.Run)
		want   string
	}{
		"no date":               {func(r *report.Run) { r.Started = time.Time{} }, "date"},
		"no cores":              {func(r *report.Run) { r.Machine.Cores = 0 }, "cores"},
		"many stores":           {func(r *report.Run) { r.Stores = make([]report.Store, 65) }, "65 stores"},
		"many results":          {func(r *report.Run) { r.Results = make([]report.Result, 20_001) }, "20001 results"},
		"many arguments":        {func(r *report.Run) { r.Command = make([]string, 513) }, "512"},
		"control in a note":     {func(r *report.Run) { r.Notes[0] = "a\x1bb" }, "contains"},
		"bad UTF-8":             {func(r *report.Run) { r.Machine.CPU = "\xff" }, "UTF-8"},
		"long text":             {func(r *report.Run) { r.Notes[0] = strings.Repeat("x", 4097) }, "4097 bytes"},
		"a store twice":         {func(r *report.Run) { r.Stores[1].Name = "lsmlite" }, "second one"},
		"a store without name":  {func(r *report.Run) { r.Stores[1].Name = "" }, "name of 0 bytes"},
		"a store of a bad name": {func(r *report.Run) { r.Stores[1].Name = "a|b" }, "contains"},
		"settings of no class":  {func(r *report.Run) { r.Stores[0].Settings["X"] = "" }, "class"},
		"an unknown store":      {func(r *report.Run) { r.Results[1].Store = "third" }, "not in the list"},
		"no class":              {func(r *report.Run) { r.Results[0].Params.Class = "" }, "class"},
		"a negative parameter":  {func(r *report.Run) { r.Results[0].Params.Batch = -1 }, "negative"},
		"a result twice":        {func(r *report.Run) { r.Results = append(r.Results, r.Results[1]) }, "second one"},
		"neither":               {func(r *report.Run) { r.Results[1].Failure = "" }, "either"},
		"both":                  {func(r *report.Run) { r.Results[0].Failure = "x" }, "either"},
		"many repetitions":      {func(r *report.Run) { r.Results[0].Repetitions = make([]report.Repetition, 201) }, "201"},
		"a round twice": {func(r *report.Run) {
			r.Results[0].Repetitions = append(r.Results[0].Repetitions, *first(r))
		}, "round 1"},
		"a negative round":     {func(r *report.Run) { first(r).Round = -1 }, "round"},
		"no operations":        {func(r *report.Run) { first(r).Ops = 0 }, "0 operations"},
		"no time":              {func(r *report.Run) { first(r).WallSeconds = 0 }, "seconds"},
		"no number of seconds": {func(r *report.Run) { first(r).WallSeconds = math.NaN() }, "seconds"},
		"endless":              {func(r *report.Run) { first(r).CPUSeconds = math.Inf(1) }, "CPU"},
		"negative CPU time":    {func(r *report.Run) { first(r).CPUSeconds = -1 }, "CPU"},
		"a negative count":     {func(r *report.Run) { first(r).CommitsLost = new(int64(-1)) }, "count"},
		"latencies swapped":    {func(r *report.Run) { first(r).Latency.P99 = 1 }, "disorder"},
		"no latencies":         {func(r *report.Run) { first(r).Latency.Count = 0 }, "disorder"},
		"no number":            {func(r *report.Run) { first(r).Extra["levels"] = math.NaN() }, "levels"},
		"a bad name":           {func(r *report.Run) { first(r).Extra["a\nb"] = 1 }, "contains"},
	} {
		run := small()
		c.damage(run)
		if err := run.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
		if err := report.Encode(new(bytes.Buffer), run); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	if err := small().Validate(); err != nil {
		t.Error(err)
	}
}

// FuzzDecode: whatever the text is, there is a run that can be encoded and decoded again, or an
// error.
func FuzzDecode(f *testing.F) {
	text, err := os.ReadFile("testdata/small.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte("\n"), nil))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"results":[{"repetitions":[{"ops":1e400}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		run, err := report.Decode(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := report.Decode(bytes.NewReader(encode(t, run)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, again), encode(t, run)) {
			t.Error("a run that is decoded and encoded again is another one")
		}
	})
}
