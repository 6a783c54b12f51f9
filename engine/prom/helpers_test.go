// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/prom"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// sample is one series: of a histogram the count and the sum.
type sample struct {
	value float64
	count uint64
	kind  string
	help  string
}

// scrape returns all series by name and labels, as "name{db,second label}".
func scrape(t *testing.T, g prometheus.Gatherer) map[string]sample {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]sample)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				if l.GetName() == prom.Label {
					labels = l.GetValue() + labels
				} else {
					labels += "," + l.GetValue()
				}
			}
			s := sample{kind: f.GetType().String(), help: f.GetHelp()}
			switch {
			case m.GetHistogram() != nil:
				s.value, s.count = m.GetHistogram().GetSampleSum(), m.GetHistogram().GetSampleCount()
			case m.GetCounter() != nil:
				s.value = m.GetCounter().GetValue()
			default:
				s.value = m.GetGauge().GetValue()
			}
			out[f.GetName()+"{"+labels+"}"] = s
		}
	}
	return out
}

func register(t *testing.T, o prom.Options) (*prom.Collector, *prometheus.Registry) {
	t.Helper()
	c := prom.New(o)
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(c); err != nil {
		t.Fatal(err)
	}
	return c, r
}

func open(t *testing.T, path string, o engine.Options) *engine.DB {
	t.Helper()
	if o.FS == nil {
		o.FS = memfs.New()
	}
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func put(db *engine.DB, from, n, size int) error {
	return db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "%08d", from+i), make([]byte, size)); err != nil {
				return err
			}
		}
		return nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
