// SPDX-License-Identifier: Apache-2.0

package work

import "github.com/lsmlite/lsmlite-go/internal/measure/ops"

func ycsbs() (all []Workload) {
	for _, m := range ops.Mixes {
		w := Workload{
			Name: "ycsb-" + m.Letter, Unit: "operation", Classes: both, Base: Copy,
			About: "YCSB " + m.Letter + ": " + m.About + ", by a Zipf distribution; each write is a commit",
			run:   func(r *run) error { return r.ycsb(m) },
		}
		if m.ReadsOnly() {
			w.Base, w.Classes = ReadOnly, normal
		}
		all = append(all, w)
	}
	return all
}

const maxYCSB = 1_000_000

// ycsb runs a mix.
func (r *run) ycsb(m ops.Mix) error {
	if err := r.open(1); err != nil {
		return err
	}
	y, err := r.table().NewYCSB(m, r.Seed, offHeap)
	if err != nil {
		return err
	}
	defer y.Close()
	if err := y.Getter().Warm(never); err != nil {
		return err
	}
	measure := r.measureWrites
	if m.ReadsOnly() {
		measure = r.measure
	}
	if err := measure(func() (uint64, error) { return r.upTo(maxYCSB, y.Do) }); err != nil {
		return err
	}
	if y.Written() > 0 {
		r.logical(y.Written())
	}
	return y.Verify()
}
