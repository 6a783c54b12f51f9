// SPDX-License-Identifier: Apache-2.0

// Package prom makes metrics for Prometheus of replicators and followers. Only programs that import it link
// Prometheus.
package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/replicate"
)

// metric is one of a status.
type metric[S any] struct {
	name, help string
	kind       prometheus.ValueType
	value      func(S) float64
}

// Replicator returns a collector of a replicator's status, whose metrics have the labels.
func Replicator(r *replicate.Replicator, labels prometheus.Labels) prometheus.Collector {
	return newCollector(r.Status, labels, []metric[replicate.Status]{
		{"lsmlite_replicate_lag_seconds", "How long the oldest commit that is not in the target has waited.", prometheus.GaugeValue,
			func(s replicate.Status) float64 { return s.Lag.Seconds() }},
		{"lsmlite_replicate_pending_bytes", "Bytes that were read from the database and are not in the target.", prometheus.GaugeValue,
			func(s replicate.Status) float64 { return float64(s.PendingBytes) }},
		{"lsmlite_replicate_generation", "The generation.", prometheus.GaugeValue,
			func(s replicate.Status) float64 { return float64(s.Generation) }},
		{"lsmlite_replicate_snapshot_timestamp_seconds", "When the newest complete snapshot was taken, 0 if there is none.", prometheus.GaugeValue,
			func(s replicate.Status) float64 {
				if s.SnapshotAt.IsZero() {
					return 0
				}
				return float64(s.SnapshotAt.UnixNano()) / 1e9
			}},
		{"lsmlite_replicate_objects_total", "Objects that were uploaded.", prometheus.CounterValue,
			func(s replicate.Status) float64 { return float64(s.Objects) }},
		{"lsmlite_replicate_bytes_total", "Bytes of these objects.", prometheus.CounterValue,
			func(s replicate.Status) float64 { return float64(s.Bytes) }},
		{"lsmlite_replicate_gaps_total", "Generations that began because the log did not reach back.", prometheus.CounterValue,
			func(s replicate.Status) float64 { return float64(s.Gaps) }},
		{"lsmlite_replicate_failures_total", "Requests and attempts that failed.", prometheus.CounterValue,
			func(s replicate.Status) float64 { return float64(s.Failures) }},
		{"lsmlite_replicate_running", "1 while replication goes on.", prometheus.GaugeValue,
			func(s replicate.Status) float64 { return one(s.Err == nil) }},
	})
}

// Follower returns a collector of a follower's status, whose metrics have the labels.
func Follower(f *replicate.Follower, labels prometheus.Labels) prometheus.Collector {
	return newCollector(f.Status, labels, []metric[replicate.FollowStatus]{
		{"lsmlite_follow_lag_seconds", "How old the replica is while there is more to apply.", prometheus.GaugeValue,
			func(s replicate.FollowStatus) float64 { return s.Lag.Seconds() }},
		{"lsmlite_follow_generation", "The generation.", prometheus.GaugeValue,
			func(s replicate.FollowStatus) float64 { return float64(s.Generation) }},
		{"lsmlite_follow_applied", "The newest transaction that was applied, in the count of the generation.", prometheus.GaugeValue,
			func(s replicate.FollowStatus) float64 { return float64(s.Applied) }},
		{"lsmlite_follow_verified", "The newest transaction after which the rows were compared with a snapshot.", prometheus.GaugeValue,
			func(s replicate.FollowStatus) float64 { return float64(s.Verified) }},
		{"lsmlite_follow_failures_total", "Requests and attempts that failed.", prometheus.CounterValue,
			func(s replicate.FollowStatus) float64 { return float64(s.Failures) }},
		{"lsmlite_follow_running", "1 while following goes on.", prometheus.GaugeValue,
			func(s replicate.FollowStatus) float64 { return one(s.Err == nil) }},
	})
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// collector reads a status once for all of its metrics.
type collector[S any] struct {
	status  func() S
	metrics []metric[S]
	descs   []*prometheus.Desc
}

func newCollector[S any](status func() S, labels prometheus.Labels, metrics []metric[S]) prometheus.Collector {
	c := &collector[S]{status: status, metrics: metrics}
	for _, m := range metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, nil, labels))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector[S]) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector[S]) Collect(out chan<- prometheus.Metric) {
	s := c.status()
	for i, m := range c.metrics {
		out <- prometheus.MustNewConstMetric(c.descs[i], m.kind, m.value(s))
	}
}
