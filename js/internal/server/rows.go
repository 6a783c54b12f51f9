// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
	"github.com/lsmlite/lsmlite-go/store"
)

// get answers with the value of a key, or none.
func (s *Server) get(r *request, t *tx, out *wire.Writer) error {
	key := r.in.Bytes()
	if !r.in.Done() || key == nil {
		return badMessage()
	}
	value, found, err := s.reader(t).Get(r.ctx, nil, key)
	switch {
	case err != nil:
		return err
	case !found:
		out.Absent()
	default:
		out.Bytes(value)
	}
	return nil
}

// reader returns what a message reads from: its transaction, or the newest state.
func (s *Server) reader(t *tx) store.Reader {
	if t != nil {
		if w := t.conn.Transaction(); w != nil {
			return w
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db
}

func (s *Server) put(r *request, t *tx, _ *wire.Writer) error {
	key, value := r.in.Bytes(), r.in.Bytes()
	if !r.in.Done() || key == nil || value == nil {
		return badMessage()
	}
	return s.write(r.ctx, t, func(w store.Tx) error { return w.Put(r.ctx, key, value) })
}

func (s *Server) delete(r *request, t *tx, _ *wire.Writer) error {
	key := r.in.Bytes()
	if !r.in.Done() || key == nil {
		return badMessage()
	}
	return s.write(r.ctx, t, func(w store.Tx) error { return w.Delete(r.ctx, key) })
}

// deleteRange deletes what is strictly between two keys. Without the first it begins with the first key of
// all, without the second it ends with the last.
func (s *Server) deleteRange(r *request, t *tx, _ *wire.Writer) error {
	after, before := r.in.Bytes(), r.in.Bytes()
	if !r.in.Done() {
		return badMessage()
	}
	return s.write(r.ctx, t, func(w store.Tx) error { return deleteBetween(r.ctx, w, after, before) })
}

func deleteBetween(ctx context.Context, w store.Tx, after, before []byte) error {
	if before == nil {
		last, found, err := lastKey(ctx, w)
		if err != nil || !found {
			return err
		}
		before = append(last, 0) // the least key that is greater
	}
	if after == nil && len(before) > 0 {
		if err := w.Delete(ctx, []byte{}); err != nil {
			return err
		}
	}
	return w.DeleteRange(ctx, after, before)
}

// lastKey returns a copy of the last key.
func lastKey(ctx context.Context, from store.Reader) (key []byte, found bool, err error) {
	c, err := from.Cursor(ctx)
	if err != nil {
		return nil, false, err
	}
	found = c.Seek(ctx, &store.Range{Reverse: true, KeysOnly: true, Limit: 1})
	key, err = append(key, c.Key()...), c.Err()
	if closing := c.Close(); err == nil {
		err = closing
	}
	return key, found, err
}

// write runs f in the transaction, or in one of its own.
func (s *Server) write(ctx context.Context, t *tx, f func(store.Tx) error) error {
	if t != nil {
		w := t.conn.Transaction()
		if w == nil {
			return readOnly()
		}
		return f(w)
	}
	own, err := s.newTx(ctx)
	if err != nil {
		return err
	}
	defer own.abandon()
	w := own.conn.Transaction()
	if w == nil {
		return readOnly()
	}
	if err := f(w); err != nil {
		return err
	}
	return own.end(true)
}

func readOnly() error {
	return &engine.Error{Code: engine.CodeReadOnly, Op: "write", Detail: "the database was opened for reading only"}
}

// scan begins to read rows, and answers with the first batch of them.
func (s *Server) scan(r *request, t *tx, out *wire.Writer) error {
	sought, ok := readRange(r.in)
	if !ok {
		return badMessage()
	}
	c, err := s.reader(t).Cursor(r.ctx)
	if err != nil {
		return err
	}
	return s.start(r, t, out, &scanned{cursor: c, sought: sought})
}

// The bits of a scan.
const (
	scanReverse  = 1
	scanKeysOnly = 2
)

// readRange reads where a scan begins and ends. Of two ends on one side the narrower one counts.
func readRange(in *wire.Reader) (*store.Range, bool) {
	bits := in.Byte()
	limit := in.U64()
	gt, gte, lt, lte, prefix := in.Bytes(), in.Bytes(), in.Bytes(), in.Bytes(), in.Bytes()
	if !in.Done() {
		return nil, false
	}
	r := &store.Range{Reverse: bits&scanReverse != 0, KeysOnly: bits&scanKeysOnly != 0, Limit: int(min(limit, 1<<31-1))}
	lo := func(key []byte, open bool) {
		if key == nil {
			return
		}
		if !r.HasLo || string(key) > string(r.Lo) || string(key) == string(r.Lo) && open {
			r.HasLo, r.Lo, r.LoOpen = true, key, open
		}
	}
	hi := func(key []byte, open bool) {
		if key == nil {
			return
		}
		if !r.HasHi || string(key) < string(r.Hi) || string(key) == string(r.Hi) && open {
			r.HasHi, r.Hi, r.HiOpen = true, key, open
		}
	}
	lo(gte, false)
	lo(gt, true)
	hi(lte, false)
	hi(lt, true)
	if prefix != nil {
		lo(prefix, false)
		hi(afterPrefix(prefix), true)
	}
	return r, true
}

// afterPrefix returns the least key greater than all that begin with p, nil if there is none.
func afterPrefix(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] < 0xff {
			next := append([]byte{}, p[:i+1]...)
			next[i]++
			return next
		}
	}
	return nil
}

// scanned is a scan as a source of rows.
type scanned struct {
	cursor store.Cursor
	sought *store.Range
	begun  bool
}

func (c *scanned) row(ctx context.Context, out *wire.Writer) (bool, error) {
	found := false
	if c.begun {
		found = c.cursor.Next(ctx)
	} else {
		found = c.cursor.Seek(ctx, c.sought)
		c.begun = true
	}
	if !found {
		return false, c.cursor.Err()
	}
	var value []byte
	if !c.sought.KeysOnly {
		var err error
		if value, err = c.cursor.Value(ctx); err != nil {
			return false, err
		}
	}
	out.Bytes(c.cursor.Key())
	if !c.sought.KeysOnly {
		out.Bytes(value)
	}
	return true, nil
}

func (c *scanned) close() error { return c.cursor.Close() }

func (s *Server) checkpoint(r *request, _ *tx, _ *wire.Writer) error {
	ctx, stop := s.patient(r.ctx, "checkpoint")
	defer stop()
	db := s.database()
	if err := db.Flush(ctx); err != nil {
		return err
	}
	_, err := db.Checkpoint(ctx)
	return err
}
