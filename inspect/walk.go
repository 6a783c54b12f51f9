// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
)

// walk goes through keys with a prefix, and stops at a limit of the request.
type walk struct {
	ctx     context.Context
	c       *engine.Cursor
	prefix  []byte
	reverse bool

	scanned, mostScanned int
	bytes, mostBytes     int
	// more is the limit that the walk has met, "" if none.
	more string
}

// newWalk opens a cursor on what is committed now. The caller closes it.
func (in *Inspector) newWalk(ctx context.Context, q *request, prefix []byte) (*walk, error) {
	c, err := q.db.Cursor(ctx)
	if err != nil {
		return nil, err
	}
	return &walk{ctx: ctx, c: c, prefix: prefix, mostScanned: in.limits.ScanRows, mostBytes: in.limits.ResponseBytes}, nil
}

// first moves to the first key in the direction of the walk, at or after from if that is not nil.
func (w *walk) first(from []byte) bool {
	switch {
	case !w.reverse && (from == nil || bytes.Compare(from, w.prefix) < 0):
		w.c.Seek(w.prefix, engine.SeekGE)
	case !w.reverse:
		w.c.Seek(from, engine.SeekGE)
	default:
		w.last(from)
	}
	return w.here()
}

// last moves to the last key that has the prefix and is not greater than from, if that is not nil.
func (w *walk) last(from []byte) {
	end, bounded := afterAll(w.prefix)
	switch {
	case from != nil && (!bounded || bytes.Compare(from, end) < 0):
		w.c.Seek(from, engine.SeekLE)
	case !bounded:
		w.c.Last()
	case w.c.Seek(end, engine.SeekLE) && bytes.Equal(w.c.Key(), end):
		w.c.Prev()
	}
}

func (w *walk) next() bool {
	if w.reverse {
		w.c.Prev()
	} else {
		w.c.Next()
	}
	return w.here()
}

// seek moves on to the first key at or after key.
func (w *walk) seek(key []byte) bool {
	w.c.Seek(key, engine.SeekGE)
	return w.here()
}

// here reports whether the walk stands on a key that belongs to it, and may go on.
func (w *walk) here() bool {
	if !w.c.Valid() || !bytes.HasPrefix(w.c.Key(), w.prefix) {
		return false
	}
	switch {
	case w.scanned >= w.mostScanned:
		w.more = "scan"
	case w.bytes >= w.mostBytes:
		w.more = "bytes"
	case w.ctx.Err() != nil:
		w.more = "time"
	}
	if w.more != "" {
		return false
	}
	w.scanned++
	return true
}

// err returns why the walk has ended, if the database could not be read, or the client is gone.
func (w *walk) err(q *request) error {
	if err := w.c.Err(); err != nil {
		return err
	}
	return q.r.Context().Err()
}
