// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// fill writes all rows into an empty database, as far as the limit allows.
func (x *round) fill(at func(i uint64) uint64) error {
	w := x.table.NewWriter(x.Batch)
	next := uint64(0)
	err := x.counted(1, func(_ int, k *worker) {
		k.loop(1<<62, func() (n uint64, err error) {
			for ; next < x.Rows && !w.Full(); next++ {
				w.Add(at(next), 1)
				n++
			}
			if n == 0 {
				return 0, errEnded
			}
			return n, w.Commit()
		})
	})
	if err != nil {
		return err
	}
	x.live, err = x.table.Verify(func(uint64) uint32 { return 1 })
	if err == nil && x.live != x.result.Operations {
		err = fmt.Errorf("there are %d rows, and %d were written", x.live, x.result.Operations)
	}
	return x.check(err)
}

// overwrite writes rows again, in another order than at first.
func (x *round) overwrite() error {
	newest, err := x.versions(x.Rows)
	if err != nil {
		return err
	}
	w, order, batch := x.table.NewWriter(x.Batch), data.NewOrder(x.Rows, x.seed+1), make([]uint64, 0, x.Batch)
	next := uint64(0)
	err = x.counted(1, func(_ int, k *worker) {
		k.loop(1<<62, func() (uint64, error) {
			for batch = batch[:0]; next < x.Rows && !w.Full(); next++ {
				row := order.At(next)
				w.Add(row, 2)
				batch = append(batch, row)
			}
			if len(batch) == 0 {
				return 0, errEnded
			}
			err := w.Commit()
			for _, row := range batch {
				if err == nil {
					newest[row] = 2
				}
			}
			return uint64(len(batch)), err
		})
	})
	if err != nil {
		return err
	}
	return x.verify(newest)
}
