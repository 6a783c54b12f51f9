package lsmlite

import (
	"database/sql/driver"
	"unsafe"
)

// A driver.Value that holds a []byte points to a slice header, and making one allocates
// the header: one allocation a column and row, which is most of what a scan would
// allocate. The functions here make the Value point to a header that stays in place.

// iface is how an interface without methods lies in memory.
type iface struct{ typ, data unsafe.Pointer }

// bytesType is the type word of an interface that holds a []byte.
var bytesType = func() unsafe.Pointer {
	var v any = []byte(nil)
	return (*iface)(unsafe.Pointer(&v)).typ
}()

// box returns a Value that holds the slice *b without allocating. The Value shows
// whatever *b is set to later, so it is valid no longer than the bytes of a row are: until
// the next row. That is the lifetime database/sql counts on; it copies the slice, or its
// bytes, out of the Value before it asks for another row.
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
func (x *boxes) of(i, n int) *[]byte {
	if n <= len(x.few) {
		return &x.few[i]
	}
	if len(x.many) < n {
		x.many = make([][]byte, n)
	}
	return &x.many[i]
}
