// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"io"
	"net/http"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// serveValue returns the bytes of a value, or a part of them.
func (in *Inspector) serveValue(q *request) error {
	ctx, cancel := in.timed(q)
	defer cancel()
	c, err := q.db.Cursor(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	key, err := in.keyParam(ctx, q, c)
	if err != nil {
		return err
	}
	if !c.Seek(key, engine.SeekEQ) {
		if err := c.Err(); err != nil {
			return err
		}
		return refusef(http.StatusNotFound, "there is no such key")
	}
	if q.flag("download") {
		return in.download(q, c)
	}
	return in.part(q, c)
}

// part returns a part of the value that c stands on: all of it, if the limit allows it and nothing
// else was requested.
func (in *Inspector) part(q *request, c *engine.Cursor) error {
	size, most := c.ValueLen(), int64(in.limits.ResponseBytes)
	offset, err := q.number("offset", 0, 0, 1<<62)
	if err != nil {
		return err
	}
	offset = min(offset, int64(size))
	length, err := q.number("length", int64(size)-offset, 0, 1<<62)
	if err != nil {
		return err
	}
	if !q.query.Has("length") && length > most {
		return refusef(http.StatusRequestEntityTooLarge,
			"limit ResponseBytes: the value has %d bytes, and %d are returned at most; length=%d returns a part, and download=1 a file", size, most, most)
	}
	part, err := c.ValuePart(nil, int(offset), int(min(length, most)))
	if err != nil {
		return err
	}
	binary(q.w.Header(), int64(len(part)))
	q.w.Header().Set(wire.HeaderLen, strconv.Itoa(size))
	q.answer(http.StatusOK, part)
	return nil
}

// download returns the value that c stands on as a file, in pieces.
func (in *Inspector) download(q *request, c *engine.Cursor) error {
	r, err := c.ValueReader()
	if err != nil {
		return err
	}
	binary(q.w.Header(), r.Size())
	q.w.Header().Set("Content-Disposition", `attachment; filename="value"`)
	q.begin(http.StatusOK)
	if q.r.Method == http.MethodHead {
		return nil
	}
	out := in.stream(q)
	defer out.end()
	_, err = io.CopyN(out, r, r.Size())
	return err
}

// binary says that a response is bytes of no type, so that no browser makes anything of them.
func binary(h http.Header, length int64) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(length, 10))
}
