// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// A report is what a campaign has done so far, in one run or more.
type report struct {
	Name     string           `json:"name"`
	Cases    string           `json:"cases"`
	Goal     int64            `json:"goal"`
	Done     int64            `json:"done"` // cases
	Next     uint64           `json:"next"` // the first unit that does not count yet
	Counts   map[string]int64 `json:"counts,omitempty"`
	Marks    map[string]int64 `json:"marks,omitempty"`
	Failures []failure        `json:"failures,omitempty"` // of all runs, mended ones included
	Legs     []leg            `json:"legs"`

	begunAt uint64 // Next when this run began
}

// A failure is a unit that failed. Its number is the report's next one until it has been run well.
type failure struct {
	Unit   uint64 `json:"unit"`
	Error  string `json:"error"`
	Repeat string `json:"repeat"`
}

// A leg is one run of a campaign that took several.
type leg struct {
	Begun    time.Time `json:"begun"`
	Seconds  float64   `json:"seconds"`
	Cases    int64     `json:"cases"`
	Workers  int       `json:"workers"`
	Platform string    `json:"platform"`
	Go       string    `json:"go"`
	Build    string    `json:"build,omitempty"` // tags, the race detector
	Revision string    `json:"revision,omitempty"`

	before int64 // cases before it
}

// maxFailures is how many failures a report keeps, the newest.
const maxFailures = 100

// maxError is how much a report keeps of what a failure says.
const maxError = 4000

func newReport(c Campaign) *report {
	return &report{Name: c.Name, Cases: c.Cases, Goal: c.Goal, Counts: make(map[string]int64), Marks: make(map[string]int64)}
}

func reportName(folder, name string) string { return filepath.Join(folder, name+".json") }

// openReport reads the report of a campaign, or makes a new one.
func openReport(folder string, c Campaign) (*report, error) {
	r := newReport(c)
	if folder == "" {
		return r, nil
	}
	name := reportName(folder, c.Name)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: not a report (%w): remove it to begin the campaign from its start", name, err)
	}
	if r.Name != c.Name || r.Cases != c.Cases {
		return nil, fmt.Errorf("%s: the report of %q, which counts %s, not of %q, which counts %s: use another folder",
			name, r.Name, r.Cases, c.Name, c.Cases)
	}
	r.Goal, r.begunAt = c.Goal, r.Next
	return r, nil
}

// startLeg begins the entry of this run.
func (r *report) startLeg(q request) {
	l := leg{Begun: time.Now().UTC().Truncate(time.Second), Workers: q.workers, Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Build: build(), Revision: q.revision, before: r.Done}
	r.Legs = append(r.Legs, l)
}

// endLeg brings the entry of this run up to date.
func (r *report) endLeg(took time.Duration) {
	l := &r.Legs[len(r.Legs)-1]
	l.Seconds, l.Cases = took.Round(100*time.Millisecond).Seconds(), r.Done-l.before
}

// add adds what a unit did.
func (r *report) add(t *Tally) {
	r.Done += t.cases
	for kind, n := range t.counts {
		r.Counts[kind] += n
	}
	for state, n := range t.marks {
		r.Marks[state] += n
	}
}

// write replaces the report in its folder, whole.
func (r *report) write(folder string) error {
	if folder == "" {
		return nil
	}
	if extra := len(r.Failures) - maxFailures; extra > 0 {
		r.Failures = slices.Delete(r.Failures, 0, extra)
	}
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
		err = os.Rename(f.Name(), reportName(folder, r.Name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// String says what was done, in a few lines.
func (r *report) String() string {
	var b strings.Builder
	var seconds float64
	for _, l := range r.Legs {
		seconds += l.Seconds
	}
	fmt.Fprintf(&b, "%s: %d %s in %d units, %.0f s", r.Name, r.Done, r.Cases, r.Next, seconds)
	for _, kind := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "\n  %-40s %d", kind, r.Counts[kind])
	}
	for _, state := range slices.Sorted(maps.Keys(r.Marks)) {
		fmt.Fprintf(&b, "\n  met: %-35s %d", state, r.Marks[state])
	}
	return b.String()
}

func shorten(text string) string {
	if len(text) > maxError {
		return text[:maxError] + "…"
	}
	return text
}

// root is the module that the others are folders of.
const root = "github.com/lsmlite/lsmlite-go"

// build says how this test program was built, apart from the platform.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var flags []string
	for _, s := range info.Settings {
		switch {
		case s.Key == "-tags" && s.Value != "":
			flags = append(flags, "-tags "+s.Value)
		case s.Key == "-race" && s.Value == "true":
			flags = append(flags, "-race")
		}
	}
	return strings.Join(flags, " ")
}

// repeat returns the command that repeats a unit of a test.
func repeat(test string, unit uint64, flags string) string {
	words := []string{"go test"}
	folder := "."
	if info, ok := debug.ReadBuildInfo(); ok {
		if module := strings.TrimPrefix(info.Main.Path, root); module != "" {
			words = append(words, "-C "+module[1:])
		}
		pkg := strings.TrimSuffix(strings.TrimSuffix(info.Path, ".test"), "_test")
		if rest := strings.TrimPrefix(pkg, info.Main.Path); rest != "" {
			folder = "." + rest
		}
	}
	if b := build(); b != "" {
		words = append(words, b)
	}
	words = append(words, folder, fmt.Sprintf("-run '^%s$' -campaign.unit=%d", test, unit))
	if flags != "" {
		words = append(words, flags)
	}
	return strings.Join(words, " ")
}
