// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"net/http"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// previewBytes is how much of a value a list of keys shows.
const previewBytes = 96

// serveKeys returns a page of keys.
func (in *Inspector) serveKeys(q *request) error {
	limit, err := q.number("limit", min(100, int64(in.limits.Rows)), 1, int64(in.limits.Rows))
	if err != nil {
		return err
	}
	ctx, cancel := in.timed(q)
	defer cancel()
	w, err := in.newWalk(ctx, q, []byte(q.query.Get("prefix")))
	if err != nil {
		return err
	}
	defer w.c.Close()
	w.reverse = q.flag("reverse")
	var from, after []byte
	if q.query.Has("from") {
		from = []byte(q.query.Get("from"))
	}
	if ref := q.query.Get("after"); ref != "" {
		if after, err = in.keyOf(ctx, w.c, ref); err != nil {
			return err
		}
		from = after
	}
	m, err := in.listKeys(q, w, from, after, int(limit))
	if err != nil {
		return err
	}
	return q.json(http.StatusOK, m)
}

// listKeys collects keys from from on, without the key after.
func (in *Inspector) listKeys(q *request, w *walk, from, after []byte, limit int) (*wire.KeysMessage, error) {
	m := &wire.KeysMessage{}
	find := []byte(q.query.Get("find"))
	last, buf := after, make([]byte, 0, 64)
	ok := w.first(from)
	if ok && after != nil && bytes.Equal(w.c.Key(), after) {
		ok = w.next()
	}
	for ; ok; ok = w.next() {
		if len(m.Keys) == limit {
			w.more = "rows"
			break
		}
		buf = append(buf[:0], w.c.Key()...)
		last = buf
		if !bytes.Contains(last, find) {
			continue
		}
		row, err := in.keyRow(w, last)
		if err != nil {
			return nil, err
		}
		m.Keys = append(m.Keys, row)
	}
	if err := w.err(q); err != nil {
		return nil, err
	}
	m.More, m.Scanned = w.more, w.scanned
	switch {
	case w.more == "":
	case last == nil:
		return nil, refusef(http.StatusGatewayTimeout, "limit StatementTime was met before the first key")
	default:
		m.Next = refOf(last)
	}
	return m, nil
}

// keyRow describes the key that w stands on.
func (in *Inspector) keyRow(w *walk, key []byte) (wire.KeyRow, error) {
	n := w.c.ValueLen()
	preview, err := w.c.ValuePart(nil, 0, previewBytes)
	if err != nil {
		return wire.KeyRow{}, err
	}
	w.bytes += min(len(key), in.limits.CellBytes) + len(preview)
	return wire.KeyRow{
		Key: wire.Cut(key, in.limits.CellBytes), Ref: refOf(key), Value: wire.CutOf(preview, n, previewBytes), ValueLen: n,
	}, nil
}
