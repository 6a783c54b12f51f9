// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Reader reads a stream.
type Reader struct {
	r      io.Reader
	offset int64  // of what is read next
	at     int64  // of the current chunk
	number uint32 // of the next chunk
	chunk  []byte // the current one
	rest   []byte // what is left of its rows
	long   []byte // a row that takes more than one chunk
	rows   uint64
	bytes  uint64
	err    error // of the last call of Next
}

// NewReader returns the rows of a stream, of which it reads the beginning.
func NewReader(r io.Reader) (*Reader, error) {
	rd := &Reader{r: r}
	var h [headerSize]byte
	if err := rd.read(h[:]); err != nil {
		return nil, err
	}
	want := header()
	switch {
	case string(h[:len(Magic)]) != Magic:
		return nil, rd.damage(0, "it does not begin as a dump does")
	case crc32.Checksum(h[:headerSize-sumSize], castagnoli) != binary.BigEndian.Uint32(h[headerSize-sumSize:]):
		return nil, rd.damage(0, "its header has another checksum")
	case string(h[:]) != string(want):
		return nil, fmt.Errorf("the dump has version %d, and only version %d is known; a newer lsmlite may read it",
			binary.BigEndian.Uint16(h[len(Magic):]), Version)
	}
	return rd, nil
}

// Next returns the next row, valid until the next call. At the end of a whole stream the error is io.EOF;
// a *DamageError says what else is wrong.
func (r *Reader) Next() (key, value []byte, err error) {
	if r.err != nil {
		return nil, nil, r.err
	}
	if key, value, err = r.next(); err != nil {
		r.err = err
		return nil, nil, err
	}
	r.rows++
	r.bytes += uint64(len(key) + len(value))
	return key, value, nil
}

// Offset returns how many bytes of the stream were read.
func (r *Reader) Offset() int64 { return r.offset }

func (r *Reader) next() (key, value []byte, err error) {
	if len(r.rest) == 0 {
		kind, err := r.readChunk()
		switch {
		case err != nil:
			return nil, nil, err
		case kind == ended:
			return nil, nil, r.end()
		case kind != rows:
			return nil, nil, r.damage(r.at, "a part of a row without its front")
		}
	}
	keyLen, n := length(r.rest)
	valueLen, m := length(r.rest[n:])
	if n == 0 || m == 0 {
		return nil, nil, r.damage(r.at, "a row without its lengths")
	}
	body := r.rest[n+m:]
	size := keyLen + valueLen
	if size > int64(len(body)) {
		if body, err = r.join(body, size); err != nil {
			return nil, nil, err
		}
		r.rest = nil
	} else {
		body, r.rest = body[:size], body[size:]
	}
	return body[:keyLen:keyLen], body[keyLen:size:size], nil
}

// length reads one of the lengths of a row, and returns how many bytes that takes, or 0.
func length(b []byte) (int64, int) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > MaxLength {
		return 0, 0
	}
	return int64(v), n
}

// join returns a row of the given size that begins with front and goes on in the next chunks. Its memory
// grows with what is there, whatever the size is.
func (r *Reader) join(front []byte, size int64) ([]byte, error) {
	r.long = append(r.long[:0], front...)
	for int64(len(r.long)) < size {
		kind, err := r.readChunk()
		switch {
		case err != nil:
			return nil, err
		case kind != more:
			return nil, r.damage(r.at, "the row before it is not complete")
		case int64(len(r.rest)) > size-int64(len(r.long)):
			return nil, r.damage(r.at, "it has more than the rest of its row")
		}
		r.long = append(r.long, r.rest...)
	}
	return r.long, nil
}

// readChunk reads a chunk and returns its kind.
func (r *Reader) readChunk() (byte, error) {
	r.at = r.offset
	var front [chunkFront]byte
	if err := r.read(front[:]); err != nil {
		return 0, err
	}
	kind, number, size := front[0], binary.BigEndian.Uint32(front[1:]), binary.BigEndian.Uint32(front[5:])
	if size == 0 || size > ChunkSize || kind != rows && kind != more && kind != ended {
		return 0, r.damage(r.at, "there is no chunk")
	}
	if r.chunk == nil {
		r.chunk = make([]byte, ChunkSize+sumSize)
	}
	if len(r.long) > ChunkSize && kind != more {
		r.long = nil // a long row was here, and the next ones are short
	}
	data := r.chunk[:size+sumSize]
	if err := r.read(data); err != nil {
		return 0, err
	}
	sum := crc32.Update(crc32.Checksum(front[:], castagnoli), castagnoli, data[:size])
	switch {
	case sum != binary.BigEndian.Uint32(data[size:]):
		return 0, r.damage(r.at, "the chunk has another checksum")
	case number != r.number:
		return 0, r.damage(r.at, fmt.Sprintf("the chunk has number %d, and %d was to come", number, r.number))
	}
	r.number++
	r.rest = data[:size]
	return kind, nil
}

// end compares what was read with what the end of the stream says, and makes sure that nothing follows.
func (r *Reader) end() error {
	e := r.rest
	r.rest = nil
	if len(e) != endSize {
		return r.damage(r.at, "the end mark has another length")
	}
	if n, b := binary.BigEndian.Uint64(e), binary.BigEndian.Uint64(e[8:]); n != r.rows || b != r.bytes {
		return r.damage(r.at, fmt.Sprintf("%d rows of %d bytes were read, and there were %d of %d when it was written", r.rows, r.bytes, n, b))
	}
	var one [1]byte
	if _, err := io.ReadFull(r.r, one[:]); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return r.damage(r.offset, "something follows after the end")
	}
	return io.EOF
}

// read fills b.
func (r *Reader) read(b []byte) error {
	n, err := io.ReadFull(r.r, b)
	r.offset += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.damage(r.offset, "it ends here, without its end mark")
	}
	return err
}

func (r *Reader) damage(at int64, reason string) error {
	return &DamageError{Offset: at, Rows: int64(r.rows), Reason: reason}
}
