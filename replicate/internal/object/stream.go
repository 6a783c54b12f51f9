// SPDX-License-Identifier: Apache-2.0

package object

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// MaxField is the greatest length of a key or a value: that of the format.
const MaxField = 1<<31 - 1

// step is how much memory a field takes before more of it has come: so a length that is damaged takes none.
const step = 1 << 20

// stream reads fields from a stream that may come in pieces.
type stream struct {
	r   *bufio.Reader
	buf []byte
}

func newStream(r io.Reader) stream { return stream{r: bufio.NewReaderSize(r, 64<<10)} }

// field appends a field, a length and as many bytes, to the buffer.
func (s *stream) field() error {
	n, err := binary.ReadUvarint(s.r)
	if err != nil {
		return broken(err)
	}
	if n > MaxField {
		return damaged("a key or value of %d bytes", n)
	}
	for left := int(n); left > 0; {
		at, part := len(s.buf), min(left, step)
		s.buf = append(s.buf, make([]byte, part)...)
		if _, err := io.ReadFull(s.r, s.buf[at:]); err != nil {
			return broken(err)
		}
		left -= part
	}
	return nil
}

// two reads one or two fields into the buffer, which it empties first.
func (s *stream) two(second bool) (a, b []byte, err error) {
	s.buf = s.buf[:0]
	if err := s.field(); err != nil {
		return nil, nil, err
	}
	at := len(s.buf)
	if second {
		if err := s.field(); err != nil {
			return nil, nil, err
		}
	}
	return s.buf[:at:at], s.buf[at:], nil
}

// broken is the error of a stream that ends too early, or that of its reader.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends in the middle of something")
	}
	return err
}

func appendField(b, field []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(field))), field...)
}
