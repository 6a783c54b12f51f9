// SPDX-License-Identifier: Apache-2.0

// Package report holds what a campaign has done so far, as a file that people and programs read.
//
// Package campaign writes reports; the command that runs campaigns reads them. A Report is for one goroutine at a time.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Report is what a campaign has done so far, in one run or more.
type Report struct {
	Name     string           `json:"name"`
	Cases    string           `json:"cases"` // what one case is, in the plural
	Goal     int64            `json:"goal"`  // how many cases a whole run has
	Done     int64            `json:"done"`  // how many cases were run
	Next     uint64           `json:"next"`  // the first unit that does not count yet
	Counts   map[string]int64 `json:"counts,omitempty"`
	Marks    map[string]int64 `json:"marks,omitempty"`    // how often states were met
	Failures []Failure        `json:"failures,omitempty"` // of all runs, mended ones included
	Legs     []Leg            `json:"legs"`
}

// A Failure is a unit that failed. Its number is the report's Next until it has been run well.
type Failure struct {
	Unit   uint64 `json:"unit"`
	Error  string `json:"error"`
	Repeat string `json:"repeat"`
}

// A Leg is one run of a campaign that took several.
type Leg struct {
	Begun    time.Time `json:"begun"`
	Seconds  float64   `json:"seconds"`
	Cases    int64     `json:"cases"`
	Workers  int       `json:"workers"`
	Platform string    `json:"platform"`
	Go       string    `json:"go"`
	Build    string    `json:"build,omitempty"` // tags, the race detector
	Revision string    `json:"revision,omitempty"`
}

// maxFailures is how many failures a report keeps, the newest.
const maxFailures = 100

// maxError is how much a report keeps of what a failure says.
const maxError = 4000

// New returns the report of a campaign that has done nothing.
func New(name, cases string, goal int64) *Report {
	return &Report{Name: name, Cases: cases, Goal: goal, Counts: make(map[string]int64), Marks: make(map[string]int64)}
}

// FileName returns where in a folder the report of a campaign is.
func FileName(folder, name string) string { return filepath.Join(folder, name+".json") }

// Read reads a report. The error satisfies fs.ErrNotExist if there is none.
func Read(folder, name string) (*Report, error) {
	file := FileName(folder, name)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := New("", "", 0)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: not a report (%w): remove it to begin the campaign from its start", file, err)
	}
	return r, nil
}

// Write replaces the report in its folder, whole.
func (r *Report) Write(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+r.Name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), FileName(folder, r.Name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Took is how long all runs of r took together.
func Took(r *Report) time.Duration {
	var seconds float64
	for _, l := range r.Legs {
		seconds += l.Seconds
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

// String says what was done, in a few lines.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d %s in %d units, %v", r.Name, r.Done, r.Cases, r.Next, Took(r))
	for _, kind := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "\n  %-40s %d", kind, r.Counts[kind])
	}
	for _, state := range slices.Sorted(maps.Keys(r.Marks)) {
		fmt.Fprintf(&b, "\n  met: %-35s %d", state, r.Marks[state])
	}
	return b.String()
}

// Fail adds a failure.
func (r *Report) Fail(unit uint64, err error, repeat string) {
	text := err.Error()
	if len(text) > maxError {
		text = text[:maxError] + "…"
	}
	r.Failures = append(r.Failures, Failure{Unit: unit, Error: text, Repeat: repeat})
	if extra := len(r.Failures) - maxFailures; extra > 0 {
		r.Failures = slices.Delete(r.Failures, 0, extra)
	}
}
