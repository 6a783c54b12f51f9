// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// List prints the platforms.
func List(out io.Writer) {
	for _, p := range All {
		fmt.Fprintf(out, "%-16s %s\n", p.Name, p.Shows)
	}
}

// Table prints what the reports say, one row for each platform, and then which tests failed, skipped themselves or were
// left out, by reason. The names of those that did not fail are in the reports.
func Table(folder string, out io.Writer) error {
	var reports []Report
	fmt.Fprint(out, "| platform | packages | tests passed | failed | skipped | left out | time | command |\n"+
		"| --- | --: | --: | --: | --: | --: | --: | --- |\n")
	for _, p := range All {
		r, err := Read(folder, p.Name)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		command := "`go run -C trust . platforms " + p.Name + "`"
		if len(r.Packages) == 0 {
			fmt.Fprintf(out, "| %s | | not run | | | | | %s |\n", p.Shows, command)
			continue
		}
		sum := r.sum()
		packages := fmt.Sprint(r.All)
		if len(r.Packages) < r.All {
			packages = fmt.Sprintf("%d of %d", len(r.Packages), r.All)
		}
		fmt.Fprintf(out, "| %s | %s | %d | %d | %d | %d | %s | %s |\n", p.Shows, packages, sum.Passed, len(sum.Failed), len(sum.Skipped),
			len(sum.Left), minutes(sum.Seconds), command)
	}
	fmt.Fprint(out, "\n| platform | tests | |\n| --- | --- | --- |\n")
	for _, r := range reports {
		sum := r.sum()
		for _, n := range sum.Failed {
			fmt.Fprintf(out, "| `%s` | `%s` | failed: %s |\n", r.Platform, n.Test, oneLine(n.Why))
		}
		byReason(r.Platform, "left out", sum.Left, out)
		byReason(r.Platform, "skipped", sum.Skipped, out)
	}
	return nil
}

// sum adds up the packages of a report.
func (r Report) sum() (sum Result) {
	for _, x := range r.Packages {
		sum.Passed += x.Passed
		sum.Failed = append(sum.Failed, x.Failed...)
		sum.Skipped = append(sum.Skipped, x.Skipped...)
		sum.Left = append(sum.Left, x.Left...)
		sum.Seconds += x.Seconds
	}
	return sum
}

// byReason prints how many tests have each reason, in the order in which the reasons come first.
func byReason(platform, what string, notes []Note, out io.Writer) {
	count := make(map[string]int)
	var whys []string
	for _, n := range notes {
		if count[n.Why] == 0 {
			whys = append(whys, n.Why)
		}
		count[n.Why]++
	}
	for _, why := range whys {
		fmt.Fprintf(out, "| `%s` | %d | %s: %s |\n", platform, count[why], what, oneLine(why))
	}
}

// oneLine is a text as it may stand in a table.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "\\|")
}

// minutes is a time in minutes and seconds.
func minutes(seconds float64) string {
	d := time.Duration(seconds) * time.Second
	return fmt.Sprintf("%d:%02d min", d/time.Minute, d%time.Minute/time.Second)
}
