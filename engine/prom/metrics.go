// SPDX-License-Identifier: Apache-2.0

package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Label is the name of the label that distinguishes databases.
const Label = "db"

// metric is one that is made of Stats at each scrape.
type metric struct {
	name string
	help string
	kind prometheus.ValueType
	// by is the name of the second label, if there is one, and read emits a value for
	// each of its values; without it, read emits one value with the label "".
	by   string
	read func(s *engine.Stats, emit func(label string, v float64))
}

func (m *metric) labels() []string {
	if m.by == "" {
		return []string{Label}
	}
	return []string{Label, m.by}
}

func (m *metric) collect(desc *prometheus.Desc, name string, s *engine.Stats, out chan<- prometheus.Metric) {
	m.read(s, func(label string, v float64) {
		labels := []string{name}
		if m.by != "" {
			labels = append(labels, label)
		}
		out <- prometheus.MustNewConstMetric(desc, m.kind, v, labels...)
	})
}

// counter and gauge make the metrics that are one number.
func counter(name, help string, read func(*engine.Stats) int64) metric {
	return metric{name: name, help: help, kind: prometheus.CounterValue,
		read: func(s *engine.Stats, emit func(string, float64)) { emit("", float64(read(s))) }}
}

func gauge[N int | int64 | float64](name, help string, read func(*engine.Stats) N) metric {
	return metric{name: name, help: help, kind: prometheus.GaugeValue,
		read: func(s *engine.Stats, emit func(string, float64)) {
			if n := read(s); n >= 0 { // else it is not known
				emit("", float64(n))
			}
		}}
}

// part is one value of a metric's second label.
type part struct {
	label string
	value float64
}

func split(name, help string, kind prometheus.ValueType, by string, read func(*engine.Stats) []part) metric {
	return metric{name: name, help: help, kind: kind, by: by,
		read: func(s *engine.Stats, emit func(string, float64)) {
			for _, p := range read(s) {
				emit(p.label, p.value)
			}
		}}
}

func stalls(value func(n int64, d time.Duration) float64) func(*engine.Stats) []part {
	return func(s *engine.Stats) []part {
		var out []part
		for _, r := range engine.StallReasons() {
			out = append(out, part{string(r), value(s.Stalls(r))})
		}
		return out
	}
}

// metrics are all but the histograms.
var metrics = []metric{
	counter("lsmlite_commits_total", "Transactions that wrote something and were committed.",
		func(s *engine.Stats) int64 { return s.Commits }),
	counter("lsmlite_committed_records_total", "Operations of committed transactions: puts, deletes, range deletes.",
		func(s *engine.Stats) int64 { return s.Records }),
	counter("lsmlite_committed_bytes_total", "Bytes of the keys and values of committed transactions.",
		func(s *engine.Stats) int64 { return s.BytesCommitted }),
	counter("lsmlite_log_written_bytes_total", "Bytes written to the log.",
		func(s *engine.Stats) int64 { return s.LogBytesWritten }),
	counter("lsmlite_log_syncs_total", "Syncs of the log by commits.",
		func(s *engine.Stats) int64 { return s.LogSyncs }),
	counter("lsmlite_file_syncs_total", "Syncs of the database file.",
		func(s *engine.Stats) int64 { return s.Syncs }),
	counter("lsmlite_flushes_total", "In-memory trees written into segments.",
		func(s *engine.Stats) int64 { return s.Flushes }),
	counter("lsmlite_merges_total", "Segments written from others, or from free-list entries.",
		func(s *engine.Stats) int64 { return s.Merges }),
	counter("lsmlite_checkpoints_total", "Checkpoints made.",
		func(s *engine.Stats) int64 { return s.Checkpoints }),
	split("lsmlite_stalls_total", "Times that a writer was held back, by what it waited for.", prometheus.CounterValue, "reason",
		stalls(func(n int64, _ time.Duration) float64 { return float64(n) })),
	split("lsmlite_stall_seconds_total", "Seconds that writers were held back, by what they waited for.", prometheus.CounterValue, "reason",
		stalls(func(_ int64, d time.Duration) float64 { return d.Seconds() })),
	gauge("lsmlite_stalled_writers", "Writers that are held back now.",
		func(s *engine.Stats) int64 { return s.StalledNow }),
	split("lsmlite_errors_total", "Errors, by what failed.", prometheus.CounterValue, "op",
		func(s *engine.Stats) []part {
			return []part{
				{"commit", float64(s.CommitErrors)}, {"work", float64(s.WorkErrors)}, {"checkpoint", float64(s.CheckpointErrors)},
				{"read", float64(s.ReadErrors)}, {"write", float64(s.WriteErrors)}, {"bad_page", float64(s.BadPages)},
			}
		}),
	gauge("lsmlite_poisoned", "1 if a failed sync has ended all writing, else 0.",
		func(s *engine.Stats) int { return flag(s.Poisoned) }),
	gauge("lsmlite_moved", "1 if the database file or its log has been renamed, replaced or removed, which has ended all writing, else 0.",
		func(s *engine.Stats) int { return flag(s.Moved) }),

	split("lsmlite_pages_read_total", "Pages read from the file, by purpose.", prometheus.CounterValue, "source",
		func(s *engine.Stats) []part {
			return []part{
				{"miss", float64(s.PagesReadMiss)}, {"ahead", float64(s.PagesReadAhead)},
				{"merge", float64(s.PagesReadMerge)}, {"raw", float64(s.PagesReadRaw)},
			}
		}),
	counter("lsmlite_read_bytes_total", "Bytes read from the database file.",
		func(s *engine.Stats) int64 { return s.BytesRead }),
	split("lsmlite_pages_written_total", "Pages written to the file, by purpose.", prometheus.CounterValue, "source",
		func(s *engine.Stats) []part {
			return []part{
				{"flush", float64(s.PagesWrittenFlush)}, {"merge", float64(s.PagesWrittenMerge)}, {"freelist", float64(s.PagesWrittenFreelist)},
			}
		}),
	split("lsmlite_written_bytes_total", "Bytes written to the database file, by purpose.", prometheus.CounterValue, "source",
		func(s *engine.Stats) []part {
			return []part{
				{"flush", float64(s.BytesWrittenFlush)}, {"merge", float64(s.BytesWrittenMerge)},
				{"freelist", float64(s.BytesWrittenFreelist)}, {"meta", float64(s.BytesWrittenMeta)},
			}
		}),
	gauge("lsmlite_write_amplification", "Bytes written to both files for each byte committed, since the database was opened.",
		func(s *engine.Stats) float64 { return s.WriteAmplification }),
	counter("lsmlite_cache_hits_total", "Pages that readers looked up and found in the cache.",
		func(s *engine.Stats) int64 { return s.CacheHits }),
	counter("lsmlite_cache_misses_total", "Pages that readers looked up and that were not in the cache.",
		func(s *engine.Stats) int64 { return s.CacheMisses }),
	gauge("lsmlite_cache_bytes", "Bytes of pages in the cache.",
		func(s *engine.Stats) int64 { return s.CacheBytes }),
	split("lsmlite_index_bytes", "Memory that spares searches of segments, by its kind.", prometheus.GaugeValue, "kind",
		func(s *engine.Stats) []part {
			return []part{{"fences", float64(s.FenceBytes)}, {"filters", float64(s.FilterBytes)}}
		}),
	counter("lsmlite_filter_skips_total", "Searches of segments that filters have saved.",
		func(s *engine.Stats) int64 { return s.FilterSkips }),
	counter("lsmlite_filter_misses_total", "Searches that filters have not saved although the segments had nothing to say.",
		func(s *engine.Stats) int64 { return s.FilterMisses }),

	split("lsmlite_tree_bytes", "Size of the in-memory trees: the live one, and the old one that waits to be flushed.",
		prometheus.GaugeValue, "tree",
		func(s *engine.Stats) []part {
			return []part{{"live", float64(s.LiveBytes)}, {"old", float64(s.OldBytes)}}
		}),
	gauge("lsmlite_levels", "Levels of the newest snapshot.",
		func(s *engine.Stats) int { return s.Levels }),
	gauge("lsmlite_segments", "Segments of the newest snapshot.",
		func(s *engine.Stats) int { return s.Segments }),
	gauge("lsmlite_segment_pages", "Pages of all segments; bytes of a compressed file.",
		func(s *engine.Stats) int64 { return s.SegmentPages }),
	gauge("lsmlite_checked_pages", "Those of them that carry a page sum.",
		func(s *engine.Stats) int64 { return s.CheckedPages }),
	gauge("lsmlite_blocks", "Blocks of the database file.",
		func(s *engine.Stats) int64 { return s.Blocks }),
	gauge("lsmlite_free_blocks", "Blocks that hold nothing, those among them that cannot be used again yet included.",
		func(s *engine.Stats) int64 { return s.FreeBlocks }),
	gauge("lsmlite_file_bytes", "Length of the database file.",
		func(s *engine.Stats) int64 { return s.FileBytes }),
	gauge("lsmlite_uncheckpointed_bytes", "Bytes written to the file since the last checkpoint.",
		func(s *engine.Stats) int64 { return s.UncheckpointedBytes }),
	gauge("lsmlite_checkpoint_age_seconds", "Seconds since the last checkpoint; 0 before the first one.",
		func(s *engine.Stats) float64 { return s.CheckpointAge.Seconds() }),
	gauge("lsmlite_log_bytes", "Bytes of the log that a recovery would read.",
		func(s *engine.Stats) int64 { return s.LogBytes }),
	gauge("lsmlite_log_file_bytes", "Length of the log file.",
		func(s *engine.Stats) int64 { return s.LogFileBytes }),

	gauge("lsmlite_change_streams", "Streams of changes that are read now.",
		func(s *engine.Stats) int64 { return s.ChangeStreams }),
	gauge("lsmlite_change_lag_bytes", "Bytes of the log that the slowest stream of changes has still to read.",
		func(s *engine.Stats) int64 { return s.ChangeLag }),
	counter("lsmlite_change_cuts_total", "Times that a stream of changes lost its place.",
		func(s *engine.Stats) int64 { return s.ChangeCuts }),

	gauge("lsmlite_pins", "Snapshots held by transactions, snapshots and cursors.",
		func(s *engine.Stats) int64 { return s.Pins }),
	gauge("lsmlite_oldest_pin_seconds", "Seconds for which the oldest of them has been out of date.",
		func(s *engine.Stats) float64 { return s.OldestPin.Seconds() }),
	gauge("lsmlite_pinned_blocks", "Free blocks that cannot be used again because a held snapshot shows them.",
		func(s *engine.Stats) int64 { return s.PinnedBlocks }),
	gauge("lsmlite_pinned_tree_bytes", "Size of in-memory trees that are flushed, but shown by a held snapshot.",
		func(s *engine.Stats) int64 { return s.PinnedTreeBytes }),

	gauge("lsmlite_recovered_commits", "Transactions that opening the database read from the log.",
		func(s *engine.Stats) int64 { return s.RecoveredCommits }),
	gauge("lsmlite_recovered_bytes", "Bytes of the log that they were read from.",
		func(s *engine.Stats) int64 { return s.RecoveredBytes }),
}

// flag is the value of a gauge that says yes or no.
func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
