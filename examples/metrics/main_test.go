// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// get scrapes the metrics and returns the value of each series as it is written.
func get(t *testing.T, addr string) map[string]float64 {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	out := make(map[string]float64)
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), " "); ok && name != "#" {
			if out[name], err = strconv.ParseFloat(value, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// TestScrape does known things by way of database/sql and finds them in what is served.
func TestScrape(t *testing.T) {
	registry := prometheus.NewRegistry()
	db, err := openWithMetrics(registry, filepath.Join(t.TempDir(), "test.lsm"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	addr, stop, err := serve(registry, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const commits, rowBytes = 20, 8 + 1000
	for i := range commits {
		if _, err := db.Exec("INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("%08d", i), strings.Repeat("v", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []string{"PRAGMA flush", "PRAGMA checkpoint"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	var pages, checkpointSize float64
	if err := db.QueryRow("PRAGMA pages_written").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("PRAGMA checkpoint_size").Scan(&checkpointSize); err != nil {
		t.Fatal(err)
	}
	m := get(t, addr)
	label := `{db="test.lsm"}`
	if pages < 5 || checkpointSize != 0 {
		t.Errorf("%v pages were written, %v bytes are not checkpointed", pages, checkpointSize)
	}
	for series, want := range map[string]float64{
		"write_times_s_count" + label:                  commits,
		"work_kbs_count" + label:                       1,
		"work_kbs_sum" + label:                         pages * 4,
		"work_times_s_count" + label:                   1,
		"checkpoint_kbs_count" + label:                 1,
		"checkpoint_kbs_sum" + label:                   pages * 4,
		"checkpoint_times_s_count" + label:             1,
		"lsmlite_commits_total" + label:                commits,
		"lsmlite_committed_bytes_total" + label:        commits * rowBytes,
		"lsmlite_flushes_total" + label:                1,
		"lsmlite_segments" + label:                     1,
		"lsmlite_uncheckpointed_bytes" + label:         0,
		`work_kbs_bucket{db="test.lsm",le="+Inf"}`:     1,
		`work_kbs_bucket{db="test.lsm",le="64"}`:       1,
		`lsmlite_tree_bytes{db="test.lsm",tree="old"}`: 0,
	} {
		if got, ok := m[series]; !ok || got != want {
			t.Errorf("%s is %v (there: %v), want %v", series, got, ok, want)
		}
	}
	for _, series := range []string{"write_times_s_sum", "work_times_s_sum", "checkpoint_times_s_sum"} {
		if s := m[series+label]; s <= 0 || s > 600 {
			t.Errorf("%s is %v", series, s)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for series := range get(t, addr) {
		if strings.Contains(series, label) {
			t.Errorf("%s is still served after the end of the database", series)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// TestRun runs the whole program for a moment and scrapes it meanwhile.
func TestRun(t *testing.T) {
	out, in := io.Pipe()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		ended <- run(ctx, in, "127.0.0.1:0", filepath.Join(t.TempDir(), "run.lsm"), time.Minute)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	addr := ""
	for addr == "" && lines.Scan() {
		if m := regexp.MustCompile(`http://([^/]+)/metrics`).FindStringSubmatch(lines.Text()); m != nil {
			addr = m[1]
		}
	}
	if addr == "" {
		t.Fatalf("it did not say where it serves: %v", <-ended)
	}
	const commits = `write_times_s_count{db="run.lsm"}`
	seen := 0.0
	for deadline := time.Now().Add(time.Minute); seen < 3 && time.Now().Before(deadline); {
		seen = get(t, addr)[commits]
	}
	if seen < 3 {
		t.Errorf("%v commits in a minute", seen)
	}
	cancel()
	total := -1
	for lines.Scan() {
		if m := regexp.MustCompile(`^(\d+) transactions`).FindStringSubmatch(lines.Text()); m != nil {
			total, _ = strconv.Atoi(m[1])
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if float64(total) < seen {
		t.Errorf("it reports %d commits; %v were seen", total, seen)
	}
	if _, err := http.Get("http://" + addr + "/metrics"); err == nil {
		t.Error("it still serves")
	}
}

// TestDashboard: every metric that the dashboard asks for is exported, with the labels
// that it asks for.
func TestDashboard(t *testing.T) {
	raw, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}

	registry := prometheus.NewRegistry()
	db, err := openWithMetrics(registry, ":memory:", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exported := make(map[string]map[string]bool) // name → labels
	for _, f := range families {
		labels := make(map[string]bool)
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[l.GetName()] = true
		}
		name := f.GetName()
		exported[name] = labels
		if f.GetMetric()[0].GetHistogram() != nil {
			delete(exported, name) // there is no series of this name
			exported[name+"_sum"], exported[name+"_count"] = labels, labels
			exported[name+"_bucket"] = map[string]bool{"db": true, "le": true}
		}
	}

	selector := regexp.MustCompile(`([a-z_]+)\{([^}]*)\}`)
	grouping := regexp.MustCompile(`by \(([^)]*)\)`)
	legend := regexp.MustCompile(`\{\{(\w+)\}\}`)
	used := make(map[string]bool)
	ids := make(map[int]bool)
	taken := make(map[[2]int]string)
	for _, p := range dashboard.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			names := selector.FindAllStringSubmatch(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q: no metric in %s", p.Title, target.Expr)
			}
			labels := map[string]bool{"db": true}
			for _, m := range names {
				is, ok := exported[m[1]]
				if !ok {
					t.Errorf("panel %q asks for %s, which is not exported", p.Title, m[1])
				}
				used[m[1]] = true
				for l := range is {
					labels[l] = true
				}
				if m[2] != `db=~"$db"` {
					t.Errorf("panel %q: selector %s", p.Title, m[2])
				}
			}
			asked := grouping.FindAllStringSubmatch(target.Expr, -1)
			for _, m := range append(asked, legend.FindAllStringSubmatch(target.LegendFormat, -1)...) {
				for l := range strings.SplitSeq(m[1], ",") {
					if l = strings.TrimSpace(l); !labels[l] {
						t.Errorf("panel %q asks for label %s, which its metrics do not have: %s", p.Title, l, target.Expr)
					}
				}
			}
		}
	}
	for _, name := range []string{"write_times_s", "work_kbs", "work_times_s", "checkpoint_kbs", "checkpoint_times_s"} {
		if !used[name+"_bucket"] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	variable := false
	for _, v := range dashboard.Templating.List {
		if v.Name == "db" {
			m := regexp.MustCompile(`^label_values\((\w+), db\)$`).FindStringSubmatch(v.Definition)
			variable = m != nil && exported[m[1]]["db"]
		}
	}
	if !variable {
		t.Error("the variable db is not filled from an exported metric")
	}
}
