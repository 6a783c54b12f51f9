// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"bytes"
	"slices"
)

// Report says what was found in the damaged files and what became part of the new one.
type Report struct {
	// Rows is how many rows were written.
	Rows int64
	// Checkpoint is the number of the checkpoint that was used, 0 if there was none that could be: then the
	// segments were found by looking at all pages, and Scanned is set.
	Checkpoint int64
	// Mended says that no meta page was good, and the checkpoint was put together from what is left of both.
	Mended bool
	// Older says that there may have been a newer checkpoint, which is lost.
	Older bool
	// Scanned says that segments were found by looking at all pages of the file.
	Scanned bool
	// PageSize and BlockSize are those of the damaged file, in bytes, and Codec is the id of its codec, 1 for none.
	PageSize, BlockSize int
	Codec               uint32
	// Bytes is the length of the damaged file, and Unreadable how many bytes of it could not be read.
	Bytes, Unreadable int64
	// Pages is how many pages of segments were looked for, and PagesLost how many of these are missing or damaged.
	Pages, PagesLost int64
	Sources          []*Source
	Log              LogReport
	// Lost are the stretches of keys in which records of a source are missing.
	Lost Gaps
	// Stale are those in which rows may be older than the newest, or deleted. Doubtful are rows whose value has a page
	// of zeros, which may have been written over.
	Stale, Doubtful Ranges
	// Unverified is how many rows come from pages without a page sum: of those C lsm1 wrote, only damage to their
	// structure is noticed.
	Unverified int64
	// Unknown is how many bytes of the file after the meta pages are not zero, and neither a page of a segment nor,
	// as far as known, free. Only a rescue that looks at all pages knows it.
	Unknown int64
	// Problems says in words what was wrong.
	Problems []string
}

// Source is one of the things that rows were read from: a segment, or the log.
type Source struct {
	Name string
	// First is the first page of a segment, 0 for the log.
	First int64
	// Pages is how many of its pages were looked for, and PagesLost how many of these are missing or damaged.
	Pages, PagesLost int64
	Rows             int64 // how many of its rows were written
	// Summed says that its pages have page sums.
	Summed bool
	// Guessed says that how old it is compared with other sources is only likely.
	Guessed bool

	partly bool // its front may be gone without damage
}

// LogReport says what was read from the log.
type LogReport struct {
	Name         string
	Found        bool
	Bytes        int64 // its length
	Transactions int64
	Records      int64
	// Torn says that something follows the last transaction that is none: one that was not committed, as a crash leaves
	// it, what the log held long ago, or damage.
	Torn bool
	// DamagedAt is where the log is damaged although transactions follow, -1 if that is not so; LostBytes is how much
	// was passed over, and After how many transactions follow.
	DamagedAt, LostBytes int64
	After                int64
	// Missing says that a meta page names transactions that the log does not have.
	Missing bool
}

// Range is a stretch of keys, both included.
type Range struct {
	From, To []byte
	Rows     int64
	Source   string // which has the rows
	Newer    string // which may have known better
}

// Gap is a stretch of keys between two records of a source that follow each other in what is left of it. nil stands for
// the beginning or the end of all keys.
type Gap struct {
	After, Before *[]byte
	Source        string
}

// Gaps are the first MaxRanges gaps that were found, and how many there are.
type Gaps struct {
	List []Gap
	N    int64
}

func (g *Gaps) add(gap Gap) {
	if g.N++; len(g.List) == MaxRanges {
		return
	}
	for _, key := range []**[]byte{&gap.After, &gap.Before} {
		if *key != nil {
			k := bytes.Clone((**key)[:min(len(**key), maxRangeKey)])
			*key = &k
		}
	}
	g.List = append(g.List, gap)
}

// Ranges are stretches of keys in their order. Past a limit neighbours are put together.
type Ranges struct {
	List []Range
	Rows int64
	// Joined says that there were too many, and stretches have been put together with what is between them.
	Joined bool
}

// MaxRanges is how many stretches of keys of one kind a report lists, and maxRangeKey up to which length a report
// has keys.
const (
	MaxRanges   = 1000
	maxRangeKey = 1024
)

// add adds a row after all others. A row that follows the one before without another in between, as fresh does not
// say, is put into the same stretch.
func (r *Ranges) add(key []byte, source, newer string, fresh bool) {
	r.Rows++
	key = key[:min(len(key), maxRangeKey)]
	if n := len(r.List); n > 0 {
		last := &r.List[n-1]
		if !fresh && last.Source == source && last.Newer == newer {
			last.To = append(last.To[:0], key...)
			last.Rows++
			return
		}
	}
	r.List = append(r.List, Range{From: bytes.Clone(key), To: slices.Clone(key), Rows: 1, Source: source, Newer: newer})
	if len(r.List) > MaxRanges {
		r.join()
	}
}

// join puts each two neighbours together.
func (r *Ranges) join() {
	r.Joined = true
	half := r.List[:0]
	for i := 0; i < len(r.List); i += 2 {
		a := r.List[i]
		if i+1 < len(r.List) {
			b := r.List[i+1]
			a.To, a.Rows = b.To, a.Rows+b.Rows
			if a.Source != b.Source {
				a.Source = "several"
			}
			if a.Newer != b.Newer {
				a.Newer = "several"
			}
		}
		half = append(half, a)
	}
	r.List = half
}

// Has reports whether a key lies within one of the stretches.
func (r *Ranges) Has(key []byte) bool {
	i, _ := slices.BinarySearchFunc(r.List, key, func(a Range, key []byte) int {
		if bytes.Compare(a.To, key) < 0 {
			return -1
		}
		return 1
	})
	return i < len(r.List) && bytes.Compare(r.List[i].From, key) <= 0
}
