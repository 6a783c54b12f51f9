// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/store"
)

const (
	// firstPage is how many rows the first page of a range has: many ranges are short. firstLimited is how many it
	// has at most if the statement has a limit: then that many are wanted.
	firstPage    = 16
	firstLimited = 256
	// pageBytes is how much a further page should hold, by the mean of the page before.
	pageBytes = 1 << 20
	// maxPage is how many rows a page has at most.
	maxPage = 4096
	// pageMemory bounds the values of a page: a value longer than its share is left out, and read when it is
	// needed.
	pageMemory = 16 << 20
)

// page is some consecutive rows of a range, in the order of the walk.
type page struct {
	rows  []row
	bytes []byte // of all keys and values
	size  int    // what all rows would take, also the values that are left out
	whole bool   // nothing comes after it
}

// row is a row of a page. A value that is left out has a length only.
type row struct {
	key, value       int // where they begin
	keyLen, valueLen int
	hasValue         bool
}

func (p *page) key(i int) []byte {
	r := &p.rows[i]
	return p.bytes[r.key : r.key+r.keyLen : r.key+r.keyLen]
}

// value is the value of row i, if the page has it.
func (p *page) value(i int) (value []byte, found bool) {
	r := &p.rows[i]
	if !r.hasValue {
		return nil, false
	}
	return p.bytes[r.value : r.value+r.valueLen : r.value+r.valueLen], true
}

// complete reports whether the page has everything that can be asked of it.
func (p *page) complete(keysOnly bool) bool {
	for i := range p.rows {
		if !p.rows[i].hasValue && !keysOnly {
			return false
		}
	}
	return true
}

// next is how many rows the page after p has.
func (p *page) next() int {
	mean := max(p.size/len(p.rows), 1)
	return min(max(pageBytes/mean, 1), maxPage)
}

// fetch reads the first n rows of r.
func (s *conns) fetch(ctx context.Context, c *pgx.Conn, r *store.Range, n int) (*page, error) {
	k := kindOf(r)
	args := ends(r)
	if !k.keysOnly {
		args = append(args, pageMemory/n)
	}
	rows, err := c.Query(ctx, s.sql.scans[k.index()], append(args, n)...)
	if err != nil {
		return nil, err
	}
	p := &page{rows: make([]row, 0, min(n, firstPage*4))}
	var at row
	key := field{p: p, at: &at.key}
	value := field{p: p, at: &at.value, there: &at.hasValue}
	into := []any{&key, &at.valueLen, &value}
	if k.keysOnly {
		into = into[:2]
	}
	for rows.Next() {
		at = row{}
		if err := rows.Scan(into...); err != nil {
			rows.Close()
			return nil, err
		}
		at.keyLen = key.n
		p.size += at.keyLen + at.valueLen
		p.rows = append(p.rows, at)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	p.whole = len(p.rows) < n
	return p, nil
}

// field is where a column of bytes goes: to the end of the page.
type field struct {
	p     *page
	at    *int
	n     int
	there *bool
}

// ScanBytes implements pgtype.BytesScanner.
func (f *field) ScanBytes(b []byte) error {
	if f.there != nil {
		*f.there = b != nil
	}
	*f.at, f.n = len(f.p.bytes), len(b)
	f.p.bytes = append(f.p.bytes, b...)
	return nil
}
