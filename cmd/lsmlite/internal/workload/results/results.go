// SPDX-License-Identifier: Apache-2.0

// Package results owns what lsmlite bench has measured: how it is stored as JSON, shown as tables and
// plots, and compared with what was measured before. Package workload fills a Run; everything here only
// reads it. Nothing in this package measures or opens a database.
//
// Invariants: a Run that Read returns is valid as Validate describes it; the same Run always leads to
// the same output.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

// Version is that of the JSON form. Read refuses any other.
const Version = 1

// Run is one call of lsmlite bench: where and how it was made, and what it measured.
type Run struct {
	Version     int             `json:"version"`
	Started     time.Time       `json:"started"`
	Program     string          `json:"program"` // lsmlite and its version
	Machine     machine.Machine `json:"machine"`
	Settings    Settings        `json:"settings"`
	Workloads   []Workload      `json:"workloads"`
	Interrupted bool            `json:"interrupted,omitempty"` // what is missing was not measured
}

// Settings are what was measured with.
type Settings struct {
	Rows       uint64        `json:"rows"`
	KeyBytes   int           `json:"key_bytes"`
	ValueBytes int           `json:"value_bytes"`
	Batch      int           `json:"batch"`   // rows in a commit of the fills and of overwrite
	Threads    int           `json:"threads"` // that read
	Rounds     int           `json:"rounds"`
	Seed       uint64        `json:"seed"`
	Limit      time.Duration `json:"limit_ns"` // of each measurement; 0 is none
	Safety     string        `json:"safety"`
	Preset     string        `json:"preset"`
	Other      []string      `json:"other,omitempty"` // NAME=VALUE
}

// Workload is what was measured of one workload.
type Workload struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"` // what an operation is
	About  string  `json:"about"`
	Rounds []Round `json:"rounds"`
}

// Round is one measurement. A nil pointer means that the number was not measured, or has no meaning.
type Round struct {
	Round      int     `json:"round"`
	Operations uint64  `json:"operations"` // without those that failed
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"` // of all threads, with the flush after the last operation
	// Errors counts operations that failed, that read something wrong, or whose rows were missing or
	// wrong afterwards. FirstError is the first of them.
	Errors     int      `json:"errors"`
	FirstError string   `json:"first_error,omitempty"`
	Latency    *Latency `json:"latency,omitempty"`
	// ReadBytes and LogicalBytes are keys and values that the workload has read and written.
	ReadBytes    uint64 `json:"read_bytes"`
	LogicalBytes uint64 `json:"logical_bytes"`
	// WrittenBytes went to both files, the log included. WriteAmplification and SpaceAmplification
	// relate them to LogicalBytes, and the files after closing to the rows that are in them.
	WrittenBytes       int64    `json:"written_bytes"`
	WriteAmplification *float64 `json:"write_amplification,omitempty"`
	FileBytes          int64    `json:"file_bytes"`
	SpaceAmplification *float64 `json:"space_amplification,omitempty"`
	PeakBytes          *int64   `json:"peak_bytes,omitempty"` // of memory that no file backs
	Series             Series   `json:"series"`
}

// Latency is the distribution of the time that one operation took, in nanoseconds.
type Latency struct {
	Of   string        `json:"of"` // what took that long
	P50  time.Duration `json:"p50_ns"`
	P95  time.Duration `json:"p95_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// Series is how many operations were done in each of some equal stretches of time, one after another.
type Series struct {
	Seconds    float64  `json:"seconds"` // of each stretch
	Operations []uint64 `json:"operations"`
}

// The limits of a file of results, so that one that is none cannot fill tables or memory.
const (
	MaxFileBytes = 64 << 20
	MaxRounds    = 1000
	MaxSeries    = 1000
	maxWorkloads = 1000
)

// ErrNoResults says that a file is not one of results.
var ErrNoResults = errors.New("not a file of results of lsmlite bench")

// Write writes the run as JSON.
func (run *Run) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(run)
}

// Read reads a file that Write has written.
func Read(path string) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxFileBytes {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", path, ErrNoResults, MaxFileBytes)
	}
	run, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrNoResults, err)
	}
	return run, nil
}

// Parse reads the JSON form.
func Parse(raw []byte) (*Run, error) {
	var run Run
	if err := json.Unmarshal(raw, &run); err != nil {
		return nil, err
	}
	return &run, run.Validate()
}

// Validate returns an error that says what is wrong with the first thing that is.
func (run *Run) Validate() error {
	if run.Version != Version {
		return fmt.Errorf("version %d; this program reads version %d", run.Version, Version)
	}
	if len(run.Workloads) > maxWorkloads {
		return fmt.Errorf("%d workloads; %d are the most", len(run.Workloads), maxWorkloads)
	}
	seen := map[string]bool{}
	for _, w := range run.Workloads {
		if w.Name == "" || seen[w.Name] {
			return fmt.Errorf("a workload without a name, or a second one called %q", w.Name)
		}
		seen[w.Name] = true
		if len(w.Rounds) == 0 || len(w.Rounds) > MaxRounds {
			return fmt.Errorf("workload %.80q has %d rounds; want 1 to %d", w.Name, len(w.Rounds), MaxRounds)
		}
		for _, r := range w.Rounds {
			if err := r.validate(); err != nil {
				return fmt.Errorf("workload %.80q, round %d: %w", w.Name, r.Round, err)
			}
		}
	}
	return nil
}

func (r *Round) validate() error {
	switch {
	case !sane(r.Seconds) || r.CPUSeconds != 0 && !sane(r.CPUSeconds):
		return fmt.Errorf("%v seconds, %v of CPU time", r.Seconds, r.CPUSeconds)
	case len(r.Series.Operations) > MaxSeries || len(r.Series.Operations) > 0 && !sane(r.Series.Seconds):
		return fmt.Errorf("%d stretches of %v seconds; %d are the most", len(r.Series.Operations), r.Series.Seconds, MaxSeries)
	case r.FileBytes < 0 || r.WrittenBytes < 0 || r.PeakBytes != nil && *r.PeakBytes < 0:
		return fmt.Errorf("a negative number of bytes")
	}
	return nil
}

// sane reports whether something can have taken this many seconds.
func sane(seconds float64) bool { return seconds >= 1e-9 && seconds <= 1e9 }

// Errors counts the errors of all rounds, and returns the first.
func (run *Run) Errors() (n int, first string) {
	for _, w := range run.Workloads {
		for _, r := range w.Rounds {
			if n += r.Errors; first == "" && r.FirstError != "" {
				first = fmt.Sprintf("%s, round %d: %s", w.Name, r.Round, r.FirstError)
			}
		}
	}
	return n, first
}
