// SPDX-License-Identifier: Apache-2.0

package ops

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// Mix is one of YCSB's workloads: shares of the operations, in percent. Rows are chosen by a Zipf
// distribution, over all of them in random order, or over the newest.
type Mix struct {
	Letter string
	About  string

	read, update, insert, scan int // what is left is reading a row and writing it again

	newest bool
}

// Mixes are all of them.
var Mixes = []Mix{
	{Letter: "a", About: "50 % gets, 50 % updates", read: 50, update: 50},
	{Letter: "b", About: "95 % gets, 5 % updates", read: 95, update: 5},
	{Letter: "c", About: "gets", read: 100},
	{Letter: "d", About: "95 % gets of the newest rows, 5 % new rows", read: 95, insert: 5, newest: true},
	{Letter: "e", About: "95 % scans of 1 to 100 rows, 5 % new rows", scan: 95, insert: 5},
	{Letter: "f", About: "50 % gets, 50 % gets followed by an update of the row", read: 50},
}

// ReadsOnly reports whether the mix writes nothing.
func (m Mix) ReadsOnly() bool { return m.read == 100 }

// draws is how many numbers are drawn before the measurement, and used again and again.
const draws = 1 << 18

// YCSB is a mix that is running. One goroutine uses it, and no other writes to the store.
type YCSB struct {
	mix      Mix
	t        *Table
	g        *Getter
	w        *Writer
	order    data.Order
	ranks    []uint32 // by a Zipf distribution
	dice     []uint32 // of what is done: 0 to 99, and above that a random number
	newest   []uint32 // version of each row, 0 for 1; rows that were inserted have version 1
	inserted uint64
	written  uint64
	done     uint64
}

// Memory returns n zeros, for what a workload must remember.
type Memory func(n uint64) ([]uint32, error)

// NewYCSB prepares a mix on a store whose rows all have version 1. The caller must Close it.
func (t *Table) NewYCSB(m Mix, seed uint64, memory Memory) (*YCSB, error) {
	y := &YCSB{mix: m, t: t, w: t.NewWriter(1), order: data.NewOrder(t.Rows, 77)}
	for _, list := range []struct {
		at *[]uint32
		n  uint64
	}{{&y.ranks, draws}, {&y.dice, draws}, {&y.newest, t.Rows}} {
		var err error
		if *list.at, err = memory(list.n); err != nil {
			return nil, err
		}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	zipf := data.NewZipf(random, min(t.Rows, 1<<32))
	for i := range y.ranks {
		y.ranks[i] = uint32(zipf.Next())
		y.dice[i] = uint32(random.IntN(100)) + 100*uint32(random.IntN(100))
	}
	var err error
	y.g, err = t.NewGetter(seed)
	return y, err
}

// Getter returns what the mix reads with.
func (y *YCSB) Getter() *Getter { return y.g }

// Written returns how many rows were written.
func (y *YCSB) Written() uint64 { return y.written }

// Inserted returns how many of them are new.
func (y *YCSB) Inserted() uint64 { return y.inserted }

// Close closes what the mix reads with.
func (y *YCSB) Close() error { return y.g.Close() }

// Do does the next operation.
func (y *YCSB) Do() error {
	at := y.done % draws
	y.done++
	die, rank := int(y.dice[at]%100), uint64(y.ranks[at])
	switch {
	case die < y.mix.read:
		return y.readRow(rank)
	case die < y.mix.read+y.mix.update:
		return y.updateRow(y.order.At(rank))
	case die < y.mix.read+y.mix.update+y.mix.insert:
		return y.insertRow()
	case die < y.mix.read+y.mix.update+y.mix.insert+y.mix.scan:
		return y.scanFrom(y.order.At(rank), 1+int(y.dice[at]/100))
	}
	row := y.order.At(rank)
	if err := y.expect(row); err != nil {
		return err
	}
	return y.updateRow(row)
}

func (y *YCSB) readRow(rank uint64) error {
	if !y.mix.newest {
		return y.expect(y.order.At(rank))
	}
	if rank < y.inserted {
		return y.expectInserted(y.inserted - 1 - rank)
	}
	return y.expect(y.order.At(y.t.Rows - 1 - min(rank-y.inserted, y.t.Rows-1)))
}

// expect gets a row and wants its newest version.
func (y *YCSB) expect(row uint64) error {
	version, err := y.g.Get(row)
	if want := y.version(row); err == nil && version != want {
		err = fmt.Errorf("row %d has version %d; version %d was written", row, version, want)
	}
	return err
}

// version returns the newest version of a row.
func (y *YCSB) version(row uint64) uint32 { return max(y.newest[row], 1) }

func (y *YCSB) updateRow(row uint64) error {
	version := y.version(row) + 1
	y.w.Add(row, version)
	if err := y.w.Commit(); err != nil {
		return err
	}
	y.newest[row] = version
	y.written++
	return nil
}

// insertedKey is the key of a row that was inserted: after that of another row, in random order. Its
// value has the number of rows plus its place.
func (y *YCSB) insertedKey(dst []byte, place uint64) []byte {
	return y.t.Keys.AppendMissing(dst, y.order.At(place))
}

func (y *YCSB) insertRow() error {
	if y.inserted == y.t.Rows {
		return y.readRow(0) // there is no room between rows any more
	}
	op := y.w.next()
	op.Key = y.insertedKey(op.Key[:0], y.inserted)
	op.Value = y.t.Values.Append(op.Value[:0], y.t.Rows+y.inserted, 1)
	if err := y.w.Commit(); err != nil {
		return err
	}
	y.inserted++
	y.written++
	return nil
}

func (y *YCSB) expectInserted(place uint64) error {
	y.g.key = y.insertedKey(y.g.key[:0], place)
	if err := y.g.fetch(); err != nil {
		return err
	}
	_, err := y.t.Values.Check(y.g.value, y.t.Rows+place)
	return err
}

// scanFrom reads limit records from a row on. All rows on the way must be there, in order.
func (y *YCSB) scanFrom(row uint64, limit int) error {
	y.g.key = y.t.Keys.Append(y.g.key[:0], row)
	n, next := 0, row
	err := y.g.reader.Scan(Range{From: y.g.key, Limit: limit}, func(key, value []byte) error {
		n++
		return y.record(key, value, &next)
	})
	if err == nil && n != limit && next != y.t.Rows {
		err = fmt.Errorf("the scan of %d records from row %d has %d, and ended at row %d", limit, row, n, next)
	}
	return err
}

// record checks a record: next is the first row that was not met yet.
func (y *YCSB) record(key, value []byte, next *uint64) error {
	row, original := y.t.Keys.Row(key)
	if original {
		if row != *next {
			return fmt.Errorf("row %d where row %d is next", row, *next)
		}
		*next++
		version, err := y.t.Values.Check(value, row)
		if want := y.version(row); err == nil && version != want {
			err = fmt.Errorf("row %d has version %d; version %d was written", row, version, want)
		}
		return err
	}
	if len(value) < data.MinValueSize || row+1 != *next {
		return fmt.Errorf("key %q before row %d", key, *next)
	}
	inserted := binary.LittleEndian.Uint64(value)
	if inserted < y.t.Rows || inserted >= 2*y.t.Rows || y.order.At(inserted-y.t.Rows) != row {
		return fmt.Errorf("key %q has the value of row %d", key, inserted)
	}
	_, err := y.t.Values.Check(value, inserted)
	return err
}

// Verify reads everything and counts it.
func (y *YCSB) Verify() error {
	n, next := uint64(0), uint64(0)
	err := y.g.reader.Scan(Range{}, func(key, value []byte) error {
		n++
		return y.record(key, value, &next)
	})
	if want := y.t.Rows + y.inserted; err == nil && n != want {
		err = fmt.Errorf("there are %d rows, and there should be %d", n, want)
	}
	return err
}
