// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// read reads transactions up to a place, and returns how many. They count only if what they were read from is
// still there afterwards; see intact. Where they lie is added to lies.
func (r *run) read(ctx context.Context, tail *wal.Tail, to wal.Place, into wal.Target, lies *regions) (n uint64, err error) {
	records := 0
	for {
		ok, err := tail.Next(to)
		if err == nil && !ok {
			return n, nil
		}
		if err == nil {
			err = tail.Records(func(rec format.LogRecord) error {
				if records++; records%1024 == 0 {
					if err := ctx.Err(); err != nil {
						return err
					}
				}
				return wal.Apply(rec, into)
			})
		}
		if err != nil {
			return n, err
		}
		lies.add(tail.Extents())
		n++
	}
}

// regions is where transactions lie in the log that were read one after the other: the last three parts of it.
type regions [3]wal.Region

// add adds the next transaction.
func (r *regions) add(lies [3]wal.Region) {
	for _, e := range lies {
		last := 0
		for last < len(r)-1 && r[last+1] != (wal.Region{}) {
			last++
		}
		switch {
		case e.Start == e.End:
		case r[last] == (wal.Region{}):
			r[last] = e
		case r[last].End == e.Start:
			r[last].End = e.End
		case last == len(r)-1:
			r[0], r[1], r[2] = r[1], r[2], e
		default:
			r[last+1] = e
		}
	}
}

// logError returns the error of a read of the log from a place on. If the log did not hold what the writer said, it
// may have been written over, or its file be that of the next run.
func (r *run) logError(h *live.Hold, from wal.Place, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrNoWriter), errors.Is(err, errAgain):
		return err
	case r.intact(h, from) != nil:
		return errAgain
	case errors.Is(err, wal.ErrNotThere), errors.Is(err, errs.ErrCorrupt):
		return fmt.Errorf("%w: %w", errAgain, err) // which repeat returns if it stays so
	}
	return err
}

// intact returns an error unless what was read of the log from a place on was there all the time.
func (r *run) intact(h *live.Hold, from wal.Place) error {
	ok, err := h.Intact(from.Stream)
	if err == nil && !ok {
		err = errAgain
	}
	return liveError(err)
}
