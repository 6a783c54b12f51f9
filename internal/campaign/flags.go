// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"flag"
	"runtime"
	"testing"
	"time"
)

var (
	flagGoal     = flag.Bool("campaign.goal", false, "run until the goal of the campaign has been reached")
	flagCases    = flag.Int64("campaign.cases", 0, "run until the report counts so many cases")
	flagFor      = flag.Duration("campaign.for", 0, "run units for so long")
	flagUnit     = flag.Int64("campaign.unit", -1, "run this unit only, and write no report")
	flagWorkers  = flag.Int("campaign.workers", runtime.GOMAXPROCS(0), "how many units run at once")
	flagReports  = flag.String("campaign.reports", "", "folder of the reports; a run goes on where its report ends")
	flagRevision = flag.String("campaign.revision", "", "of which sources the report says that they were tried")
)

// beforeTimeout is how long before its timeout a test begins no further unit.
const beforeTimeout = time.Minute

// A request is what is wanted of a run.
type request struct {
	goal     bool          // until the goal has been reached
	cases    int64         // until so many have been counted, unless 0
	forTime  time.Duration // so long, unless 0
	one      bool          // the unit alone
	unit     uint64
	workers  int
	reports  string // folder, or "" for no report
	revision string
	until    time.Time     // when the last unit may begin, unless zero
	every    time.Duration // between two reports of one run
}

// requested returns what the flags say.
func requested(t testing.TB) request {
	q := request{goal: *flagGoal, cases: *flagCases, forTime: *flagFor, one: *flagUnit >= 0, unit: uint64(max(*flagUnit, 0)),
		workers: max(*flagWorkers, 1), reports: *flagReports, revision: *flagRevision, every: 20 * time.Second}
	if q.one {
		q.workers = 1
	}
	if t, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := t.Deadline(); ok {
			q.until = deadline.Add(-beforeTimeout)
		}
	}
	return q
}
