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
}

const (
	// A cursor first reads firstPage rows, and then as many as take about pageBytes, at most mostRows.
	firstPage = 16
	mostRows  = 1024
	pageBytes = 1 << 20
)

// following returns how many rows the next page is to have: what is pageBytes if rows go on as in this one.
func (p *page) following() int {
	if p.bytes == 0 {
		return mostRows
	}
	return min(max(firstPage, pageBytes*len(p.rows)/p.bytes), mostRows)
}

// read reads up to n rows.
func (d *db) read(ts uint64, s span, n int, keysOnly bool) (page, error) {
	p := page{span: s}
	if bytes.Compare(s.start, s.end) >= 0 {
		return p, nil
	}
	snap := d.kv.GetSnapshot(ts)
	snap.SetScanBatchSize(n)
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
		if len(p.rows) == n {
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
