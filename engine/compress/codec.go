// SPDX-License-Identifier: Apache-2.0

package compress

import "fmt"

// Codec compresses and decompresses single pages. Its methods may be called from many
// goroutines at once.
type Codec interface {
	// ID is the number that names the codec in the file: never 0 or 1. It must never
	// change its meaning, or files become unreadable.
	ID() uint32
	// Name is what settings and error messages call it: small letters, digits and dashes.
	Name() string
	// Bound returns the most bytes that Compress may make of n bytes. A record that claims to be
	// longer is damaged and not decompressed.
	Bound(n int) int
	// Compress appends to dst what it makes of src and returns the extended slice. dst has
	// room for Bound(len(src)) more bytes.
	Compress(dst, src []byte) ([]byte, error)
	// Decompress fills dst with what src, made by Compress, stands for. It must return an
	// error, and not panic, if src is not sound or stands for more or fewer bytes than
	// len(dst), and must not take memory in proportion to a length that src claims. When it
	// has returned an error, the content of dst does not matter.
	Decompress(dst, src []byte) error
}

// The ids of the codecs of this package, and of no compression.
const (
	IDNone   uint32 = 1
	IDLZ4    uint32 = 10001
	IDZlib   uint32 = 10002
	IDZstd   uint32 = 10003
	IDSnappy uint32 = 11001
)

// wrongLength is the error of a record that stands for n bytes in place of want.
func wrongLength(n, want int) error {
	return fmt.Errorf("it decompresses to %d bytes in place of %d", n, want)
}

// grow returns dst with room for n more bytes.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst
	}
	return append(make([]byte, 0, len(dst)+n), dst...)
}
