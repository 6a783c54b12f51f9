// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// List is what is known not to run, and why.
//
//	reason NAME: text               a reason that several functions share
//	folder function 3 NAME          at most three statements do not run, for that reason
//	folder function 3: text         the same with a reason of its own
type List struct {
	Comment []string          // the lines before the first reason or function
	Reasons map[string]string // by name
	Entries map[[2]string]Entry
}

// Entry is one function of the list.
type Entry struct {
	Most   int    // statements that do not run
	Reason string // its name
	Text   string // or the reason itself
}

// Unknown stands for a reason that is yet to be found.
const Unknown = "?"

// ReadList reads a list. Each reason has to be defined and used, or Unknown.
func ReadList(r io.Reader) (*List, error) {
	l := &List{Reasons: make(map[string]string), Entries: make(map[[2]string]Entry)}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if err := l.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	used := make(map[string]bool)
	for key, e := range l.Entries {
		if used[e.Reason] = true; e.Reason != "" && e.Reason != Unknown && l.Reasons[e.Reason] == "" {
			return nil, fmt.Errorf("%s %s: there is no reason %q", key[0], key[1], e.Reason)
		}
	}
	for name := range l.Reasons {
		if !used[name] {
			return nil, fmt.Errorf("no function has the reason %q", name)
		}
	}
	return l, nil
}

func (l *List) line(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return nil
	case strings.HasPrefix(text, "#"):
		if len(l.Reasons)+len(l.Entries) == 0 {
			l.Comment = append(l.Comment, text)
		}
		return nil
	}
	before, own, colon := strings.Cut(text, ": ")
	own = strings.TrimSpace(own)
	words := strings.Fields(before)
	if len(words) == 2 && words[0] == "reason" && colon && own != "" {
		l.Reasons[words[1]] = own
		return nil
	}
	if colon && (own == "" || len(words) != 3) || !colon && len(words) != 4 {
		return fmt.Errorf("%q: want a folder, a function, a number and a reason", text)
	}
	most, err := strconv.Atoi(words[2])
	if err != nil || most < 1 {
		return fmt.Errorf("%q: %q is no number of statements", text, words[2])
	}
	key := [2]string{words[0], words[1]}
	if _, twice := l.Entries[key]; twice {
		return fmt.Errorf("%q: it is there twice", text)
	}
	e := Entry{Most: most, Text: own}
	if !colon {
		e.Reason = words[3]
	}
	l.Entries[key] = e
	return nil
}

// Check compares a result with the list. Wrong are totals below the least and functions of which more does not run than
// the list has; spare are entries of which less does not run. Spare ones are no fault: not every run meets the same
// orders of goroutines.
func (l *List) Check(r *Result, least float64) (wrong, spare []string) {
	statements, lines := r.Total.Percent()
	if lines < least || statements < least {
		wrong = append(wrong, fmt.Sprintf("%.2f %% of the statements and %.2f %% of the lines have run: want %.0f %%", statements, lines, least))
	}
	missing := missingOf(r)
	for _, key := range sortedKeys(missing) {
		e, ok := l.Entries[key]
		switch n := missing[key]; {
		case !ok || e.Reason == Unknown:
			wrong = append(wrong, fmt.Sprintf("%s %s: %d statements do not run, and the list has no reason", key[0], key[1], n))
		case n > e.Most:
			wrong = append(wrong, fmt.Sprintf("%s %s: %d statements do not run, the list has %d", key[0], key[1], n, e.Most))
		}
	}
	for _, key := range sortedKeys(l.Entries) {
		if n, e := missing[key], l.Entries[key]; n < e.Most {
			spare = append(spare, fmt.Sprintf("%s %s: %d statements do not run, the list has %d", key[0], key[1], n, e.Most))
		}
	}
	return wrong, spare
}

// missingOf counts the statements that have not run, by folder and function.
func missingOf(r *Result) map[[2]string]int {
	missing := make(map[[2]string]int)
	for _, p := range r.Packages {
		for _, f := range p.Functions {
			if n := f.Statements - f.StatementsRan; n > 0 {
				missing[[2]string{p.Folder, f.Name}] += n
			}
		}
	}
	return missing
}

// Update makes the numbers those of a result, drops functions that run, and adds those that are missing, without a
// reason.
func (l *List) Update(r *Result) {
	old := l.Entries
	l.Entries = make(map[[2]string]Entry)
	for key, n := range missingOf(r) {
		e, ok := old[key]
		if !ok {
			e.Reason = Unknown
		}
		e.Most = n
		l.Entries[key] = e
	}
}

// Raise is Update for one run of several, of which each may miss what another one meets: it lowers no number, and drops
// no function.
func (l *List) Raise(r *Result) {
	for key, n := range missingOf(r) {
		e, ok := l.Entries[key]
		if !ok {
			e.Reason = Unknown
		}
		e.Most = max(e.Most, n)
		l.Entries[key] = e
	}
}

// Write writes the list as ReadList reads it.
func (l *List) Write(w io.Writer) error {
	var b strings.Builder
	for _, text := range l.Comment {
		b.WriteString(text + "\n")
	}
	for i, name := range slices.Sorted(maps.Keys(l.Reasons)) {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "reason %s: %s\n", name, l.Reasons[name])
	}
	last := ""
	for _, key := range sortedKeys(l.Entries) {
		if key[0] != last {
			b.WriteString("\n")
			last = key[0]
		}
		e := l.Entries[key]
		if e.Reason != "" {
			fmt.Fprintf(&b, "%s %s %d %s\n", key[0], key[1], e.Most, e.Reason)
		} else {
			fmt.Fprintf(&b, "%s %s %d: %s\n", key[0], key[1], e.Most, e.Text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sortedKeys[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
}
