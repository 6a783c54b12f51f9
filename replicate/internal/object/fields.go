// SPDX-License-Identifier: Apache-2.0

package object

import (
	"encoding/binary"
	"time"
)

// Position names a commit of the source: see engine.Position, of which it has the fields.
type Position struct {
	Seq uint64
	Off int64
	Sum [2]uint32
}

// appendPosition adds a position.
func appendPosition(b []byte, p Position) []byte {
	b = binary.AppendUvarint(b, p.Seq)
	b = binary.AppendUvarint(b, uint64(p.Off))
	b = binary.BigEndian.AppendUint32(b, p.Sum[0])
	return binary.BigEndian.AppendUint32(b, p.Sum[1])
}

// appendTime adds a time, in nanoseconds since 1970.
func appendTime(b []byte, t time.Time) []byte { return binary.AppendUvarint(b, uint64(t.UnixNano())) }

// fields reads what was added, in the same order. After the first field that is not there it returns zeros, and bad is
// set.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.b)
	if f.bad || n <= 0 {
		f.bad = true
		return 0
	}
	f.b = f.b[n:]
	return v
}

// count is a number that is no more than limit.
func (f *fields) count(limit uint64) int {
	v := f.uvarint()
	if v > limit {
		f.bad = true
		return 0
	}
	return int(v)
}

// small is a number of 32 bits.
func (f *fields) small() uint32 {
	v := f.uvarint()
	f.bad = f.bad || v > 1<<32-1
	return uint32(v)
}

func (f *fields) bytes(n int) []byte {
	if f.bad || len(f.b) < n {
		f.bad = true
		return make([]byte, n)
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

func (f *fields) digest() Digest  { return Digest(f.bytes(sumBytes)) }
func (f *fields) uint32() uint32  { return binary.BigEndian.Uint32(f.bytes(4)) }
func (f *fields) byte() byte      { return f.bytes(1)[0] }
func (f *fields) int64() int64    { return int64(f.uvarint() & (1<<63 - 1)) }
func (f *fields) time() time.Time { return time.Unix(0, f.int64()).UTC() }
func (f *fields) position() (p Position) {
	p.Seq, p.Off = f.uvarint(), f.int64()
	p.Sum = [2]uint32{f.uint32(), f.uint32()}
	return p
}

// end reports whether everything was read, and there was nothing else.
func (f *fields) end() bool { return !f.bad && len(f.b) == 0 }
