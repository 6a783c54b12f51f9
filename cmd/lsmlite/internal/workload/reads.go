// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// getters returns a reader for each thread, after one of them has read the database.
func (x *round) getters() ([]*ops.Getter, error) {
	all := make([]*ops.Getter, x.Threads)
	for i := range all {
		var err error
		if all[i], err = x.table.NewGetter(x.seed<<16 + uint64(i)); err != nil {
			return nil, err
		}
	}
	if err := all[0].Warm(x.interrupted); err != nil {
		x.errors.add(fmt.Errorf("before: %w", err))
	}
	return all, x.ctx.Err()
}

func (x *round) interrupted() bool { return x.ctx.Err() != nil }

// reads does an operation with each thread's reader, which has to do with this many rows.
func (x *round) reads(rows uint64, do func(g *ops.Getter) error) error {
	all, err := x.getters()
	if err != nil {
		return err
	}
	return x.counted(x.Threads, func(i int, w *worker) {
		w.loop(x.most(rows), one(func() error { return do(all[i]) }))
	})
}

// sequentialStep is how many rows are read before the time is read again.
const sequentialStep = 256

// sequential reads all rows in order, with each thread, again and again. The time of a row is too short to
// be taken.
func (x *round) sequential() error {
	all, err := x.getters()
	if err != nil {
		return err
	}
	return x.counted(x.Threads, func(i int, w *worker) {
		for n := 0; ; {
			_, err := all[i].Pass(false, func() error {
				if n++; n%sequentialStep != 0 {
					return nil
				}
				w.done.Add(sequentialStep)
				if w.over(time.Since(w.begun)) {
					return errEnded
				}
				return nil
			})
			switch {
			case errors.Is(err, errEnded):
				return
			case err != nil && x.ctx.Err() == nil && w.add(err):
				return
			}
			if x.limit == 0 || w.over(time.Since(w.begun)) {
				w.done.Add(uint64(n % sequentialStep))
				return
			}
		}
	})
}
