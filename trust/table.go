// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign/report"
)

// table prints what the reports say.
func table(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	reports := flags.String("reports", "reports", "folder of the reports")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Fprint(out, "| what | goal | run | result | time | commit | command |\n| --- | --: | --: | --- | --: | --- | --- |\n")
	for _, c := range campaigns {
		r, err := report.Read(*reports, c.name)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(out, "| %s | %s | | not run | | | %s |\n", c.shows, c.goal, commandOf(c))
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %s %s | %s | %s | %s | %s | %s |\n", c.shows, thousands(r.Goal), r.Cases, thousands(r.Done), result(r),
			hours(report.Took(r)), revisions(r), commandOf(c))
	}
	return nil
}

func commandOf(c entry) string { return "`go run -C trust . run " + c.name + "`" }

// result says how a campaign stands.
func result(r *report.Report) string {
	open := false
	failed := make(map[uint64]bool)
	for _, f := range r.Failures {
		open = open || f.Unit >= r.Next
		failed[f.Unit] = true
	}
	text := "no failure"
	switch {
	case open:
		text = fmt.Sprintf("**unit %d fails**", r.Next)
	case len(failed) > 0:
		text = fmt.Sprintf("%d units failed, mended", len(failed))
	}
	if r.Done < r.Goal {
		text += ", under way"
	}
	return text
}

// revisions are the commits that a campaign ran at, in the order in which it did.
func revisions(r *report.Report) string {
	var all []string
	for _, l := range r.Legs {
		if !slices.Contains(all, l.Revision) {
			all = append(all, l.Revision)
		}
	}
	return strings.Join(all, ", ")
}

// hours is a time in hours and minutes, in minutes, or in seconds.
func hours(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	}
	return fmt.Sprintf("%d:%02d h", d/time.Hour, d%time.Hour/time.Minute)
}

// thousands writes a number with commas.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
