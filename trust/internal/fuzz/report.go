// SPDX-License-Identifier: Apache-2.0

package fuzz

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Result is how a run of a target went.
type Result string

const (
	Passed   Result = "passed"
	Failed   Result = "failed"
	CutShort Result = "cut short"
)

// Report is what is kept of the newest run of a target.
type Report struct {
	Target
	Result  Result    `json:"result"`
	Begun   time.Time `json:"begun"`
	Commit  string    `json:"commit"`
	Seconds float64   `json:"seconds"` // building and first inputs included
	Fuzzed  float64   `json:"fuzzed"`  // seconds of these in which inputs were made
	Inputs  int64     `json:"inputs"`  // that were tried
	Kept    int64     `json:"kept"`    // that led to places which no other one had led to, in all runs
	Output  string    `json:"output,omitempty"`
}

// Failed reports whether the target has failed.
func (r Report) Failed() bool { return r.Result == Failed }

// Done reports whether the target was run for a time without a failure.
func (r Report) Done(d time.Duration) bool { return r.Result == Passed && r.Fuzzed >= d.Seconds()-1 }

func (r Report) String() string {
	s := fmt.Sprintf("%d inputs in %s, %d kept", r.Inputs, time.Duration(r.Fuzzed)*time.Second, r.Kept)
	if r.Output != "" {
		s += "\n" + r.Output
	}
	return s
}

// progress is a line that Go prints each three seconds.
var progress = regexp.MustCompile(`(?m)^fuzz: elapsed: (\S+), execs: (\d+) .*\(total: (\d+)\)`)

// read takes the numbers out of what Go has printed.
func (r *Report) read(out []byte) {
	lines := progress.FindAllSubmatch(out, -1)
	if len(lines) == 0 {
		return
	}
	last := lines[len(lines)-1]
	if d, err := time.ParseDuration(string(last[1])); err == nil {
		r.Fuzzed = d.Seconds()
	}
	r.Inputs, _ = strconv.ParseInt(string(last[2]), 10, 64)
	r.Kept, _ = strconv.ParseInt(string(last[3]), 10, 64)
}

// maxTail is how much is kept of what a target that fails has printed.
const maxTail = 16 << 10

func tail(out []byte) string {
	kept := progress.ReplaceAll(out, nil)
	return strings.ToValidUTF8(strings.TrimSpace(string(kept[max(0, len(kept)-maxTail):])), "?")
}

func fileOf(dir string, t Target) string {
	return filepath.Join(dir, strings.ReplaceAll(t.Path(), "/", "-")+".json")
}

// ReadReport reads the report of a target.
func ReadReport(dir string, t Target) (r Report, err error) {
	b, err := os.ReadFile(fileOf(dir, t))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err == nil && r.Path() != t.Path() {
		err = fmt.Errorf("the report of %s is about %s", t.Path(), r.Path())
	}
	return r, err
}

// write writes the report in place of the one before.
func (r Report) write(dir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := fileOf(dir, r.Target)
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
