// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"unsafe"
)

// A driver.Value that holds a []byte points to a slice header, and making one allocates
// the header: one allocation a column and row, which is most of what a scan would
// allocate. The functions here make the Value point to a header that stays in place.

// iface is how an interface without methods lies in memory.
type iface struct{ typ, data unsafe.Pointer }

// The type words of interfaces that hold a []byte, an int64 and a uint64.
var (
	bytesType  = typeWord([]byte(nil))
	int64Type  = typeWord(int64(0))
	uint64Type = typeWord(uint64(0))
)

func typeWord(v any) unsafe.Pointer { return (*iface)(unsafe.Pointer(&v)).typ }

// box returns a Value that holds the slice *b without allocating. The Value shows
// whatever *b is set to later, so it is valid no longer than the bytes of a row are: until
// the next row. That is the lifetime database/sql counts on; it copies the slice, or its
// bytes, out of the Value before it calls for another row.
func box(b *[]byte) (v driver.Value) {
	*(*iface)(unsafe.Pointer(&v)) = iface{typ: bytesType, data: unsafe.Pointer(b)}
	return v
}

// boxes are the headers for one row.
type boxes struct {
	few  [2][]byte // key and value
	many [][]byte  // more columns than that
}

// of returns the header for column i of n. Headers of one row never move while it is
// filled.
func (x *boxes) of(i, n int) *[]byte { return &x.all(n)[i] }

// all returns the headers for n columns.
func (x *boxes) all(n int) [][]byte {
	if n <= len(x.few) {
		return x.few[:n]
	}
	if len(x.many) < n {
		x.many = make([][]byte, n)
	}
	return x.many[:n]
}

// numbers makes Values that hold integers, with one allocation for many of them. If the
// destination is an any, database/sql keeps the Value as it is. So, unlike the header of a slice,
// the place of a number is never used again.
type numbers struct{ free []uint64 }

// numbersPerChunk is how many integers share an allocation, and so stay in memory until
// the last of them is let go.
const numbersPerChunk = 64

func (x *numbers) int64(n int64) driver.Value { return x.box(int64Type, uint64(n)) }

func (x *numbers) uint64(n uint64) driver.Value { return x.box(uint64Type, n) }

func (x *numbers) box(typ unsafe.Pointer, n uint64) (v driver.Value) {
	if len(x.free) == 0 {
		x.free = make([]uint64, numbersPerChunk)
	}
	x.free[0] = n
	*(*iface)(unsafe.Pointer(&v)) = iface{typ: typ, data: unsafe.Pointer(&x.free[0])}
	x.free = x.free[1:]
	return v
}
