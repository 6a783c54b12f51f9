// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign/report"
)

// A ledger is the report of a campaign while a run adds to it.
type ledger struct {
	*report.Report
	folder  string // "" for no file
	begunAt uint64 // Next when the run began
	before  int64  // Done when the run began
}

// openLedger reads the report of a campaign, if there is one, and begins the entry of this run.
func openLedger(q request, c Campaign) (*ledger, error) {
	l := &ledger{Report: report.New(c.Name, c.Cases, c.Goal), folder: q.reports}
	if l.folder != "" {
		switch r, err := report.Read(l.folder, c.Name); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case r.Name != c.Name || r.Cases != c.Cases:
			return nil, fmt.Errorf("%s: the report of %q, which counts %s, not of %q, which counts %s: use another folder",
				report.FileName(l.folder, c.Name), r.Name, r.Cases, c.Name, c.Cases)
		default:
			l.Report = r
		}
	}
	l.Goal, l.begunAt, l.before = c.Goal, l.Next, l.Done
	l.Legs = append(l.Legs, report.Leg{Begun: time.Now().UTC().Truncate(time.Second), Workers: q.workers,
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Build: build(), Revision: q.revision})
	return l, nil
}

// add adds what a unit did.
func (l *ledger) add(t *Tally) {
	l.Done += t.cases
	for kind, n := range t.counts {
		l.Counts[kind] += n
	}
	for state, n := range t.marks {
		l.Marks[state] += n
	}
	l.Next++
}

// write brings the entry of this run up to date and writes the report.
func (l *ledger) write(took time.Duration) error {
	leg := &l.Legs[len(l.Legs)-1]
	leg.Seconds, leg.Cases = took.Round(100*time.Millisecond).Seconds(), l.Done-l.before
	if l.folder == "" {
		return nil
	}
	return l.Write(l.folder)
}
