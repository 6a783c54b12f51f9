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

// step is how much memory a field takes before anything of it has come. Then it takes up to four times what has come:
// so a length that is damaged takes little, and a long field, while it is read, no more than a quarter over its length.
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
	at := len(s.buf)
	for have := 0; have < int(n); have = len(s.buf) - at {
		room := int(n)
		if cap(s.buf)-at < room {
			for room > step && room/4 > have {
				room /= 4
			}
			if cap(s.buf)-at < room {
				s.buf = append(make([]byte, 0, at+room), s.buf...)
			}
		}
		s.buf = s.buf[:at+room]
		if _, err := io.ReadFull(s.r, s.buf[at+have:]); err != nil {
			return broken(err)
		}
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

// writeFields passes on fields as they are, without a copy. head comes before the first one. It ends with the first
// error.
func writeFields(write func([]byte) error, head []byte, fields ...[]byte) error {
	for _, field := range fields {
		if err := write(binary.AppendUvarint(head, uint64(len(field)))); err != nil {
			return err
		}
		if err := write(field); err != nil {
			return err
		}
		head = head[:0]
	}
	return nil
}
