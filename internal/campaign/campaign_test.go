// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign/report"
)

// A judge is a test that is only asked whether it failed.
type judge struct {
	testing.TB
	mu     sync.Mutex
	errors []string
}

func (j *judge) Helper()             {}
func (j *judge) Log(...any)          {}
func (j *judge) Logf(string, ...any) {}
func (j *judge) Error(args ...any)   { j.Errorf("%s", fmt.Sprint(args...)) }
func (j *judge) Fatal(args ...any)   { j.Errorf("%s", fmt.Sprint(args...)); panic(j) }

func (j *judge) Errorf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.errors = append(j.errors, fmt.Sprintf(format, args...))
}

func (j *judge) Failed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.errors) > 0
}

// try runs a campaign and returns what it reported, as errors of the test.
func try(t *testing.T, c Campaign, q request) []string {
	t.Helper()
	j := &judge{TB: t}
	if q.workers == 0 {
		q.workers = 3
	}
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(j) {
				panic(p)
			}
		}()
		runRequest(j, c, q)
	}()
	return j.errors
}

func readReport(t *testing.T, folder, name string) *report.Report {
	t.Helper()
	r, err := report.Read(folder, name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counted is a campaign of three cases a unit that notes the numbers of its units.
func counted(units *[]uint64) Campaign {
	var mu sync.Mutex
	return Campaign{Name: "counted", Cases: "things", Goal: 30, Brief: 4, Unit: func(unit uint64, tally *Tally) error {
		mu.Lock()
		defer mu.Unlock()
		*units = append(*units, unit)
		tally.Add(3)
		tally.Count("odd", int(unit%2))
		if unit == 2 {
			tally.Mark("two")
		}
		return nil
	}}
}

// TestRunsGoOnWhereTheReportEnds runs a campaign briefly, then to its goal, then again, when nothing is left.
func TestRunsGoOnWhereTheReportEnds(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "reports")
	var units []uint64
	c := counted(&units)
	c.Marks = []string{"two"}
	steps := []struct {
		q    request
		want []uint64
		done int64
	}{
		{request{}, []uint64{0, 1, 2, 3}, 12},
		{request{cases: 13, workers: 1}, []uint64{4}, 15},
		{request{goal: true, workers: 1}, []uint64{5, 6, 7, 8, 9}, 30},
		{request{goal: true}, nil, 30},
	}
	for i, s := range steps {
		units = nil
		s.q.reports, s.q.revision = folder, fmt.Sprint("revision ", i)
		if errs := try(t, c, s.q); errs != nil {
			t.Fatal(errs)
		}
		slices.Sort(units)
		if !slices.Equal(units, s.want) {
			t.Errorf("run %d: units %v, want %v", i, units, s.want)
		}
		r := readReport(t, folder, c.Name)
		if r.Done != s.done || r.Next != uint64(s.done/3) || r.Counts["odd"] != s.done/3/2 || r.Marks["two"] != 1 || len(r.Legs) != i+1 {
			t.Errorf("run %d: the report says %+v", i, r)
		}
		if l := r.Legs[i]; l.Revision != fmt.Sprint("revision ", i) || l.Cases != int64(3*len(s.want)) {
			t.Errorf("run %d: the report says %+v of it", i, l)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// TestFailedUnit lets a unit fail while later ones end well: the report ends before it, and the next run begins
// with it.
func TestFailedUnit(t *testing.T) {
	folder := t.TempDir()
	var mended atomic.Bool
	var tried atomic.Int64
	c := Campaign{Name: "fails", Cases: "things", Goal: 100, Brief: 50, Unit: func(unit uint64, tally *Tally) error {
		tally.Add(1)
		switch {
		case unit != 5 || mended.Load():
			return nil
		case tried.Add(1) == 1:
			return errors.New("a row is missing")
		}
		panic("out of range")
	}}
	for _, want := range []string{"a row is missing", "panic: out of range"} {
		errs := try(t, c, request{reports: folder})
		if len(errs) != 1 || !strings.Contains(errs[0], want) || !strings.Contains(errs[0], "unit 5") {
			t.Fatalf("errors %q, want one of unit 5: %s", errs, want)
		}
		command := "go test ./internal/campaign -run '^TestFailedUnit$' -campaign.unit=5"
		if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(errs[0], " -race", ""), " -tags invariants", ""), command) {
			t.Errorf("%q does not name the command %q", errs[0], command)
		}
		if r := readReport(t, folder, c.Name); r.Next != 5 || r.Done != 5 || !strings.Contains(r.Failures[len(r.Failures)-1].Error, want) {
			t.Fatalf("the report says %+v", r)
		}
	}
	mended.Store(true)
	if errs := try(t, c, request{reports: folder}); errs != nil {
		t.Fatal(errs)
	}
	if r := readReport(t, folder, c.Name); r.Next != 55 || r.Done != 55 || len(r.Failures) != 2 {
		t.Errorf("the report says %+v", r)
	}
}

// TestUnitAlone runs one unit, which leaves the report as it was.
func TestUnitAlone(t *testing.T) {
	folder := t.TempDir()
	var units []uint64
	if errs := try(t, counted(&units), request{one: true, unit: 17, reports: folder}); errs != nil {
		t.Fatal(errs)
	}
	if !slices.Equal(units, []uint64{17}) {
		t.Errorf("units %v", units)
	}
	if _, err := os.Stat(report.FileName(folder, "counted")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a report: %v", err)
	}
}

// TestMarksThatAreNeverMet wants a run to fail that is long enough and met a state never.
func TestMarksThatAreNeverMet(t *testing.T) {
	var units []uint64
	c := counted(&units)
	c.Marks = []string{"two", "three"}
	if errs := try(t, c, request{}); len(errs) != 1 || !strings.Contains(errs[0], "three") {
		t.Errorf("errors %q, want that three was never met", errs)
	}
	if errs := try(t, c, request{cases: 3, workers: 1}); errs != nil {
		t.Errorf("a run of a single unit: %q", errs)
	}
}

// TestReportsThatDoNotFit wants a run to refuse what is not its report, and to leave it as it is.
func TestReportsThatDoNotFit(t *testing.T) {
	for _, text := range []string{"", "{", `{"name":"other","cases":"things"}`, `{"name":"counted","cases":"others"}`} {
		folder := t.TempDir()
		if err := os.WriteFile(report.FileName(folder, "counted"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		var units []uint64
		errs := try(t, counted(&units), request{reports: folder})
		if len(errs) != 1 || !strings.Contains(errs[0], folder) || units != nil {
			t.Errorf("%q: errors %q, units %v", text, errs, units)
		}
		if now, err := os.ReadFile(report.FileName(folder, "counted")); err != nil || string(now) != text {
			t.Errorf("%q became %q, %v", text, now, err)
		}
	}
}

// TestRunEndsInTime lets the time of a run, and that of the test, come to an end.
func TestRunEndsInTime(t *testing.T) {
	c := Campaign{Name: "time", Cases: "things", Goal: 1 << 40, Brief: 1, Unit: func(unit uint64, tally *Tally) error {
		tally.Add(1)
		time.Sleep(time.Millisecond)
		return nil
	}}
	if errs := try(t, c, request{forTime: 50 * time.Millisecond}); errs != nil {
		t.Error(errs)
	}
	if errs := try(t, c, request{goal: true, forTime: 50 * time.Millisecond}); errs != nil {
		t.Error(errs)
	}
	if errs := try(t, c, request{goal: true, until: time.Now().Add(50 * time.Millisecond)}); errs != nil {
		t.Error(errs)
	}
}

// TestReportBesidesTheRun wants a report while the run is under way, and no unit far ahead of one that takes long.
func TestReportBesidesTheRun(t *testing.T) {
	folder := t.TempDir()
	var begun atomic.Int64
	c := Campaign{Name: "long", Cases: "things", Goal: 1 << 40, Brief: window + 50, Unit: func(unit uint64, tally *Tally) error {
		tally.Add(1)
		begun.Add(1)
		if unit != 10 {
			return nil
		}
		for begun.Load() < window+10 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
		if n := begun.Load(); n > window+10 {
			return fmt.Errorf("%d units have begun while number 10 has not ended", n)
		}
		if r, err := os.ReadFile(report.FileName(folder, "long")); err != nil || !strings.Contains(string(r), `"next": 10,`) {
			return fmt.Errorf("the report says %s, %v", r, err)
		}
		return nil
	}}
	if errs := try(t, c, request{reports: folder, every: 1}); errs != nil {
		t.Error(errs)
	}
}
