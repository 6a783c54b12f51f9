// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
)

// RecoverReport says what Recover found in the damaged files and what became part of the new one. Keys of more than
// 1024 bytes are cut.
type RecoverReport struct {
	// Rows is how many rows the new file has.
	Rows int64
	// Unverified is how many of them come from pages without page sums: of those that C lsm1 wrote, only damage to
	// their structure is noticed.
	Unverified int64
	// Checkpoint is the number of the checkpoint that led to the segments. It is 0 if there was none: then they were
	// found by looking at all pages, and Scanned is set.
	Checkpoint int64
	Scanned    bool
	// Mended says that no meta page was good, and the checkpoint was put together from what is left of them.
	Mended bool
	// Older says that there may have been a newer checkpoint, which is lost: every row may be older than the newest.
	Older bool
	// PageSize and BlockSize are those of the damaged file, in bytes; Compression is the name of its codec.
	PageSize, BlockSize int
	Compression         string
	// Bytes is the length of the damaged file, Unreadable how many bytes of it gave an error when they were read,
	// and Unknown how many are neither zeros nor understood, as far as the rescue looked at all of the file.
	Bytes, Unreadable, Unknown int64
	// Pages is how many pages of segments were looked for, and PagesLost how many of them are missing or damaged.
	Pages, PagesLost int64
	// Sources are the log and the segments that rows were read from, newest first.
	Sources []RecoverSource
	Log     RecoverLog
	// Lost are stretches of keys in which a source lacks records, at most MaxRecoverRanges, and NumLost how many
	// there are.
	Lost    []RecoverGap
	NumLost int64
	// Stale are stretches of keys with rows that may be older than the newest, or deleted, because something newer
	// is lost. Doubtful are rows whose value has a page of zeros, which may have been written over.
	Stale, Doubtful RecoverRanges
	// Problems says in words what else was wrong.
	Problems []string
}

// Complete reports whether nothing is known to be missing, stale or doubtful. A log that ends with a transaction that
// was not committed is as a crash leaves it: it does not count.
func (r *RecoverReport) Complete() bool {
	return r.NumLost == 0 && r.Stale.Rows == 0 && r.Doubtful.Rows == 0 && r.PagesLost == 0 && !r.Older && !r.Scanned &&
		r.Unreadable == 0 && r.Log.DamagedAt < 0 && !r.Log.Missing
}

// RecoverSource is something that rows were read from: a segment, or the log.
type RecoverSource struct {
	Name string
	// First is the first page of a segment, 0 for the log.
	First int64
	// Pages is how many of its pages were looked for, and PagesLost how many of them are missing or damaged.
	Pages, PagesLost int64
	Rows             int64 // how many of its rows are in the new file
	Summed           bool  // its pages have page sums
	// Guessed says that it is only likely, not certain, how old the source is compared with the others.
	Guessed bool
}

// RecoverLog says what was read from the log.
type RecoverLog struct {
	Path         string
	Found        bool
	Bytes        int64 // its length
	Transactions int64 // that were read, with those after damage
	Records      int64 // of those transactions
	// Torn says that something follows the last transaction that is none: one that was not committed, as a crash
	// leaves it, what the log held long ago, or damage. Missing says that a meta page names transactions, and the log
	// has none. If one of them is set, every row may be older than the newest.
	Torn, Missing bool
	// DamagedAt is where the log is damaged although transactions follow, -1 if none do. LostBytes is how much was
	// passed over there, and After how many transactions follow.
	DamagedAt, LostBytes, After int64
}

// RecoverGap is a stretch of keys between two records that follow each other in what is left of a source. A nil key
// stands for the beginning or the end of all keys.
type RecoverGap struct {
	After, Before []byte
	Source        string
}

// RecoverRange is a stretch of keys, from the first to the last that it has.
type RecoverRange struct {
	From, To []byte
	Rows     int64
	Source   string // which has the rows
	Newer    string // which may have known better; empty for doubtful rows
}

// RecoverRanges are stretches of keys in their order, at most MaxRecoverRanges: if there were more, Joined is set,
// and they have been put together with what is between them.
type RecoverRanges struct {
	Ranges []RecoverRange
	Rows   int64 // in all of them
	Joined bool
}

// reportOf makes a report public.
func reportOf(r *rescue.Report, codecs []Codec) RecoverReport {
	out := RecoverReport{
		Rows: r.Rows, Unverified: r.Unverified, Checkpoint: r.Checkpoint, Scanned: r.Scanned, Mended: r.Mended, Older: r.Older,
		PageSize: r.PageSize, BlockSize: r.BlockSize, Bytes: r.Bytes, Unreadable: r.Unreadable, Unknown: r.Unknown,
		Pages: r.Pages, PagesLost: r.PagesLost, NumLost: r.Lost.N, Problems: r.Problems,
		Stale: rangesOf(&r.Stale), Doubtful: rangesOf(&r.Doubtful),
		Log: RecoverLog{Path: r.Log.Name, Found: r.Log.Found, Bytes: r.Log.Bytes, Transactions: r.Log.Transactions,
			Records: r.Log.Records, Torn: r.Log.Torn, Missing: r.Log.Missing, DamagedAt: r.Log.DamagedAt, LostBytes: r.Log.LostBytes, After: r.Log.After},
	}
	out.Compression = compress.None
	if c, ok := compress.ByID(r.Codec, codecs); ok {
		out.Compression = c.Name()
	}
	for _, s := range r.Sources {
		out.Sources = append(out.Sources, RecoverSource{Name: s.Name, First: s.First, Pages: s.Pages, PagesLost: s.PagesLost,
			Rows: s.Rows, Summed: s.Summed, Guessed: s.Guessed})
	}
	for _, g := range r.Lost.List {
		gap := RecoverGap{Source: g.Source}
		if g.After != nil {
			gap.After = *g.After
		}
		if g.Before != nil {
			gap.Before = *g.Before
		}
		out.Lost = append(out.Lost, gap)
	}
	return out
}

func rangesOf(r *rescue.Ranges) RecoverRanges {
	out := RecoverRanges{Rows: r.Rows, Joined: r.Joined}
	for _, a := range r.List {
		out.Ranges = append(out.Ranges, RecoverRange(a))
	}
	return out
}

// Has reports whether a key lies within one of the stretches.
func (r *RecoverRanges) Has(key []byte) bool {
	in := rescue.Ranges{}
	for _, a := range r.Ranges {
		in.List = append(in.List, rescue.Range(a))
	}
	return in.Has(key)
}
