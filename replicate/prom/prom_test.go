// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
	"github.com/lsmlite/lsmlite-go/replicate/prom"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// TestMetrics holds that the metrics are those of the status.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := engine.Open(t.Context(), filepath.Join(dir, "my.lsm"), engine.Options{Changes: 1 << 20})
	check(err)
	tg := &target.Memory{}
	r, err := replicate.Start(db, tg, replicate.Options{})
	check(err)
	check(db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Put([]byte("a"), nil) }))
	check(r.Stop(t.Context()))
	check(db.Close())
	f, err := replicate.Follow(t.Context(), tg, filepath.Join(dir, "replica.lsm"), replicate.FollowOptions{})
	check(err)
	check(f.CatchUp(t.Context()))
	reg := prometheus.NewPedanticRegistry()
	check(reg.Register(prom.Replicator(r, prometheus.Labels{"db": "my"})))
	check(reg.Register(prom.Follower(f, prometheus.Labels{"db": "my"})))
	families, err := reg.Gather()
	check(err)
	got, texts := make(map[string]float64), make(map[string][2]string)
	for _, fam := range families {
		m := fam.GetMetric()[0]
		texts[fam.GetName()] = [2]string{strings.ToLower(fam.GetType().String()), fam.GetHelp()}
		got[fam.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	s := r.Status()
	for name, want := range map[string]float64{
		"lsmlite_replicate_generation": 1, "lsmlite_replicate_lag_seconds": 0, "lsmlite_replicate_objects_total": float64(s.Objects),
		"lsmlite_replicate_bytes_total": float64(s.Bytes), "lsmlite_replicate_running": 0, "lsmlite_follow_generation": 1,
		"lsmlite_follow_applied": float64(f.Status().Applied), "lsmlite_follow_running": 1, "lsmlite_follow_lag_seconds": 0,
	} {
		if v, there := got[name]; !there || v != want {
			t.Errorf("%s is %v, %v; want %v", name, v, there, want)
		}
	}
	if len(got) != 15 || s.Objects == 0 {
		t.Errorf("%d metrics: %v", len(got), got)
	}
	expectDocumented(t, texts)
	check(f.Close())
}
