// SPDX-License-Identifier: Apache-2.0

package work

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/bench/data"
	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// mix is one of YCSB's workloads: shares of the operations, in percent. Rows are chosen by a Zipf
// distribution, over all of them in random order, or over the newest.
type mix struct {
	letter string
	about  string

	read, update, insert, scan int // what is left is reading a row and writing it again

	newest bool
}

func ycsbs() (all []Workload) {
	for _, m := range []mix{
		{letter: "a", about: "50 % gets, 50 % updates", read: 50, update: 50},
		{letter: "b", about: "95 % gets, 5 % updates", read: 95, update: 5},
		{letter: "c", about: "gets", read: 100},
		{letter: "d", about: "95 % gets of the newest rows, 5 % new rows", read: 95, insert: 5, newest: true},
		{letter: "e", about: "95 % scans of 1 to 100 rows, 5 % new rows", scan: 95, insert: 5},
		{letter: "f", about: "50 % gets, 50 % gets followed by an update of the row", read: 50},
	} {
		w := Workload{
			Name: "ycsb-" + m.letter, Unit: "operation", Classes: both, Base: Copy,
			About: "YCSB " + m.letter + ": " + m.about + ", by a Zipf distribution; each write is a commit",
			run:   func(r *run) error { return r.ycsb(m) },
		}
		if m.read == 100 {
			w.Base, w.Classes = ReadOnly, normal
		}
		all = append(all, w)
	}
	return all
}

const (
	maxYCSB = 1_000_000
	draws   = 1 << 18 // numbers drawn before the measurement, and used again and again
)

// ycsb is a mix that is running.
type ycsb struct {
	mix
	*getter
	w        *writer
	order    data.Order
	ranks    []uint32 // by a Zipf distribution
	dice     []uint32 // of what is done: 0 to 99, and above that a random number
	newest   []uint32 // version of each row, 0 for 1; rows that were inserted have version 1
	inserted uint64
	written  uint64
	done     uint64
}

func (r *run) ycsb(m mix) error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.reader.Close()
	y := &ycsb{mix: m, getter: g, w: r.newWriter(1), order: data.NewOrder(r.Rows, 77)}
	for _, list := range []struct {
		at *[]uint32
		n  uint64
	}{{&y.ranks, draws}, {&y.dice, draws}, {&y.newest, r.Rows}} {
		if *list.at, err = offHeap(list.n); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(r.Seed, 1))
	zipf := data.NewZipf(random, min(r.Rows, 1<<32))
	for i := range y.ranks {
		y.ranks[i] = uint32(zipf.Next())
		y.dice[i] = uint32(random.IntN(100)) + 100*uint32(random.IntN(100))
	}
	if err := g.warm(); err != nil {
		return err
	}
	measure := r.measureWrites
	if m.read == 100 {
		measure = r.measure
	}
	if err := measure(func() (uint64, error) { return r.upTo(maxYCSB, y.operation) }); err != nil {
		return err
	}
	if y.written > 0 {
		r.logical(y.written)
	}
	return y.verify()
}

// operation does what the dice say.
func (y *ycsb) operation() error {
	at := y.done % draws
	y.done++
	die, rank := int(y.dice[at]%100), uint64(y.ranks[at])
	switch {
	case die < y.read:
		return y.readRow(rank)
	case die < y.read+y.update:
		return y.updateRow(y.order.At(rank))
	case die < y.read+y.update+y.insert:
		return y.insertRow()
	case die < y.read+y.update+y.insert+y.mix.scan:
		return y.scanFrom(y.order.At(rank), 1+int(y.dice[at]/100))
	}
	row := y.order.At(rank)
	if err := y.expect(row); err != nil {
		return err
	}
	return y.updateRow(row)
}

func (y *ycsb) readRow(rank uint64) error {
	if !y.mix.newest {
		return y.expect(y.order.At(rank))
	}
	if rank < y.inserted {
		return y.expectInserted(y.inserted - 1 - rank)
	}
	return y.expect(y.order.At(y.r.Rows - 1 - min(rank-y.inserted, y.r.Rows-1)))
}

// expect gets a row and wants its newest version.
func (y *ycsb) expect(row uint64) error {
	version, err := y.get(row)
	if want := max(y.newest[row], 1); err == nil && version != want {
		err = fmt.Errorf("row %d has version %d; version %d was written", row, version, want)
	}
	return err
}

func (y *ycsb) updateRow(row uint64) error {
	version := max(y.newest[row], 1) + 1
	y.w.add(row, version)
	y.newest[row] = version
	y.written++
	return y.w.commit()
}

// insertedKey is the key of a row that was inserted: after that of another row, in random order. Its
// value has the number of rows plus its place.
func (y *ycsb) insertedKey(dst []byte, place uint64) []byte {
	return data.MissingKey(dst, y.order.At(place))
}

func (y *ycsb) insertRow() error {
	if y.inserted == y.r.Rows {
		return y.readRow(0) // there is no room between rows any more
	}
	y.w.add(y.r.Rows+y.inserted, 1)
	op := &y.w.ops[0]
	op.Key = y.insertedKey(op.Key[:0], y.inserted)
	y.inserted++
	y.written++
	return y.w.commit()
}

func (y *ycsb) expectInserted(place uint64) error {
	y.key = y.insertedKey(y.key[:0], place)
	var found bool
	var err error
	if y.value, found, err = y.reader.Get(y.value[:0], y.key); err == nil && !found {
		err = fmt.Errorf("key %q is missing", y.key)
	}
	if err != nil {
		return err
	}
	_, err = y.r.values.Check(y.value, y.r.Rows+place)
	return err
}

// scanFrom reads limit records from a row on. All rows on the way must be there, in order.
func (y *ycsb) scanFrom(row uint64, limit int) error {
	y.key = data.Key(y.key[:0], row)
	n, next := 0, row
	err := y.reader.Scan(kv.Range{From: y.key, Limit: limit}, func(key, value []byte) error {
		n++
		return y.record(key, value, &next)
	})
	if err == nil && n != limit && next != y.r.Rows {
		err = fmt.Errorf("the scan of %d records from row %d has %d, and ended at row %d", limit, row, n, next)
	}
	return err
}

// record checks a record: next is the first row that was not met yet.
func (y *ycsb) record(key, value []byte, next *uint64) error {
	row, original := data.Row(key)
	if original {
		if row != *next {
			return fmt.Errorf("row %d where row %d is next", row, *next)
		}
		*next++
		version, err := y.r.values.Check(value, row)
		if err == nil && version != max(y.newest[row], 1) {
			err = fmt.Errorf("row %d has version %d; version %d was written", row, version, max(y.newest[row], 1))
		}
		return err
	}
	if len(value) < data.MinValueSize || row+1 != *next {
		return fmt.Errorf("key %q before row %d", key, *next)
	}
	inserted := binary.LittleEndian.Uint64(value)
	if inserted < y.r.Rows || y.order.At(inserted-y.r.Rows) != row {
		return fmt.Errorf("key %q has the value of row %d", key, inserted)
	}
	_, err := y.r.values.Check(value, inserted)
	return err
}

// verify reads everything and counts it.
func (y *ycsb) verify() error {
	n, next := uint64(0), uint64(0)
	err := y.reader.Scan(kv.Range{}, func(key, value []byte) error {
		n++
		return y.record(key, value, &next)
	})
	if want := y.r.Rows + y.inserted; err == nil && n != want {
		err = fmt.Errorf("there are %d rows, and there should be %d", n, want)
	}
	return err
}
