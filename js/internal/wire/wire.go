// SPDX-License-Identifier: Apache-2.0

// Package wire is how index.js and the program write what they say to each other: bytes, little-endian.
//
// It owns the form of numbers, texts and values; what a message means is package server's business. Bytes
// and texts have their length before them; absent ones have [Absent] there. A value begins with its kind.
// Reading never panics: what breaks the form sets Bad, and everything read from there on is zero.
package wire

import (
	"encoding/binary"
	"math"
	"time"
)

// Absent stands in place of a length where there is nothing.
const Absent = math.MaxUint32

// The kinds of values.
const (
	KindNull   = 0
	KindInt    = 1 // 8 bytes
	KindFloat  = 2 // 8 bytes
	KindText   = 3
	KindBytes  = 4
	KindTrue   = 5
	KindFalse  = 6
	KindUint   = 7 // 8 bytes; beyond the largest int64
	KindMillis = 8 // a time: milliseconds since 1970, 8 bytes
)

// Reader reads a message.
type Reader struct {
	rest []byte
	bad  bool
}

// Read returns a Reader of a message, which must stay what it is: bytes that are read are parts of it.
func Read(message []byte) *Reader { return &Reader{rest: message} }

// Bad reports whether the message was not what it was read as so far.
func (r *Reader) Bad() bool { return r.bad }

// Done reports whether all of the message has been read, and was what it was read as.
func (r *Reader) Done() bool { return !r.bad && len(r.rest) == 0 }

// take returns the next n bytes, nil if there are fewer.
func (r *Reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.rest) {
		r.bad = true
		return nil
	}
	p := r.rest[:n:n]
	r.rest = r.rest[n:]
	return p
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

// U32 reads a number of 4 bytes.
func (r *Reader) U32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// U64 reads a number of 8 bytes.
func (r *Reader) U64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// F64 reads a number with a fraction.
func (r *Reader) F64() float64 { return math.Float64frombits(r.U64()) }

// Bytes reads bytes: nil if they are absent, and not nil if they are there but empty.
func (r *Reader) Bytes() []byte {
	n := r.U32()
	if n == Absent || r.bad {
		return nil
	}
	if uint64(n) > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	return r.take(int(n))
}

// Text reads a text, "" if it is absent.
func (r *Reader) Text() string { return string(r.Bytes()) }

// Value reads a value: nil, int64, uint64, float64, bool, string, []byte or time.Time.
func (r *Reader) Value() any {
	switch r.Byte() {
	case KindNull:
		return nil
	case KindInt:
		return int64(r.U64())
	case KindUint:
		return r.U64()
	case KindFloat:
		return r.F64()
	case KindText:
		return r.Text()
	case KindBytes:
		return r.Bytes()
	case KindTrue:
		return true
	case KindFalse:
		return false
	case KindMillis:
		return time.UnixMilli(int64(r.U64())).UTC()
	}
	r.bad = true
	return nil
}

// Writer is a message that is being written.
type Writer []byte

// Byte writes one byte.
func (w *Writer) Byte(b byte) { *w = append(*w, b) }

// U32 writes a number of 4 bytes.
func (w *Writer) U32(n uint32) { *w = binary.LittleEndian.AppendUint32(*w, n) }

// U64 writes a number of 8 bytes.
func (w *Writer) U64(n uint64) { *w = binary.LittleEndian.AppendUint64(*w, n) }

// Bytes writes bytes, also if they are nil, which is not absent.
func (w *Writer) Bytes(p []byte) {
	w.U32(uint32(len(p)))
	*w = append(*w, p...)
}

// Text writes a text.
func (w *Writer) Text(s string) {
	w.U32(uint32(len(s)))
	*w = append(*w, s...)
}

// Absent writes that there are no bytes.
func (w *Writer) Absent() { w.U32(Absent) }

// Value writes a value of one of the types that Reader.Value returns, and reports whether it is one.
func (w *Writer) Value(v any) bool {
	switch v := v.(type) {
	case nil:
		w.Byte(KindNull)
	case int64:
		w.Byte(KindInt)
		w.U64(uint64(v))
	case uint64:
		w.Byte(KindUint)
		w.U64(v)
	case float64:
		w.Byte(KindFloat)
		w.U64(math.Float64bits(v))
	case bool:
		if v {
			w.Byte(KindTrue)
		} else {
			w.Byte(KindFalse)
		}
	case string:
		w.Byte(KindText)
		w.Text(v)
	case []byte:
		w.Byte(KindBytes)
		w.Bytes(v)
	case time.Time:
		w.Byte(KindMillis)
		w.U64(uint64(v.UnixMilli()))
	default:
		return false
	}
	return true
}
