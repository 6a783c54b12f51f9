// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// numKeys is how many keys there may be in a database.
const numKeys = 1 << 18

// model is what a database should hold.
type model struct {
	version []uint32 // of each key, 0 for one that is not there
	next    uint32   // the version of the next row that is written
	rows    int
	bytes   int64    // of keys and values
	undo    []change // of the open transaction, the oldest first
}

// change is what a key was before a write.
type change struct {
	key int
	was uint32
}

func newModel() *model { return &model{version: make([]uint32, numKeys), next: 1} }

// keyOf returns the key of a number. Keys ascend with their numbers.
func keyOf(dst []byte, n int) []byte {
	return fmt.Appendf(dst[:0], "key/%07d", n)
}

const keyLen = len("key/0000000")

// numberOf returns the number of a key.
func numberOf(key []byte) (n int, ok bool) {
	if len(key) != keyLen || !bytes.HasPrefix(key, []byte("key/")) {
		return 0, false
	}
	for _, c := range key[4:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n < numKeys
}

// mix spreads the bits of a number.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// valueLen returns how long the value of a version is: mostly short, now and then some pages.
func valueLen(n int, version uint32) int {
	h := mix(uint64(n)<<32 | uint64(version))
	if h%1024 == 0 {
		return int(h >> 32 % 20_000)
	}
	return int(h >> 32 % 160)
}

// valueOf returns the value of a version.
func valueOf(dst []byte, n int, version uint32) []byte {
	size := valueLen(n, version)
	x := mix(uint64(version)<<32 | uint64(n))
	dst = dst[:0]
	for len(dst) < size {
		dst = binary.LittleEndian.AppendUint64(dst, x)
		x = x*6364136223846793005 + 1442695040888963407
	}
	return dst[:size]
}

// set makes a version that of a key, 0 for none, and notes what there was.
func (m *model) set(n int, version uint32) {
	was := m.version[n]
	if was == version {
		return
	}
	m.undo = append(m.undo, change{n, was})
	m.put(n, version)
}

func (m *model) put(n int, version uint32) {
	if was := m.version[n]; was != 0 {
		m.rows--
		m.bytes -= int64(keyLen + valueLen(n, was))
	}
	if version != 0 {
		m.rows++
		m.bytes += int64(keyLen + valueLen(n, version))
	}
	m.version[n] = version
}

// mark returns a place to roll back to.
func (m *model) mark() int { return len(m.undo) }

// rollback undoes what was written since the mark.
func (m *model) rollback(mark int) {
	for len(m.undo) > mark {
		last := m.undo[len(m.undo)-1]
		m.undo = m.undo[:len(m.undo)-1]
		m.put(last.key, last.was)
	}
}

// commit forgets what there was before.
func (m *model) commit() { m.undo = m.undo[:0] }

// after returns the first key from n on that is there, or numKeys.
func (m *model) after(n int) int {
	for n < numKeys && m.version[n] == 0 {
		n++
	}
	return n
}
