// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"sync"

	"github.com/lsmlite/lsmlite-go/bench/meter"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
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
			run: func(r *run) error { return r.sequential(false) }},
		{Name: "readreverse", Unit: "row", Base: ReadOnly, Classes: normal, About: "read the next row of all rows in descending order" + warm,
			run: func(r *run) error { return r.sequential(true) }},
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

// newGetter returns what gets random rows and checks them.
func (r *run) newGetter(seed uint64) (*ops.Getter, error) { return r.table().NewGetter(seed) }

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

// gets gets random rows with this many goroutines.
func (r *run) gets(readers int) error {
	if err := r.open(1); err != nil {
		return err
	}
	all := make([]*ops.Getter, readers)
	one := func(g *ops.Getter) func() error {
		return func() error { _, err := g.Get(g.Row()); return err }
	}
	for i := range all {
		var err error
		if all[i], err = r.newGetter(r.Seed<<8 + uint64(i)); err != nil {
			return err
		}
		defer all[i].Close()
		if err := all[i].Warm(never); err != nil {
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
	defer g.Close()
	one := func() error { return g.Missing(g.Row()) }
	if err := g.Warm(never); err != nil {
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
	defer g.Close()
	n := min(maxCold, max(r.Rows/20, 1))
	return r.measure(func() (uint64, error) {
		return r.upTo(n, func() error { _, err := g.Get(g.Row()); return err })
	})
}

// sequential reads everything in order, again and again until it is enough.
func (r *run) sequential(reverse bool) error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.Close()
	pass := func() (uint64, error) { return g.Pass(reverse, nil) }
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

const scanLength = 100

func (r *run) scans() error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.Close()
	one := func() error { return g.Scan(g.Row(), scanLength) }
	if err := g.Warm(never); err != nil {
		return err
	}
	return r.measure(func() (uint64, error) { return r.upTo(maxScans, one) })
}
