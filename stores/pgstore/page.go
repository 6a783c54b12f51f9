// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lsmlite/lsmlite-go/store"
)

const (
	// firstPage is how many rows the first page of a range has: many ranges are short. With a limit that many are
	// wanted, and it has up to limitedPage. If the limit is not greater than firstLimited, one page is likely to be
	// enough.
	firstPage    = 16
	firstLimited = 256
	limitedPage  = 1024
	// pageBytes is how much a further page should hold, by the mean of the page before.
	pageBytes = 1 << 20
	// maxPage is how many rows a page has at most.
	maxPage = 4096
	// pageMemory bounds the values of a page: a value longer than its share is left out, and read when it is
	// needed.
	pageMemory = 16 << 20
	// keptPage is the most memory that a page keeps for the next one.
	keptPage = 4 * pageBytes
)

// page is some consecutive rows of a range, in the order of the walk.
type page struct {
	rows  []row
	bytes []byte // of all keys and values
	size  int    // what all rows would take, also the values that are left out; of keys only, what they take
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

// pages are kept to be used again, with their memory up to keptPage.
var pages = sync.Pool{New: func() any { return new(page) }}

func takePage() *page {
	p := pages.Get().(*page)
	*p = page{rows: p.rows[:0], bytes: p.bytes[:0]}
	return p
}

// leavePage gives up a page whose keys and values nobody reads any more.
func leavePage(p *page) {
	if p != nil && cap(p.bytes) <= keptPage {
		pages.Put(p)
	}
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
func (p *page) next() int { return pageAfter(p.size, len(p.rows)) }

// pageAfter is how many rows a page has after one with rows of so many bytes.
func pageAfter(bytes, rows int) int {
	mean := max(bytes/rows, 1)
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
	p := takePage()
	for rows.Next() {
		if err := p.add(rows.FieldDescriptions(), rows.RawValues()); err != nil {
			rows.Close()
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	p.whole = len(p.rows) < n
	if !k.keysOnly {
		s.sizes.learn(p)
	}
	return p, nil
}

// add copies a row as the server has sent it: key, length of the value, and the value if it is wanted and not too
// long. This takes half of the time that scanning it into variables would.
func (p *page) add(fields []pgconn.FieldDescription, raw [][]byte) (err error) {
	var r row
	if r.key, r.keyLen, err = p.copyBytes(fields[0].Format, raw[0]); err != nil {
		return err
	}
	if r.valueLen, err = number(fields[1].Format, raw[1]); err != nil {
		return err
	}
	if len(raw) > 2 && raw[2] != nil {
		r.hasValue = true
		if r.value, _, err = p.copyBytes(fields[2].Format, raw[2]); err != nil {
			return err
		}
	}
	p.size += r.keyLen + sent(r.valueLen, len(raw) == 2)
	p.rows = append(p.rows, r)
	return nil
}

// sent is what is received of a value: of keys only, its length as a number.
func sent(valueLen int, keysOnly bool) int {
	if keysOnly {
		return 4
	}
	return valueLen
}

// errForm is why bytes or a number of the server's cannot be read.
var errForm = errors.New("the server sends a value in an unknown form")

// copyBytes appends a bytea to the bytes of the page.
func (p *page) copyBytes(format int16, raw []byte) (at, n int, err error) {
	at = len(p.bytes)
	p.bytes, err = appendField(p.bytes, format, raw)
	return at, len(p.bytes) - at, err
}

// appendField appends a bytea that the server has sent.
func appendField(dst []byte, format int16, raw []byte) ([]byte, error) {
	if format == pgx.BinaryFormatCode {
		return append(dst, raw...), nil
	}
	return appendBytea(dst, raw)
}

// number reads an int4.
func number(format int16, raw []byte) (int, error) {
	if format != pgx.BinaryFormatCode {
		return strconv.Atoi(string(raw))
	}
	if len(raw) != 4 {
		return 0, errForm
	}
	return int(int32(binary.BigEndian.Uint32(raw))), nil
}
