// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// base is the database that a workload begins with.
type base int

const (
	empty  base = iota // a new file
	shared             // with all rows, and not changed
	copied             // the same, of the workload's own
)

// workload is something that can be measured.
type workload struct {
	name  string
	unit  string // what an operation is
	timed string // what takes the time that is shown, or "" if none is taken
	about string
	base  base
	run   func(x *round) error
}

// scanLength is how many rows a scan reads.
const scanLength = 100

// workloads are all of them, in the order in which they run.
var workloads = append([]workload{
	{"fillseq", "row", "commit", "write new rows in ascending order", empty,
		func(x *round) error { return x.fill(func(i uint64) uint64 { return i }) }},
	{"fillrandom", "row", "commit", "write new rows in random order", empty,
		func(x *round) error { return x.fill(data.NewOrder(x.Rows, x.seed).At) }},
	{"overwrite", "row", "commit", "write rows that are there, in random order", copied, (*round).overwrite},
	{"readrandom", "get", "get", "get random rows", shared,
		func(x *round) error {
			return x.reads(1, func(g *ops.Getter) error { _, err := g.Get(g.Row()); return err })
		}},
	{"readmissing", "get", "get", "get keys that are missing, between rows", shared,
		func(x *round) error {
			return x.reads(1, func(g *ops.Getter) error { return g.Missing(g.Row()) })
		}},
	{"readseq", "row", "", "read all rows in ascending order", shared, (*round).sequential},
	{"scan", "scan", "scan", "read 100 rows from a random one on", shared,
		func(x *round) error {
			return x.reads(scanLength, func(g *ops.Getter) error { return g.Scan(g.Row(), scanLength) })
		}},
	{"readwhilewriting", "get", "get", "get random rows, while rows are written, one to a commit", copied, (*round).readWhileWriting},
}, mixes()...)

func mixes() (all []workload) {
	for _, m := range ops.Mixes {
		w := workload{"ycsb-" + m.Letter, "operation", "operation", m.About, copied, func(x *round) error { return x.ycsb(m) }}
		if m.ReadsOnly() {
			w.base = shared
		}
		all = append(all, w)
	}
	return all
}
