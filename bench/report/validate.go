// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// The limits of a run, so that a file that is not one cannot fill tables or memory.
const (
	maxStores      = 64
	maxResults     = 20_000
	maxRepetitions = 200 // of a result
	maxExtra       = 64  // numbers of a repetition
	maxWords       = 512 // of a command, and notes
	maxName        = 80  // bytes of a name
	maxText        = 4096
)

// Validate returns an error that says what is wrong with the first thing that is.
func (run *Run) Validate() error {
	if err := run.validate(); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

func (run *Run) validate() error {
	switch {
	case run.Version != Version:
		return fmt.Errorf("version %d, want %d: %w", run.Version, Version, ErrVersion)
	case run.Started.IsZero():
		return fmt.Errorf("the date is missing")
	case len(run.Stores) > maxStores:
		return fmt.Errorf("%d stores; %d are the most", len(run.Stores), maxStores)
	case len(run.Results) > maxResults:
		return fmt.Errorf("%d results; %d are the most", len(run.Results), maxResults)
	case len(run.Command) > maxWords || len(run.Notes) > maxWords:
		return fmt.Errorf("more than %d arguments or notes", maxWords)
	}
	for _, s := range append(append([]string{}, run.Command...), run.Notes...) {
		if err := checkText(s); err != nil {
			return fmt.Errorf("command or note: %w", err)
		}
	}
	if err := run.Machine.validate(); err != nil {
		return fmt.Errorf("machine: %w", err)
	}
	stores, err := run.validateStores()
	if err != nil {
		return err
	}
	type row struct {
		store, workload string
		params          Params
	}
	seen := make(map[row]bool, len(run.Results))
	for i := range run.Results {
		r := &run.Results[i]
		if err := r.validate(); err != nil {
			return fmt.Errorf("result %d (%.80q, %.80q): %w", i, r.Store, r.Workload, err)
		}
		if !stores[r.Store] {
			return fmt.Errorf("result %d (%q): the store %q is not in the list of stores", i, r.Workload, r.Store)
		}
		at := row{r.Store, r.Workload, r.Params}
		if seen[at] {
			return fmt.Errorf("result %d: a second one for %q, %q, %+v", i, r.Store, r.Workload, r.Params)
		}
		seen[at] = true
	}
	return nil
}

func (run *Run) validateStores() (map[string]bool, error) {
	names := make(map[string]bool, len(run.Stores))
	for i := range run.Stores {
		s := &run.Stores[i]
		if err := checkName(s.Name); err != nil {
			return nil, fmt.Errorf("store %d: %w", i, err)
		}
		if names[s.Name] {
			return nil, fmt.Errorf("store %d: a second one called %q", i, s.Name)
		}
		names[s.Name] = true
		if err := checkText(s.Version); err != nil {
			return nil, fmt.Errorf("store %q: version: %w", s.Name, err)
		}
		for class, text := range s.Settings {
			if err := class.validate(); err != nil {
				return nil, fmt.Errorf("store %q: %w", s.Name, err)
			}
			if err := checkText(text); err != nil {
				return nil, fmt.Errorf("store %q: settings: %w", s.Name, err)
			}
		}
	}
	return names, nil
}

func (m *Machine) validate() error {
	for _, s := range []string{m.CPU, m.OS, m.Kernel, m.FileSystem, m.Go} {
		if err := checkText(s); err != nil {
			return err
		}
	}
	if m.Cores < 1 || m.MemoryBytes < 0 {
		return fmt.Errorf("%d cores, %d bytes of memory", m.Cores, m.MemoryBytes)
	}
	return nil
}

func (c Class) validate() error {
	if c != Normal && c != Full {
		return fmt.Errorf("class %.80q; want %q or %q", string(c), string(Normal), string(Full))
	}
	return nil
}

func (r *Result) validate() error {
	for _, name := range []string{r.Store, r.Workload, r.Unit} {
		if err := checkName(name); err != nil {
			return err
		}
	}
	if err := r.Params.validate(); err != nil {
		return err
	}
	if err := checkText(r.Failure); err != nil {
		return fmt.Errorf("failure: %w", err)
	}
	switch n := len(r.Repetitions); {
	case n > maxRepetitions:
		return fmt.Errorf("%d repetitions; %d are the most", n, maxRepetitions)
	case (n == 0) != (r.Failure != ""):
		return fmt.Errorf("%d repetitions and failure %q; want either", n, r.Failure)
	}
	rounds := make(map[int]bool)
	for i := range r.Repetitions {
		rep := &r.Repetitions[i]
		if err := rep.validate(); err != nil {
			return fmt.Errorf("repetition %d: %w", i, err)
		}
		if rounds[rep.Round] {
			return fmt.Errorf("repetition %d: a second one of round %d", i, rep.Round)
		}
		rounds[rep.Round] = true
	}
	return nil
}

func (p *Params) validate() error {
	if err := p.Class.validate(); err != nil {
		return err
	}
	if min(int64(p.KeyBytes), int64(p.ValueBytes), int64(p.Batch), p.Rows, int64(p.Threads)) < 0 {
		return fmt.Errorf("a negative parameter: %+v", *p)
	}
	return nil
}

func (rep *Repetition) validate() error {
	switch {
	case rep.Round < 0:
		return fmt.Errorf("round %d", rep.Round)
	case rep.Ops < 1:
		return fmt.Errorf("%d operations", rep.Ops)
	case !(rep.WallSeconds > 0) || math.IsInf(rep.WallSeconds, 0):
		return fmt.Errorf("%v seconds", rep.WallSeconds)
	case !(rep.CPUSeconds >= 0) || math.IsInf(rep.CPUSeconds, 0):
		return fmt.Errorf("%v seconds of CPU time", rep.CPUSeconds)
	case len(rep.Extra) > maxExtra:
		return fmt.Errorf("%d other numbers; %d are the most", len(rep.Extra), maxExtra)
	}
	for _, n := range []*int64{
		rep.Allocs, rep.AllocBytes, rep.PeakAnonBytes, rep.DiskBytes, rep.WrittenBytes, rep.LogicalBytes,
		rep.CommitsLost, rep.CommitsChecked,
	} {
		if n != nil && *n < 0 {
			return fmt.Errorf("a count of %d", *n)
		}
	}
	for name, v := range rep.Extra {
		if err := checkName(name); err != nil {
			return err
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %v", name, v)
		}
	}
	if rep.Latency != nil {
		return rep.Latency.validate()
	}
	return nil
}

func (l *Latency) validate() error {
	if l.Count < 1 || l.P50 < 0 || l.P90 < l.P50 || l.P99 < l.P90 || l.P999 < l.P99 || l.Max < l.P999 {
		return fmt.Errorf("latencies in disorder: %+v", *l)
	}
	return nil
}

// checkName accepts what can stand in a cell, a file name and a flag: letters, digits, and a few
// signs.
func checkName(s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("a name of %d bytes; want 1 to %d", len(s), maxName)
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune(" -_./+=,", c) {
			return fmt.Errorf("the name %q contains %q", s, c)
		}
	}
	return nil
}

// checkText accepts printable text of bounded length.
func checkText(s string) error {
	if len(s) > maxText {
		return fmt.Errorf("a text of %d bytes; %d are the most", len(s), maxText)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%.80q is not UTF-8", s)
	}
	for _, c := range s {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return fmt.Errorf("%.80q contains %q", s, c)
		}
	}
	return nil
}
