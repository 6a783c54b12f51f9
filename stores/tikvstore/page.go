// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"bytes"

	"github.com/tikv/client-go/v2/txnkv/txnsnapshot"

	"github.com/lsmlite/lsmlite-go/store"
)

// span is keys of TiKV's from start to before end, and the direction in which they are read.
type span struct {
	start, end []byte
	reverse    bool
}

// span returns where the rows of a range are.
func (k *keys) span(r *store.Range) span {
	s := span{k.prefix, k.end, r.Reverse}
	if r.HasLo {
		s.start = k.row(r.Lo, r.LoOpen)
	}
	if r.HasHi {
		s.end = k.row(r.Hi, !r.HiOpen)
	}
	return s
}

type row struct{ key, value []byte }

// page is rows that were read, and where the next ones are.
type page struct {
	rows  []row
	bytes int
	span  span
	more  bool // rows may come after it
}

const (
	// A cursor first reads firstPage rows, and then as many as take pageBytes if they are as long as those of the
	// page before, or as its last one if that is longer. Where rows become longer all at once, an answer may hold
	// more; a page then ends when it has fullPage, and the rows after that are read again.
	firstPage = 16
	pageBytes = 1 << 20
	fullPage  = 4 * pageBytes
	// mostRows and mostKeys are how many rows and keys without values an answer holds at most: mostRows values of
	// the greatest length are the most memory that a read may take.
	mostRows = 256
	mostKeys = 1024
	// leastBatch is the smallest number of rows that TiKV's client can be told to request; it takes 1 for 256.
	leastBatch = 2
)

// most is how many rows a page has at most.
func most(keysOnly bool) int {
	if keysOnly {
		return mostKeys
	}
	return mostRows
}

// following returns how many rows the next page is to have.
func (p *page) following(keysOnly bool) int {
	if len(p.rows) == 0 {
		return firstPage
	}
	last := p.rows[len(p.rows)-1]
	length := max(p.bytes/len(p.rows), len(last.key)+len(last.value), 1)
	return min(max(pageBytes/length, 1), most(keysOnly))
}

// read reads up to n rows, which are not more than most.
func (d *db) read(ts uint64, s span, n int, keysOnly bool) (page, error) {
	p := page{span: s}
	if bytes.Compare(s.start, s.end) >= 0 {
		return p, nil
	}
	snap := d.kv.GetSnapshot(ts)
	snap.SetScanBatchSize(max(n, leastBatch))
	snap.SetKeyOnly(keysOnly)
	it, err := iterate(snap, s)
	if err != nil {
		return p, err
	}
	defer it.Close()
	for it.Valid() {
		full := it.Key()
		if s.reverse && bytes.Compare(full, s.start) < 0 {
			break
		}
		r := row{key: full[len(d.k.prefix):]}
		if !keysOnly {
			if r.value, err = d.value(it.Value()); err != nil {
				return p, err
			}
		}
		p.rows = append(p.rows, r)
		p.bytes += len(full) + len(r.value)
		if s.reverse {
			p.span.end = full
		} else {
			p.span.start = append(append(make([]byte, 0, len(full)+1), full...), 0)
		}
		if len(p.rows) == n || p.bytes >= fullPage {
			p.more = true
			break // without a look at the next one, which may be on another server
		}
		if err := it.Next(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// iterator is what both directions have in common.
type iterator interface {
	Valid() bool
	Key() []byte
	Value() []byte
	Next() error
	Close()
}

func iterate(snap *txnsnapshot.KVSnapshot, s span) (iterator, error) {
	if s.reverse {
		return snap.IterReverse(s.end)
	}
	return snap.Iter(s.start, s.end)
}
