// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// round is one measurement of one workload.
type round struct {
	*plan
	ctx      context.Context
	workload workload
	seed     uint64
	limit    time.Duration
	db       *env.Database
	store    *store
	table    *ops.Table
	errors   errs
	// live is how many rows the database has afterwards.
	live uint64
	// remembered is memory for what the workload must remember, which is not the database's.
	remembered int64
	result     results.Round
}

// fileName is that of the database in its folder.
const fileName = "bench.lsm"

// do measures the workload on the database in dir.
func (x *round) do(dir string) (err error) {
	cfg, err := x.config(filepath.Join(dir, fileName), env.Create)
	if err != nil {
		return err
	}
	if x.db, err = env.OpenConfig(x.ctx, cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.db.Close()) }()
	x.store = &store{ctx: x.ctx, db: x.db.Engine}
	x.table = &ops.Table{Store: x.store, Rows: x.Rows, Keys: x.keys, Values: x.values}
	x.live = x.Rows
	return x.workload.run(x)
}

// finish fills in what is known once the database is closed.
func (x *round) finish(dir string) (err error) {
	r := &x.result
	if r.Errors = x.errors.n; x.errors.first != nil {
		r.FirstError = x.errors.first.Error()
	}
	if r.LogicalBytes > 0 {
		r.WriteAmplification = new(float64(r.WrittenBytes) / float64(r.LogicalBytes))
	}
	if r.FileBytes, err = machine.DiskBytes(dir); err == nil && x.live > 0 {
		r.SpaceAmplification = new(float64(r.FileBytes) / float64(x.live*uint64(x.table.RowBytes())))
	}
	return err
}

// counted measures, and notes how many bytes of keys and values that read and wrote: not what comes before
// and after it.
func (x *round) counted(threads int, work func(i int, w *worker)) error {
	read, written := x.store.read(), x.store.written.Load()
	err := x.measure(threads, work)
	x.result.ReadBytes, x.result.LogicalBytes = x.store.read()-read, x.store.written.Load()-written
	return err
}

// check counts an error of a verification. One that comes from an interruption is returned.
func (x *round) check(err error) error {
	if x.ctx.Err() != nil {
		return x.ctx.Err()
	}
	if err != nil {
		x.errors.add(fmt.Errorf("afterwards: %w", err))
	}
	return nil
}

// versions returns a number for each row.
func (x *round) versions(n uint64) ([]uint32, error) {
	x.remembered += int64(4 * n)
	list := make([]uint32, n)
	for i := range list {
		list[i] = 0 // so that it is in memory before that is measured
	}
	return list, nil
}

// most is how many operations a worker does if there is no limit of time: together as many as have
// to do with each row once.
func (x *round) most(each uint64) uint64 {
	if x.limit > 0 {
		return 1 << 62
	}
	return max(x.Rows/each/uint64(x.Threads), 1)
}

// verify compares all rows with their newest versions, of which 0 stands for 1.
func (x *round) verify(newest []uint32) error {
	n, err := x.table.Verify(func(row uint64) uint32 { return max(newest[row], 1) })
	if err == nil && n != x.Rows {
		err = fmt.Errorf("there are %d rows, and there should be %d", n, x.Rows)
	}
	return x.check(err)
}
