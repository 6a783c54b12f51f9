// SPDX-License-Identifier: Apache-2.0

package work

// LargeValue is the length of the values of workloads with Large, in bytes.
const LargeValue = 1 << 20

// LargeRows returns how many rows such a workload has where others have this many.
func LargeRows(rows uint64) uint64 { return min(max(rows/2000, 16), 1000) }

func larges() []Workload {
	return []Workload{
		{
			Name: "largefill", Unit: "row", Classes: both, Large: true,
			About: "write a new row with a value of 1 MiB, in random order, one to a commit",
			run: func(r *run) error {
				return r.fill(fillOrder{batch: 1, version: 1, at: r.random().At})
			},
		},
		{
			Name: "largeread", Unit: "get", Base: ReadOnly, Classes: normal, Large: true,
			About: "get a random row with a value of 1 MiB; the database was read before; one byte in 64 is compared",
			run:   (*run).largeReads,
		},
	}
}

// largeReads compares a part of each value, because comparing all of it would take as long as reading it.
// All of each value is compared before.
func (r *run) largeReads() error {
	if err := r.open(1); err != nil {
		return err
	}
	g, err := r.newGetter(r.Seed)
	if err != nil {
		return err
	}
	defer g.Close()
	for row := range r.Rows {
		if _, err := g.Get(row); err != nil {
			return err
		}
	}
	return r.measure(func() (uint64, error) {
		return r.upTo(maxGets, func() error { return g.Sample(g.Row()) })
	})
}
