// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/measure/stats"
)

// Change is how a number of one store in one workload differs between two runs.
type Change struct {
	Store, Workload string
	Params          Params
	Metric          string
	Old, New        stats.Summary
	// Verdict compares the new numbers with the old ones: Smaller is that all of them are.
	Verdict stats.Verdict
	// Better says that the difference is an improvement; it is false where none is seen.
	Better bool
}

// Part is the change as a part of the old median; 0 if that is 0.
func (c *Change) Part() float64 {
	if c.Old.Median == 0 {
		return 0
	}
	return (c.New.Median - c.Old.Median) / c.Old.Median
}

// Comparison is that of two runs.
type Comparison struct {
	Changes []Change
	// OnlyOld and OnlyNew name what only one of the runs has measured.
	OnlyOld, OnlyNew []string
}

// Compare compares everything that two runs have measured with the same store, workload and
// parameters, in the order of the new run. metrics are names; nil is cpu and wall.
func Compare(before, after *Run, metrics []string) (*Comparison, error) {
	if metrics == nil {
		metrics = []string{"cpu", "wall"}
	}
	out := new(Comparison)
	left := make(map[string]*Result)
	for i := range before.Results {
		left[rowName(&before.Results[i])] = &before.Results[i]
	}
	for i := range after.Results {
		b := &after.Results[i]
		name := rowName(b)
		a := left[name]
		delete(left, name)
		if a == nil || a.Failure != "" || b.Failure != "" {
			out.oneSided(a, b, name)
			continue
		}
		for _, m := range metrics {
			c, ok, err := change(a, b, m)
			if err != nil {
				return nil, err
			}
			if ok {
				out.Changes = append(out.Changes, c)
			}
		}
	}
	for i := range before.Results {
		if name := rowName(&before.Results[i]); left[name] != nil && left[name].Failure == "" {
			out.OnlyOld = append(out.OnlyOld, name)
		}
	}
	return out, nil
}

// oneSided notes a row that only one run has measured. a is nil if the old run does not have it.
func (c *Comparison) oneSided(a, b *Result, name string) {
	switch {
	case b.Failure == "":
		c.OnlyNew = append(c.OnlyNew, name)
	case a != nil && a.Failure == "":
		c.OnlyOld = append(c.OnlyOld, name+" ("+b.Failure+")")
	}
}

func change(a, b *Result, metric string) (c Change, ok bool, err error) {
	m, known := FindMetric(metric)
	if !known {
		return c, false, fmt.Errorf("no metric %q; there are %s, and extra:NAME", metric, strings.Join(MetricNames(), ", "))
	}
	c = Change{Store: b.Store, Workload: b.Workload, Params: b.Params, Metric: m.Name,
		Old: stats.Summarize(m.values(a)), New: stats.Summarize(m.values(b))}
	if c.Old.N == 0 || c.New.N == 0 {
		return c, false, nil
	}
	c.Verdict = stats.Compare(c.New, c.Old)
	c.Better = c.Verdict == stats.Smaller && !m.Higher || c.Verdict == stats.Greater && m.Higher
	return c, true, nil
}

// rowName names a row of a run; two rows of one run have different names.
func rowName(r *Result) string {
	w := row{workload: r.Workload, params: r.Params}
	return fmt.Sprintf("%s, %s, %s, class %s", r.Store, w.label(), w.size(), r.Params.Class)
}

// Markdown writes the comparison as a table for each metric.
func (c *Comparison) Markdown(w io.Writer) error {
	var b strings.Builder
	var metrics []string
	of := make(map[string][]*Change)
	for i := range c.Changes {
		x := &c.Changes[i]
		if of[x.Metric] == nil {
			metrics = append(metrics, x.Metric)
		}
		of[x.Metric] = append(of[x.Metric], x)
	}
	for n, name := range metrics {
		m, _ := FindMetric(name)
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s (%s)\n\n| store | workload | rows | class | old | new | change | |\n", m.Title, m.Unit)
		b.WriteString("| --- | --- | --- | --- | ---: | ---: | ---: | --- |\n")
		for _, x := range of[name] {
			r := row{workload: x.Workload, params: x.Params}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %+.1f %% | %s |\n", x.Store, r.label(), r.size(), x.Params.Class,
				rangeText(x.Old), rangeText(x.New), 100*x.Part(), x.word())
		}
	}
	for _, side := range []struct {
		head  string
		names []string
	}{{"Only in the old run", c.OnlyOld}, {"Only in the new run", c.OnlyNew}} {
		if len(side.names) > 0 {
			fmt.Fprintf(&b, "\n%s:\n\n", side.head)
			for _, name := range side.names {
				fmt.Fprintf(&b, "- %s\n", cell(name))
			}
		}
	}
	b.WriteString(`
Old and new are medians with the smallest and the greatest repetition. The two runs differ if these
ranges do not overlap; "no difference seen" is that they do, and with fewer than 3 repetitions of
either nothing follows. The runs were made at different times: what else the machine did counts, too.
`)
	_, err := io.WriteString(w, b.String())
	return err
}

func rangeText(s stats.Summary) string {
	if s.N == 1 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

// word says what follows from the numbers.
func (c *Change) word() string {
	switch {
	case c.Verdict == stats.TooFew:
		return "too few repetitions"
	case c.Verdict == stats.Same:
		return "no difference seen"
	case c.Better:
		return "**better**"
	}
	return "**worse**"
}
