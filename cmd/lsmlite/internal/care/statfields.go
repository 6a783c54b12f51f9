// SPDX-License-Identifier: Apache-2.0

package care

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// quantity is a number with its unit.
type quantity struct {
	n    float64
	unit unit
}

type unit int

const (
	pieces unit = iota
	bytesUnit
	seconds
	ratio
	yesNo
)

// known reports whether the quantity is known: of a database that another process writes, some are not.
func (q quantity) known() bool { return q.n >= 0 }

// String renders the quantity for a person.
func (q quantity) String() string {
	if !q.known() {
		return "not known"
	}
	switch q.unit {
	case bytesUnit:
		return amount(int64(q.n))
	case seconds:
		return time.Duration(q.n * float64(time.Second)).Round(time.Millisecond).String()
	case ratio:
		return strconv.FormatFloat(q.n, 'f', 2, 64)
	case yesNo:
		return map[bool]string{true: "yes", false: "no"}[q.n != 0]
	}
	return fmt.Sprintf("%.0f", q.n)
}

// number renders the quantity for a program.
func (q quantity) number() any {
	if !q.known() {
		return nil
	}
	switch q.unit {
	case seconds, ratio:
		return q.n
	case yesNo:
		return q.n != 0
	}
	return int64(q.n)
}

func count[N int | int64](n N) quantity { return quantity{float64(n), pieces} }
func size(n int64) quantity             { return quantity{float64(n), bytesUnit} }
func lasting(d time.Duration) quantity  { return quantity{d.Seconds(), seconds} }
func flag(yes bool) quantity {
	if yes {
		return quantity{1, yesNo}
	}
	return quantity{0, yesNo}
}

// statField is one number of Stats. Those that say what a database holds are also of use for a
// file that was just opened; the others count what was done since.
type statField struct {
	name  string
	holds bool
	means string
	value func(*engine.Stats) quantity
}

// statFields are all numbers of Stats, in the order of the table.
var statFields = []statField{
	{"file_bytes", true, "length of the database file", func(s *engine.Stats) quantity { return size(s.FileBytes) }},
	{"log_file_bytes", true, "length of the log file", func(s *engine.Stats) quantity { return size(s.LogFileBytes) }},
	{"log_bytes", true, "of it, what would be replayed after a crash", func(s *engine.Stats) quantity { return size(s.LogBytes) }},
	{"blocks", true, "blocks of the file", func(s *engine.Stats) quantity { return count(s.Blocks) }},
	{"free_blocks", true, "of them, those that hold nothing; optimize cuts them off", func(s *engine.Stats) quantity { return count(s.FreeBlocks) }},
	{"levels", true, "sorted runs by age; a search looks at each, from the newest on", func(s *engine.Stats) quantity { return count(s.Levels) }},
	{"segments", true, "segments in them; optimize leaves one", func(s *engine.Stats) quantity { return count(s.Segments) }},
	{"segment_pages", true, "pages of all segments, or bytes if they are compressed", func(s *engine.Stats) quantity { return count(s.SegmentPages) }},
	{"checked_pages", true, "of them, those with a page sum; the others C lsm1 wrote", func(s *engine.Stats) quantity { return count(s.CheckedPages) }},
	{"live_bytes", true, "size of the live tree: what is not flushed", func(s *engine.Stats) quantity { return size(s.LiveBytes) }},
	{"old_bytes", true, "size of the tree that waits to be flushed", func(s *engine.Stats) quantity { return size(s.OldBytes) }},
	{"recovered_commits", true, "transactions read from the log when it was opened", func(s *engine.Stats) quantity { return count(s.RecoveredCommits) }},
	{"recovered_bytes", true, "bytes of the log that they take", func(s *engine.Stats) quantity { return size(s.RecoveredBytes) }},
	{"uncheckpointed_bytes", true, "written to the file since the last checkpoint", func(s *engine.Stats) quantity { return size(s.UncheckpointedBytes) }},
	{"bad_pages", true, "pages that were read and found damaged; see lsmlite check", func(s *engine.Stats) quantity { return count(s.BadPages) }},
	{"poisoned", true, "a sync has failed, and nothing is written any more", func(s *engine.Stats) quantity { return flag(s.Poisoned) }},
	{"moved", true, "the files were renamed or removed, and nothing is written any more", func(s *engine.Stats) quantity { return flag(s.Moved) }},

	{"commits", false, "transactions that wrote", func(s *engine.Stats) quantity { return count(s.Commits) }},
	{"commit_errors", false, "those whose commit failed", func(s *engine.Stats) quantity { return count(s.CommitErrors) }},
	{"records", false, "operations of the committed ones", func(s *engine.Stats) quantity { return count(s.Records) }},
	{"bytes_committed", false, "bytes of their keys and values", func(s *engine.Stats) quantity { return size(s.BytesCommitted) }},
	{"log_bytes_written", false, "bytes written to the log", func(s *engine.Stats) quantity { return size(s.LogBytesWritten) }},
	{"log_syncs", false, "syncs of the log", func(s *engine.Stats) quantity { return count(s.LogSyncs) }},
	{"write_amplification", false, "bytes written to both files for each byte committed",
		func(s *engine.Stats) quantity { return quantity{s.WriteAmplification, ratio} }},
	{"flushes", false, "trees written into segments", func(s *engine.Stats) quantity { return count(s.Flushes) }},
	{"merges", false, "segments written from others", func(s *engine.Stats) quantity { return count(s.Merges) }},
	{"work_errors", false, "flushes and merges that failed", func(s *engine.Stats) quantity { return count(s.WorkErrors) }},
	{"checkpoints", false, "checkpoints", func(s *engine.Stats) quantity { return count(s.Checkpoints) }},
	{"checkpoint_errors", false, "those that failed", func(s *engine.Stats) quantity { return count(s.CheckpointErrors) }},
	{"checkpoint_bytes", false, "bytes that they made durable", func(s *engine.Stats) quantity { return size(s.CheckpointBytes) }},
	{"checkpoint_age", false, "since the last one", func(s *engine.Stats) quantity { return lasting(s.CheckpointAge) }},
	{"flush_stalls", false, "times that writers waited for a flush", func(s *engine.Stats) quantity { return count(s.FlushStalls) }},
	{"flush_stall_time", false, "for how long", func(s *engine.Stats) quantity { return lasting(s.FlushStallTime) }},
	{"merge_stalls", false, "times that writers waited for a merge", func(s *engine.Stats) quantity { return count(s.MergeStalls) }},
	{"merge_stall_time", false, "for how long", func(s *engine.Stats) quantity { return lasting(s.MergeStallTime) }},
	{"checkpoint_stalls", false, "times that writers waited for a checkpoint", func(s *engine.Stats) quantity { return count(s.CheckpointStalls) }},
	{"checkpoint_stall_time", false, "for how long", func(s *engine.Stats) quantity { return lasting(s.CheckpointStallTime) }},
	{"changes_stalls", false, "times that writers waited for a stream of changes", func(s *engine.Stats) quantity { return count(s.ChangesStalls) }},
	{"changes_stall_time", false, "for how long", func(s *engine.Stats) quantity { return lasting(s.ChangesStallTime) }},
	{"stalled_now", false, "writers that wait at this moment", func(s *engine.Stats) quantity { return count(s.StalledNow) }},
	{"change_streams", false, "streams of changes that are read now", func(s *engine.Stats) quantity { return count(s.ChangeStreams) }},
	{"change_lag", false, "bytes of the log that the slowest of them has still to read", func(s *engine.Stats) quantity { return size(s.ChangeLag) }},
	{"change_cuts", false, "times that one of them lost its place", func(s *engine.Stats) quantity { return count(s.ChangeCuts) }},

	{"pages_read", false, "pages read from the file", func(s *engine.Stats) quantity { return count(s.PagesRead) }},
	{"pages_read_miss", false, "for readers that did not find them in the cache", func(s *engine.Stats) quantity { return count(s.PagesReadMiss) }},
	{"pages_read_ahead", false, "ahead of scans, and for long values", func(s *engine.Stats) quantity { return count(s.PagesReadAhead) }},
	{"pages_read_merge", false, "by merges and checks", func(s *engine.Stats) quantity { return count(s.PagesReadMerge) }},
	{"pages_read_raw", false, "for single links and dumps", func(s *engine.Stats) quantity { return count(s.PagesReadRaw) }},
	{"pages_written", false, "pages written to the file", func(s *engine.Stats) quantity { return count(s.PagesWritten) }},
	{"pages_written_flush", false, "by flushes", func(s *engine.Stats) quantity { return count(s.PagesWrittenFlush) }},
	{"pages_written_merge", false, "by merges", func(s *engine.Stats) quantity { return count(s.PagesWrittenMerge) }},
	{"pages_written_freelist", false, "for free-list entries", func(s *engine.Stats) quantity { return count(s.PagesWrittenFreelist) }},
	{"bytes_read", false, "bytes read from the file", func(s *engine.Stats) quantity { return size(s.BytesRead) }},
	{"bytes_written", false, "bytes written to the file", func(s *engine.Stats) quantity { return size(s.BytesWritten) }},
	{"bytes_written_flush", false, "by flushes", func(s *engine.Stats) quantity { return size(s.BytesWrittenFlush) }},
	{"bytes_written_merge", false, "by merges", func(s *engine.Stats) quantity { return size(s.BytesWrittenMerge) }},
	{"bytes_written_freelist", false, "for free-list entries", func(s *engine.Stats) quantity { return size(s.BytesWrittenFreelist) }},
	{"bytes_written_meta", false, "of meta pages", func(s *engine.Stats) quantity { return size(s.BytesWrittenMeta) }},
	{"syncs", false, "syncs of the file", func(s *engine.Stats) quantity { return count(s.Syncs) }},
	{"read_errors", false, "reads that the operating system failed", func(s *engine.Stats) quantity { return count(s.ReadErrors) }},
	{"write_errors", false, "writes and syncs that it failed", func(s *engine.Stats) quantity { return count(s.WriteErrors) }},

	{"cache_lookups", false, "pages that readers looked up", func(s *engine.Stats) quantity { return count(s.CacheLookups) }},
	{"cache_hits", false, "those that were in memory", func(s *engine.Stats) quantity { return count(s.CacheHits) }},
	{"cache_misses", false, "those that were not", func(s *engine.Stats) quantity { return count(s.CacheMisses) }},
	{"cache_bytes", false, "size of the page cache", func(s *engine.Stats) quantity { return size(s.CacheBytes) }},
	{"fence_bytes", false, "memory of fences", func(s *engine.Stats) quantity { return size(s.FenceBytes) }},
	{"filter_bytes", false, "memory of filters", func(s *engine.Stats) quantity { return size(s.FilterBytes) }},
	{"filter_skips", false, "searches of segments that filters have saved", func(s *engine.Stats) quantity { return count(s.FilterSkips) }},
	{"filter_misses", false, "about those that they have not", func(s *engine.Stats) quantity { return count(s.FilterMisses) }},
	{"pins", false, "states that readers hold", func(s *engine.Stats) quantity { return count(s.Pins) }},
	{"oldest_pin", false, "for how long the oldest has been out of date", func(s *engine.Stats) quantity { return lasting(s.OldestPin) }},
	{"pinned_blocks", false, "blocks that cannot be used again because of them", func(s *engine.Stats) quantity { return count(s.PinnedBlocks) }},
	{"pinned_tree_bytes", false, "memory that cannot be used again because of them", func(s *engine.Stats) quantity { return size(s.PinnedTreeBytes) }},
}
