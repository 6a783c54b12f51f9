// SPDX-License-Identifier: Apache-2.0

// Package data makes the keys and values of measurements, and checks what a store returns. A row
// follows from its number and its version alone, so that nothing has to be remembered to check it. The
// programs that measure use it, here and in the modules below the root.
//
// Keys are decimal digits with zeros in front, 16 of them unless more are wanted, as in db_bench. Rows
// have even numbers, so that an odd one is a key that is missing, between two that are there.
package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

const (
	// KeySize is the length of keys that are as short as they may be.
	KeySize = 16
	// MinValueSize is that of the number and version at the beginning of each value.
	MinValueSize = 16
	poolSize     = 1 << 20
)

// Key appends the key of KeySize of a row to dst.
func Key(dst []byte, row uint64) []byte { return digits(dst, 2*row) }

// Keys makes keys of one length, and reads them. The zero Keys are those of KeySize.
type Keys struct{ zeros string }

// NewKeys returns keys of size bytes, at least KeySize.
func NewKeys(size int) (Keys, error) {
	if size < KeySize {
		return Keys{}, fmt.Errorf("keys of %d bytes; they have %d or more", size, KeySize)
	}
	return Keys{strings.Repeat("0", size-KeySize)}, nil
}

// Size returns the length of each key.
func (k Keys) Size() int { return len(k.zeros) + KeySize }

// Append appends the key of a row to dst.
func (k Keys) Append(dst []byte, row uint64) []byte { return digits(append(dst, k.zeros...), 2*row) }

// AppendMissing appends a key after that of a row, which no row has.
func (k Keys) AppendMissing(dst []byte, row uint64) []byte {
	return digits(append(dst, k.zeros...), 2*row+1)
}

// Row returns the row that has a key, and whether one can have it.
func (k Keys) Row(key []byte) (row uint64, ok bool) {
	if k.zeros == "" {
		return Row(key)
	}
	if len(key) != k.Size() || string(key[:len(k.zeros)]) != k.zeros {
		return 0, false
	}
	return Row(key[len(k.zeros):])
}

// Values makes and checks values of one length. It is read-only after New.
type Values struct {
	size int
	pool []byte
}

// New returns values of size bytes, at least MinValueSize. About half of their bytes can be compressed
// away: each 32 bytes at random are followed by 32 bytes of a short pattern.
func New(size int) (*Values, error) {
	if size < MinValueSize {
		return nil, fmt.Errorf("values of %d bytes; they have %d or more", size, MinValueSize)
	}
	pool := make([]byte, poolSize+size)
	random := uint64(1)
	for at := 0; at < len(pool); at += 8 {
		if at%64 < 32 {
			random = Mix(random + uint64(at))
		} // otherwise the same 8 bytes again
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], random)
		copy(pool[at:], word[:])
	}
	return &Values{size, pool}, nil
}

// Size returns the length of each value.
func (v *Values) Size() int { return v.size }

// Append appends the value of a version of a row to dst.
func (v *Values) Append(dst []byte, row uint64, version uint32) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, row)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(version))
	return append(dst, v.body(row, version)...)
}

func (v *Values) body(row uint64, version uint32) []byte {
	hi, _ := bits.Mul64(Mix(row<<8^uint64(version)), poolSize)
	return v.pool[hi:][:v.size-MinValueSize]
}

// Check compares all of a value with what a row has, and returns its version.
func (v *Values) Check(value []byte, row uint64) (version uint32, err error) {
	if len(value) != v.size {
		return 0, fmt.Errorf("the value of row %d has %d bytes; %d were written", row, len(value), v.size)
	}
	if got := binary.LittleEndian.Uint64(value); got != row {
		return 0, fmt.Errorf("the value of row %d is that of row %d", row, got)
	}
	version = uint32(binary.LittleEndian.Uint64(value[8:]))
	if !bytes.Equal(value[MinValueSize:], v.body(row, version)) {
		return 0, fmt.Errorf("the value of row %d, version %d, is damaged", row, version)
	}
	return version, nil
}

// Sample is a quick check of a long value, if it was found: of its length, its beginning, and 64 bytes
// out of each 4,096.
func (v *Values) Sample(value []byte, row uint64, found bool) error {
	if !found || len(value) != v.size || binary.LittleEndian.Uint64(value) != row {
		return fmt.Errorf("row %d: found %t, with %d bytes; %d were written", row, found, len(value), v.size)
	}
	body, want := value[MinValueSize:], v.body(row, uint32(binary.LittleEndian.Uint64(value[8:])))
	for at := 0; at < len(want); at += 4096 {
		end := min(at+64, len(want))
		if !bytes.Equal(body[at:end], want[at:end]) {
			return fmt.Errorf("the value of row %d is damaged at byte %d or after it", row, MinValueSize+at)
		}
	}
	return nil
}

// Mix is a bijection of numbers that leaves no pattern (the finalizer of SplitMix64).
func Mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
