// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"context"
	"errors"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Find returns the place in the log with a checksum. off is where in the file that place was when it was written
// down; it only says where to look first.
func (h *Hub) Find(ctx context.Context, off int64, sum format.Checksum) (wal.Place, error) {
	is := func(p wal.Place) bool { return p.Sum == sum }
	end, _ := h.End()
	if is(end) {
		return end, nil
	}
	places := h.History().Places()
	if i := slices.IndexFunc(places, is); i >= 0 {
		return places[i], nil
	}
	// What can be seen ends before places of commits that cannot.
	places = slices.DeleteFunc(places, func(p wal.Place) bool { return p.Stream >= end.Stream })
	for i := range places {
		to := end
		if i+1 < len(places) {
			to = places[i+1]
		}
		if places[i].Off <= off && off < to.Off {
			if p, err := h.search(ctx, places[i], to, is); err == nil || !errors.Is(err, errNotFound) {
				return p, err
			}
		}
	}
	if len(places) > 0 {
		p, err := h.search(ctx, places[0], end, is)
		if !errors.Is(err, errNotFound) {
			return p, err
		}
	}
	return wal.Place{}, gap("the log does not hold that position, or does not any more")
}

var errNotFound = errors.New("not found")

// search reads the log from one place to another, for a place between two transactions.
func (h *Hub) search(ctx context.Context, from, to wal.Place, is func(wal.Place) bool) (wal.Place, error) {
	h.files.RLock()
	defer h.files.RUnlock()
	f := h.Log()
	if h.over || f == nil {
		return wal.Place{}, errClosed
	}
	tail := wal.NewTail(f, from, h.Keys())
	for {
		if err := ctx.Err(); err != nil {
			return wal.Place{}, err
		}
		more, err := tail.Next(to)
		switch {
		case errors.Is(err, wal.ErrNotThere) || err == nil && !more:
			return wal.Place{}, errNotFound
		case err != nil:
			return wal.Place{}, err
		case is(tail.Place()):
			return tail.Place(), nil
		}
	}
}
