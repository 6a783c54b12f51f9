// SPDX-License-Identifier: Apache-2.0

package care

import (
	"fmt"
	"io"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// maxListed is how many stretches of keys of each kind the report lists for a person; in JSON all are.
const maxListed = 10

// reportLines collects the lines of a report.
type reportLines struct{ b strings.Builder }

func (l *reportLines) add(format string, args ...any) {
	l.b.WriteString(text.Message(fmt.Sprintf(format+"\n", args...)))
}

// list adds the first few of n things, and says how many more there are.
func (l *reportLines) list(n int, one func(i int) string) {
	for i := range min(n, maxListed) {
		l.add("    %s", one(i))
	}
	if n > maxListed {
		l.add("    and %d more; --json lists them", n-maxListed)
	}
}

// printReport writes the report of a rescue.
func printReport(w io.Writer, from, to string, r *engine.RecoverReport) error {
	var l reportLines
	l.add("%s: %s from %s", text.Name(to), plural(r.Rows, "row"), text.Name(from))
	l.how(r)
	l.sources(r)
	l.log(r)
	l.lost(r)
	l.doubts(r)
	for _, p := range r.Problems {
		l.add("Also: %s", p)
	}
	switch {
	case !r.Complete():
		l.add("Something is missing or may be stale. Keep %s and its log.", from)
	case r.Log.Torn: // a crash and damage look the same there
		l.add("Nothing else is missing. If the log ends in damage, commits after that place may be: keep %s and its log.", from)
	default:
		l.add("Nothing is missing.")
	}
	_, err := io.WriteString(w, l.b.String())
	return err
}

// how says how the segments were found.
func (l *reportLines) how(r *engine.RecoverReport) {
	switch {
	case r.Scanned:
		l.add("No checkpoint was used: all pages of the file were looked at, and segments put in order by what they say.")
	case r.Mended:
		l.add("No meta page was good; checkpoint %d was put together from what is left of them.", r.Checkpoint)
	default:
		l.add("Checkpoint %d led to the segments.", r.Checkpoint)
	}
	if r.Older {
		l.add("A newer checkpoint may be lost: every row may be older than the newest.")
	}
	if r.Unreadable > 0 {
		l.add("%d bytes of the file could not be read.", r.Unreadable)
	}
	if r.Unknown > 0 {
		l.add("%d bytes of the file are neither empty nor understood.", r.Unknown)
	}
	if r.Unverified > 0 {
		l.add("From pages without page sums, which C lsm1 wrote: %s. Damage inside values there is not noticed.", plural(r.Unverified, "row"))
	}
	l.add("Rows come from, newest first:")
}

// sources lists the sources, except those that have given nothing and lack nothing.
func (l *reportLines) sources(r *engine.RecoverReport) {
	var some []engine.RecoverSource
	for _, s := range r.Sources {
		if s.Rows > 0 || s.PagesLost > 0 {
			some = append(some, s)
		}
	}
	l.list(len(some), func(i int) string { return sourceLine(some[i]) })
	if n := len(r.Sources) - len(some); n > 0 {
		l.add("    and %d more, all of whose rows are older or deleted", n)
	}
}

// sourceLine describes a source.
func sourceLine(s engine.RecoverSource) string {
	line := fmt.Sprintf("%s: %s", s.Name, plural(s.Rows, "row"))
	if s.First > 0 {
		line += fmt.Sprintf(" of %s", plural(s.Pages, "page"))
	}
	if s.PagesLost > 0 {
		line += fmt.Sprintf(", %d lost", s.PagesLost)
	}
	if s.Guessed {
		line += "; its age is likely, not certain"
	}
	return line
}

// log says what the log has given.
func (l *reportLines) log(r *engine.RecoverReport) {
	if r.Log.Missing {
		l.add("There should be transactions in the log, and it has none: every row may be older than the newest.")
	}
	switch {
	case !r.Log.Found:
	case r.Log.DamagedAt >= 0:
		l.add("The log is damaged at byte %d: %d bytes were passed over, with %s after them.",
			r.Log.DamagedAt, r.Log.LostBytes, plural(r.Log.After, "transaction"))
	default:
		l.add("The log gave %s.", plural(r.Log.Transactions, "transaction"))
	}
	if r.Log.Torn {
		l.add("It ends with something that is no transaction: one that was not committed, as a crash leaves it, or damage.")
	}
}

// lost says what is missing.
func (l *reportLines) lost(r *engine.RecoverReport) {
	if r.PagesLost > 0 {
		l.add("Pages lost: %d of %d.", r.PagesLost, r.Pages)
	}
	if r.NumLost == 0 {
		return
	}
	l.add("Records are missing in %s of keys:", plural(r.NumLost, "stretch", "stretches"))
	l.list(len(r.Lost), func(i int) string {
		g := r.Lost[i]
		return fmt.Sprintf("after %s and before %s, in %s", bound(g.After, "the beginning"), bound(g.Before, "the end"), g.Source)
	})
}

// bound shows a key, or what no key stands for.
func bound(key []byte, none string) string {
	if key == nil {
		return none
	}
	return text.Show(key)
}

// doubts says which rows may not be the newest, or damaged.
func (l *reportLines) doubts(r *engine.RecoverReport) {
	if r.Stale.Rows > 0 {
		l.add("May be older than the newest, or deleted: %s:", plural(r.Stale.Rows, "row"))
		l.ranges(&r.Stale)
	}
	if r.Doubtful.Rows > 0 {
		l.add("With a page of zeros in the value, which may have been written over: %s:", plural(r.Doubtful.Rows, "row"))
		l.ranges(&r.Doubtful)
	}
}

func (l *reportLines) ranges(r *engine.RecoverRanges) {
	l.list(len(r.Ranges), func(i int) string {
		a := r.Ranges[i]
		line := fmt.Sprintf("%s to %s, %s from %s", text.Show(a.From), text.Show(a.To), plural(a.Rows, "row"), a.Source)
		if a.Newer != "" {
			line += "; newer records may have been in " + a.Newer
		}
		return line
	})
}
