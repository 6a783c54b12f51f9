// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

var (
	damages    = flag.Int("rescue.damages", 400, "damages that TestDamages does")
	damageSeed = flag.Uint64("rescue.seed", 1, "seed of TestDamages")
	damageKind = flag.String("rescue.kind", "", "TestDamages does only kinds whose names contain this")
	damageOnly = flag.Int("rescue.only", -1, "TestDamages does only this one, and shows its report")
	damageName = flag.String("rescue.specimen", "", "TestDamages takes only specimens whose names contain this")
)

// tally counts rows over many damages.
type tally struct {
	damages int
	rows    int // of which no byte was damaged
	back    int // of these, that came back
	gone    int // all others
	stale   int // rows that are not the newest, and are named so
	// wrong rows that nothing names: because of pages without page sums that were damaged, of pages whose damage the
	// page sum did not find, and others, of which there must be none.
	unsummed, passed, unnamed int
	invented                  int // rows that were never written
}

func (a *tally) add(b *tally) {
	a.damages += b.damages
	a.rows += b.rows
	a.back += b.back
	a.gone += b.gone
	a.stale += b.stale
	a.unsummed += b.unsummed
	a.passed += b.passed
	a.unnamed += b.unnamed
	a.invented += b.invented
}

// touched reports whether any byte of a span was damaged.
func touched(before, after []byte, from, to int64) bool {
	if from > to { // the log has jumped
		from, to = 0, int64(len(before))
	}
	from, to = min(from, int64(len(before))), min(to, int64(len(before)))
	if to > int64(len(after)) {
		return true
	}
	return !bytes.Equal(before[from:to], after[from:to])
}

func (v *victim) intact(o *origin) bool {
	if o.log {
		return v.log != nil && !touched(v.specimen.log, v.log, o.from, o.to)
	}
	for _, s := range o.spans {
		if touched(v.specimen.data, v.data, s.From, s.To) {
			return false
		}
	}
	return true
}

// hidden reports whether what is newer than an old row may have been on a page without a page sum that was damaged:
// such damage can be one that nothing shows. In files of C lsm1 that may be any page.
func (v *victim) hidden(key string) bool {
	if v.ever == nil && !bytes.Equal(v.data, v.specimen.data) {
		return true
	}
	if o := v.rows[key]; o != nil {
		for _, s := range o.spans {
			if !s.Summed && touched(v.specimen.data, v.data, s.From, s.To) {
				return true
			}
		}
	}
	return false
}

// rescueVictim rescues a damaged database and counts what comes back.
func rescueVictim(t *testing.T, v *victim, scan bool) (c tally, text string) {
	c.damages = 1
	got := make(map[string]string)
	r := open(t, v.data, v.log, rescue.Options{Scan: scan})
	type row struct {
		key, value string
		spans      []rescue.Span
	}
	var odd []row
	if r != nil {
		for r.Next() {
			k, val := string(r.Key()), value(t, r)
			got[k] = val
			if o := v.rows[k]; o == nil || o.value != val {
				odd = append(odd, row{k, val, r.Spans()})
			}
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		r.Finish()
		if *damageOnly >= 0 {
			show(t, r)
		}
	}
	for k, o := range v.rows {
		if !v.intact(o) {
			c.gone++
			continue
		}
		c.rows++
		if val, ok := got[k]; ok && val == o.value {
			c.back++
		} else if text == "" {
			text = fmt.Sprintf("row %s does not come back, of %v", k, o.spans)
		}
	}
	all := r != nil && (r.Report.Older || r.Report.Scanned || r.Report.Log.Torn || r.Report.Log.Missing || r.Report.Log.DamagedAt >= 0)
	for _, o := range odd {
		key := []byte(o.key)
		known := v.ever == nil || v.ever[o.key+"\x00"+o.value]
		damaged, summed := false, false
		for _, s := range o.spans {
			if touched(v.specimen.data, v.data, s.From, s.To) {
				damaged, summed = true, summed || s.Summed
			}
		}
		switch {
		case known && (r.Report.Stale.Has(key) || r.Report.Doubtful.Has(key) || all):
			c.stale++
		case damaged && summed:
			c.passed++
		case damaged:
			c.unsummed++
		case !known:
			c.invented++
			text = "row " + o.key + " is invented"
		case v.hidden(o.key):
			c.unsummed++
		default:
			c.unnamed++
			text = "row " + o.key + " is not the newest and not named"
		}
	}
	return c, text
}

// TestDamages damages databases at random and rescues them. Of the rows of which no byte was damaged, almost all must
// come back; no row may be one that never was; and what is not the newest must be named.
func TestDamages(t *testing.T) {
	all := append(ours(t), golden(t)...)
	all = slices.DeleteFunc(all, func(s *specimen) bool { return !strings.Contains(s.name, *damageName) })
	use := slices.Clone(kinds)
	use = slices.DeleteFunc(use, func(k struct {
		name string
		do   func(v *victim)
	}) bool {
		return !strings.Contains(k.name, *damageKind)
	})
	counts := make(map[string]*tally)
	shown := make(map[string]int)
	progress := longtest.Start(t, 10*time.Second, *damages)
	for i := range *damages {
		progress.Step()
		if *damageOnly >= 0 && i != *damageOnly {
			continue
		}
		rng := rand.New(rand.NewPCG(*damageSeed, uint64(i)))
		s := all[rng.IntN(len(all))]
		kind := use[rng.IntN(len(use))]
		v := &victim{specimen: s, rng: rng, data: bytes.Clone(s.data), log: bytes.Clone(s.log)}
		kind.do(v)
		begun := time.Now()
		c, text := rescueVictim(t, v, false)
		if d := time.Since(begun); d > 2*time.Second {
			t.Logf("damage %d: %s, %s takes %v", i, s.name, kind.name, d)
		}
		origin := strings.Fields(s.name)[0]
		for _, name := range []string{"all", origin, origin + ": " + kind.name} {
			if counts[name] == nil {
				counts[name] = &tally{}
			}
			counts[name].add(&c)
		}
		if name := kind.name; text != "" && shown[name] < 3 {
			shown[name]++
			t.Logf("damage %d: %s, %s: %s; %d of %d came back, %d stale", i, s.name, kind.name, text, c.back, c.rows, c.stale)
		}
	}
	t.Logf("%-45s %7s %9s %9s %8s %8s %7s %8s %6s %7s %8s", "", "damages", "rows", "back", "percent", "gone", "stale", "unsummed", "passed", "unnamed", "invented")
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		t.Logf("%-45s %7d %9d %9d %8.3f %8d %7d %8d %6d %7d %8d", name, c.damages, c.rows, c.back,
			100*float64(c.back)/float64(max(c.rows, 1)), c.gone, c.stale, c.unsummed, c.passed, c.unnamed, c.invented)
	}
	c := counts["all"]
	if float64(c.back) < 0.99*float64(c.rows) {
		t.Errorf("%d of %d rows came back", c.back, c.rows)
	}
	if c.invented > 0 || c.unnamed > 0 || 500*c.unsummed > c.rows || 5000*c.passed > c.rows {
		t.Errorf("%d rows are invented, %d older ones not named; %d are wrong because of pages without sums, %d despite them",
			c.invented, c.unnamed, c.unsummed, c.passed)
	}
}

func show(t *testing.T, r *rescue.Rescue) {
	rep := &r.Report
	t.Logf("checkpoint %d scanned %v mended %v older %v; %d pages, %d lost; %d gaps, %d stale, log %+v, %q", rep.Checkpoint,
		rep.Scanned, rep.Mended, rep.Older, rep.Pages, rep.PagesLost, rep.Lost.N, rep.Stale.Rows, rep.Log, rep.Problems)
	for _, s := range rep.Sources {
		t.Logf("  %+v", *s)
	}
	for _, g := range rep.Lost.List {
		t.Logf("  lost in %s: %.40q to %.40q", g.Source, deref(g.After), deref(g.Before))
	}
}

func deref(b *[]byte) string {
	if b == nil {
		return "-"
	}
	return string(*b)
}
