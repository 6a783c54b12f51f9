// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// Writer writes a stream.
type Writer struct {
	w      io.Writer
	chunk  []byte // the current one, from its kind on
	number uint32 // of the current chunk
	rows   uint64
	bytes  uint64 // of keys and values
	err    error  // of the write that failed
}

// NewWriter begins a stream.
func NewWriter(w io.Writer) *Writer {
	wr := &Writer{w: w, chunk: make([]byte, chunkFront, chunkFront+ChunkSize+sumSize)}
	_, wr.err = w.Write(header())
	return wr
}

// Row writes a row. Rows may be written late, until Close.
func (w *Writer) Row(key, value []byte) error {
	if len(key) > MaxLength || len(value) > MaxLength {
		return fmt.Errorf("a key of %d and a value of %d bytes; a dump has at most %d", len(key), len(value), MaxLength)
	}
	var front [2 * binary.MaxVarintLen64]byte
	n := binary.PutUvarint(front[:], uint64(len(key)))
	n += binary.PutUvarint(front[n:], uint64(len(value)))
	size := n + len(key) + len(value)
	if size > w.room() {
		w.flush(rows)
	}
	w.rows++
	w.bytes += uint64(len(key) + len(value))
	w.chunk = append(w.chunk, front[:n]...)
	if size <= ChunkSize {
		w.chunk = append(append(w.chunk, key...), value...)
		return w.err
	}
	kind := w.long(rows, key)
	kind = w.long(kind, value)
	w.flush(kind)
	return w.err
}

// room is how much fits into the current chunk.
func (w *Writer) room() int { return chunkFront + ChunkSize - len(w.chunk) }

// long writes a part of a row that takes more than one chunk, the current one of which is of a kind, and
// returns the kind of the chunk that is current then.
func (w *Writer) long(kind byte, part []byte) byte {
	for len(part) > w.room() {
		n := w.room()
		w.chunk = append(w.chunk, part[:n]...)
		part = part[n:]
		w.flush(kind)
		kind = more
	}
	w.chunk = append(w.chunk, part...)
	return kind
}

// flush writes the current chunk, unless it is empty.
func (w *Writer) flush(kind byte) {
	if len(w.chunk) == chunkFront || w.err != nil {
		w.chunk = w.chunk[:chunkFront]
		return
	}
	w.chunk[0] = kind
	binary.BigEndian.PutUint32(w.chunk[1:], w.number)
	binary.BigEndian.PutUint32(w.chunk[5:], uint32(len(w.chunk)-chunkFront))
	w.chunk = binary.BigEndian.AppendUint32(w.chunk, crc32.Checksum(w.chunk, castagnoli))
	_, w.err = w.w.Write(w.chunk)
	w.number++
	w.chunk = w.chunk[:chunkFront]
}

// Close writes the end of the stream, without which it is not whole. It does not close what it
// writes to.
func (w *Writer) Close() error {
	w.flush(rows)
	w.chunk = binary.BigEndian.AppendUint64(w.chunk, w.rows)
	w.chunk = binary.BigEndian.AppendUint64(w.chunk, w.bytes)
	w.flush(ended)
	return w.err
}
