// SPDX-License-Identifier: Apache-2.0

package ops

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// Getter reads random rows and checks them. One goroutine at a time uses it.
type Getter struct {
	t      *Table
	reader Reader
	next   uint64 // state of the random numbers
	key    []byte
	value  []byte
}

// NewGetter returns a Getter whose random rows belong to a seed. The caller must Close it.
func (t *Table) NewGetter(seed uint64) (*Getter, error) {
	reader, err := t.Store.Reader()
	if err != nil {
		return nil, err
	}
	return &Getter{t: t, reader: reader, next: data.Mix(seed)}, nil
}

// Close closes the Getter's reader.
func (g *Getter) Close() error { return g.reader.Close() }

// Row returns the next random row.
func (g *Getter) Row() uint64 {
	g.next++
	return data.Mix(g.next) % g.t.Rows
}

// Get gets a row, and returns its version.
func (g *Getter) Get(row uint64) (version uint32, err error) {
	g.key = g.t.Keys.Append(g.key[:0], row)
	if err := g.fetch(); err != nil {
		return 0, err
	}
	return g.t.Values.Check(g.value, row)
}

// Sample gets a row with a long value, of which a part is checked.
func (g *Getter) Sample(row uint64) error {
	g.key = g.t.Keys.Append(g.key[:0], row)
	if err := g.fetch(); err != nil {
		return err
	}
	return g.t.Values.Sample(g.value, row, true)
}

// fetch reads the value of the key, which must be there.
func (g *Getter) fetch() error {
	value, found, err := g.reader.Get(g.value[:0], g.key)
	if err != nil {
		return err
	}
	g.value = value
	if !found {
		return fmt.Errorf("key %q is missing", g.key)
	}
	return nil
}

// Missing gets a key that is missing, between rows.
func (g *Getter) Missing(row uint64) error {
	g.key = g.t.Keys.AppendMissing(g.key[:0], row)
	_, found, err := g.reader.Get(g.value[:0], g.key)
	if err == nil && found {
		err = fmt.Errorf("key %q was found, and never written", g.key)
	}
	return err
}

// Scan reads up to limit rows from a row on, all of which must be there.
func (g *Getter) Scan(from uint64, limit int) error {
	g.key = g.t.Keys.Append(g.key[:0], from)
	next := from
	err := g.reader.Scan(Range{From: g.key, Limit: limit}, func(key, value []byte) error {
		err := g.t.Check(key, value, next)
		next++
		return err
	})
	if want := min(from+uint64(limit), g.t.Rows); err == nil && next != want {
		err = fmt.Errorf("the scan from row %d ended at row %d instead of %d", from, next, want)
	}
	return err
}

// warmGets bounds how many rows are read before a measurement.
const warmGets = 1_000_000

// Warm reads the database before a measurement, however long that takes: rows so close to each other
// that every block of 2 KiB is read, so that caches which are large enough have all of it. It ends early
// if over says so.
func (g *Getter) Warm(over func() bool) error {
	step := max(uint64(2048/g.t.RowBytes()), g.t.Rows/warmGets, 1)
	for row := uint64(0); row < g.t.Rows && !over(); row += step {
		if _, err := g.Get(row); err != nil {
			return err
		}
	}
	return nil
}

// Pass reads all rows in order, of which none may be missing, and returns how many that were. each, if it
// is not nil, is called before a row is looked at, and ends the pass with its error.
func (g *Getter) Pass(reverse bool, each func() error) (rows uint64, err error) {
	err = g.reader.Scan(Range{Reverse: reverse}, func(key, value []byte) error {
		if each != nil {
			if err := each(); err != nil {
				return err
			}
		}
		want := rows
		if reverse {
			want = g.t.Rows - 1 - rows
		}
		rows++
		return g.t.Check(key, value, want)
	})
	if err == nil && rows != g.t.Rows {
		err = fmt.Errorf("%d rows were read, and there are %d", rows, g.t.Rows)
	}
	return rows, err
}

// Check compares a record with a row, of any version.
func (t *Table) Check(key, value []byte, want uint64) error {
	if row, ok := t.Keys.Row(key); !ok || row != want {
		return fmt.Errorf("key %q instead of that of row %d", key, want)
	}
	_, err := t.Values.Check(value, want)
	return err
}

// Verify reads all rows, compares them with the version that each should have, and counts them.
func (t *Table) Verify(version func(row uint64) uint32) (rows uint64, err error) {
	reader, err := t.Store.Reader()
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	last := uint64(0)
	err = reader.Scan(Range{}, func(key, value []byte) error {
		row, ok := t.Keys.Row(key)
		if !ok || rows > 0 && row <= last {
			return fmt.Errorf("key %q comes after row %d", key, last)
		}
		got, err := t.Values.Check(value, row)
		if err == nil && got != version(row) {
			err = fmt.Errorf("row %d has version %d; version %d was written", row, got, version(row))
		}
		last = row
		rows++
		return err
	})
	return rows, err
}
