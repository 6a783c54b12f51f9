// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"sync"

	"github.com/lsmlite/lsmlite-go/bench/data"
	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/meter"
)

// How many operations a workload that reads has at most.
const (
	maxGets  = 2_000_000
	maxCold  = 20_000
	maxScans = 200_000
	maxRows  = 20_000_000 // of sequential reads
)

func reads() []Workload {
	const warm = "; the database was read before"
	all := []Workload{
		{Name: "readrandom", Unit: "get", Base: ReadOnly, Classes: normal, About: "get a random row" + warm,
			run: func(r *run) error { return r.gets(1) }},
		{Name: "readmissing", Unit: "get", Base: ReadOnly, Classes: normal, About: "get a key that is missing, between rows" + warm,
			run: (*run).missing},
		{Name: "readcold", Unit: "get", Base: ReadOnly, Classes: normal,
			About: "get a random row, just after opening, with the database's files dropped from the page cache before",
			run:   (*run).cold},
		{Name: "readseq", Unit: "row", Base: ReadOnly, Classes: normal, About: "read the next row of all rows in ascending order" + warm,
			run: func(r *run) error { return r.sequential(kv.Range{}) }},
		{Name: "readreverse", Unit: "row", Base: ReadOnly, Classes: normal, About: "read the next row of all rows in descending order" + warm,
			run: func(r *run) error { return r.sequential(kv.Range{Reverse: true}) }},
		{Name: "scan", Batch: scanLength, Unit: "scan", Base: ReadOnly, Classes: normal, About: "read 100 rows from a random row on" + warm,
			run: (*run).scans},
	}
	for _, readers := range []int{1, 2} {
		all = append(all, Workload{
			Name: "readers", Threads: readers, Unit: "get", Base: ReadOnly, Classes: normal,
			About: fmt.Sprintf("get a random row, by %d goroutines at a time%s", readers, warm),
			run:   func(r *run) error { return r.gets(readers) },
		})
	}
	return all
}

// getter gets random rows and checks them.
type getter struct {
	r      *run
	reader kv.Reader
	next   uint64 // state of the random numbers
	key    []byte
	value  []byte
}

func (r *run) newGetter(seed uint64) (*getter, error) {
	reader, err := r.store.Reader()
	return &getter{r: r, reader: reader, next: data.Mix(seed)}, err
}

func (g *getter) row() uint64 {
	g.next++
	return data.Mix(g.next) % g.r.Rows
}

// get gets a row, and returns its version.
func (g *getter) get(row uint64) (version uint32, err error) {
	g.key = data.Key(g.key[:0], row)
	var found bool
	if g.value, found, err = g.reader.Get(g.value[:0], g.key); err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("row %d is missing", row)
	}
	return g.r.values.Check(g.value, row)
}

// upTo calls do up to n times, until the limit of the task is over, and returns how often.
func (r *run) upTo(n uint64, do func() error) (done uint64, err error) {
	over := r.deadline()
	for done < n {
		if err := do(); err != nil {
			return done, err
		}
		if done++; done%64 == 0 && over() {
			break
		}
	}
	return done, nil
}

// warmGets bounds how many rows are read before a measurement.
const warmGets = 1_000_000

// warm reads the database before a measurement, however long that takes: rows so close to each other
// that every block of 2 KiB is read, so that caches which are large enough have all of it.
func (g *getter) warm() error {
	step := max(uint64(2048/(data.KeySize+g.r.values.Size())), g.r.Rows/warmGets, 1)
	for row := uint64(0); row < g.r.Rows; row += step {
		if _, err := g.get(row); err != nil {
			return err
		}
	}
	return nil
}

// gets gets random rows with this many goroutines.
func (r *run) gets(readers int) error {
	if err := r.open(1); err != nil {
		return err
	}
	all := make([]*getter, readers)
	one := func(g *getter) func() error {
		return func() error { _, err := g.get(g.row()); return err }
	}
	for i := range all {
		var err error
		if all[i], err = r.newGetter(r.Seed<<8 + uint64(i)); err != nil {
			return err
		}
		defer all[i].reader.Close()
		if err := all[i].warm(); err != nil {
			return err
		}
	}
	if readers == 1 {
		return r.measure(func() (uint64, error) { return r.upTo(maxGets, one(all[0])) })
	}
	return r.measure(func() (uint64, error) {
		return together(len(all), func(i int) (uint64, error) { return r.upTo(maxGets, one(all[i])) })
	})
}

// together runs do in n goroutines and adds up their operations.
func together(n int, do func(i int) (uint64, error)) (ops uint64, err error) {
	done, failed := make([]uint64, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { done[i], failed[i] = do(i) })
	}
	group.Wait()
	for _, d := range done {
		ops += d
	}
	return ops, errors.Join(failed...)
}

func (r *run) missing() error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.reader.Close()
	one := func() error {
		g.key = data.MissingKey(g.key[:0], g.row())
		_, found, err := g.reader.Get(g.value[:0], g.key)
		if err == nil && found {
			err = fmt.Errorf("key %q was found, and never written", g.key)
		}
		return err
	}
	if err := g.warm(); err != nil {
		return err
	}
	return r.measure(func() (uint64, error) { return r.upTo(maxGets, one) })
}

func (r *run) cold() error {
	left, err := meter.DropCache(r.Dir)
	if err != nil {
		return err
	}
	r.result.Extra["left_cached_percent"] = 100 * left
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.reader.Close()
	n := min(maxCold, max(r.Rows/20, 1))
	return r.measure(func() (uint64, error) {
		return r.upTo(n, func() error { _, err := g.get(g.row()); return err })
	})
}

// sequential reads everything in order, again and again until it is enough.
func (r *run) sequential(all kv.Range) error {
	if err := r.open(1); err != nil {
		return err
	}
	reader, err := r.store.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	pass := func() (uint64, error) {
		n := uint64(0)
		err := reader.Scan(all, func(key, value []byte) error {
			want := n
			if all.Reverse {
				want = r.Rows - 1 - n
			}
			n++
			return r.check(key, value, want)
		})
		if err == nil && n != r.Rows {
			err = fmt.Errorf("%d rows were read, and there are %d", n, r.Rows)
		}
		return n, err
	}
	if _, err := pass(); err != nil {
		return err
	}
	return r.measure(func() (rows uint64, err error) {
		over := r.deadline()
		for rows < maxRows {
			n, err := pass()
			if rows += n; err != nil || over() {
				return rows, err
			}
		}
		return rows, nil
	})
}

// check compares a record with a row.
func (r *run) check(key, value []byte, want uint64) error {
	if row, ok := data.Row(key); !ok || row != want {
		return fmt.Errorf("key %q instead of that of row %d", key, want)
	}
	_, err := r.values.Check(value, want)
	return err
}

const scanLength = 100

func (r *run) scans() error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.reader.Close()
	one := func() error { return g.scan(g.row(), scanLength) }
	if err := g.warm(); err != nil {
		return err
	}
	return r.measure(func() (uint64, error) { return r.upTo(maxScans, one) })
}

// scan reads up to limit rows from a row on, and checks them.
func (g *getter) scan(from uint64, limit int) error {
	g.key = data.Key(g.key[:0], from)
	next := from
	err := g.reader.Scan(kv.Range{From: g.key, Limit: limit}, func(key, value []byte) error {
		err := g.r.check(key, value, next)
		next++
		return err
	})
	if want := min(from+uint64(limit), g.r.Rows); err == nil && next != want {
		err = fmt.Errorf("the scan from row %d ended at row %d instead of %d", from, next, want)
	}
	return err
}
