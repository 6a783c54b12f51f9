// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// ValueReader reads one value piece by piece, so that all of it is never in memory. It is
// valid until the cursor that it comes from is moved or closed; then its methods fail with
// ErrMisuse. One goroutine at a time may use it, and Value of the same cursor may be called
// between its calls.
type ValueReader struct {
	c      *Cursor
	moves  uint64
	size   int64
	pos    int64  // where the next Read begins
	at     int64  // where body, or the rest of inline, stands
	value  []byte // all of it, if it is in memory
	body   segment.Body
	inline bool
}

var (
	_ io.ReadSeeker = (*ValueReader)(nil)
	_ io.WriterTo   = (*ValueReader)(nil)
)

// ValueReader returns a reader of the current value. It reads long values from the file as the
// caller needs them, without the page cache, in a buffer of a fixed size.
func (c *Cursor) ValueReader() (*ValueReader, error) {
	if err := c.hasValue(); err != nil {
		return nil, err
	}
	r := &ValueReader{c: c, moves: c.moves, size: int64(c.c.ValueLen())}
	r.rewind()
	return r, nil
}

// rewind begins again.
func (r *ValueReader) rewind() {
	r.at = 0
	r.body.Close()
	var ok bool
	r.body, r.value, ok = r.c.c.Body()
	r.inline = !ok
}

func (r *ValueReader) usable() error {
	if r.c.state == nil || r.c.moves != r.moves {
		return &Error{Code: CodeMisuse, Op: "read value", Path: r.c.db.path, Detail: "the cursor was moved or closed since"}
	}
	return nil
}

// Size returns the length of the value in bytes.
func (r *ValueReader) Size() int64 { return r.size }

// Read implements io.Reader.
func (r *ValueReader) Read(p []byte) (n int, err error) {
	if err := r.usable(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.pos >= r.size {
		return 0, io.EOF
	}
	if r.inline {
		n = copy(p, r.value[r.pos:])
		r.pos += int64(n)
		return n, nil
	}
	if err := r.reach(); err != nil {
		return 0, err
	}
	n, err = r.body.Read(p)
	r.pos += int64(n)
	r.at = r.pos
	if r.pos == r.size {
		r.end()
	}
	return n, err
}

// end is called when the value was read to its end.
func (r *ValueReader) end() {
	r.c.c.Passed(&r.body)
	r.body.Close()
}

// reach makes the body stand where the next Read begins.
func (r *ValueReader) reach() error {
	if r.pos < r.at {
		r.rewind()
	}
	n, err := r.body.Skip(r.pos - r.at)
	r.at += n
	return err
}

// Seek implements io.Seeker. The next Read reads and verifies the value again up to the new place.
func (r *ValueReader) Seek(offset int64, whence int) (int64, error) {
	if err := r.usable(); err != nil {
		return 0, err
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	default:
		return 0, &Error{Code: CodeMisuse, Op: "seek in value", Path: r.c.db.path, Detail: fmt.Sprintf("whence is %d", whence)}
	}
	if offset < 0 {
		return 0, &Error{Code: CodeMisuse, Op: "seek in value", Path: r.c.db.path, Detail: "the place lies before the value's beginning"}
	}
	r.pos = offset
	return offset, nil
}

// WriteTo implements io.WriterTo: it writes what is left to w.
func (r *ValueReader) WriteTo(w io.Writer) (written int64, err error) {
	for r.pos < r.size {
		if err := r.usable(); err != nil {
			return written, err
		}
		var piece []byte
		if r.inline {
			piece = r.value[r.pos:]
		} else if err = r.reach(); err == nil {
			piece, err = r.body.Next()
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(piece)
		written += int64(n)
		r.pos += int64(n)
		r.at += int64(len(piece))
		if err == nil && n < len(piece) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return written, err
		}
	}
	if written > 0 && !r.inline {
		r.end()
	}
	return written, nil
}
