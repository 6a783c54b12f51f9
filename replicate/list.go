// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// Generation is what a target has of a generation.
type Generation struct {
	Number, Parent, ParentSeq uint64
	Began                     time.Time
	Snapshots                 []SnapshotInfo // the complete ones, oldest first
	// Seq is the newest transaction, and Newest when its object was cut. Whether all objects up to there are sound
	// only restoring shows.
	Seq    uint64
	Newest time.Time
	Err    error // why nothing above is known, or what is damaged of it
}

// SnapshotInfo is a complete snapshot.
type SnapshotInfo struct {
	Seq   uint64
	Time  time.Time
	Rows  uint64
	Bytes int64 // of its objects
}

// List returns the generations of a target, oldest first.
func List(ctx context.Context, t target.Target, key keys.Source) ([]Generation, error) {
	h := history{t: newPatient(t, ReadAttempts, 0), key: key}
	numbers, err := h.generations(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Generation, 0, len(numbers))
	for _, n := range numbers {
		g, err := h.describe(ctx, n)
		if errors.Is(err, ErrDamaged) {
			g.Err = errors.Join(g.Err, err)
		} else if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, nil
}

// describe returns what there is of one generation.
func (h history) describe(ctx context.Context, num uint64) (out Generation, err error) {
	out.Number = num
	g, err := h.open(ctx, num)
	if err != nil {
		return out, err
	}
	out.Began, out.Parent, out.ParentSeq = g.base.Time, g.base.Parent.Gen, g.base.Parent.Seq
	out.Seq, out.Newest = g.base.Start.Seq, g.base.Time
	_, err = g.newestSnapshot(ctx, func(c complete) bool {
		out.Snapshots = append(out.Snapshots, SnapshotInfo{Seq: c.Pos.Seq, Time: c.Time, Rows: c.Rows, Bytes: c.StoredBytes()})
		return false
	}, func(err error) { out.Err = errors.Join(out.Err, err) })
	if err != nil {
		return out, err
	}
	slices.Reverse(out.Snapshots)
	low := out.Seq
	if n := len(out.Snapshots); n > 0 {
		low = out.Snapshots[n-1].Seq
		out.Seq, out.Newest = low, out.Snapshots[n-1].Time
	}
	last, found, err := g.newestLog(ctx, low)
	if err != nil || !found {
		return out, err
	}
	l, _, err := g.log(ctx, last.first, last.part)
	if err != nil {
		return out, err
	}
	out.Seq, out.Newest = l.Last, l.Time
	return out, nil
}
