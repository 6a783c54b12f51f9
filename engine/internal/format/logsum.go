// SPDX-License-Identifier: Apache-2.0

package format

import "encoding/binary"

// Checksum is the running state of the log's checksum. It runs over the bytes of the
// log in the order in which they are read, jumps followed, and goes on from commit to
// commit, so a transaction verifies only after exactly the transactions that it was written after.
type Checksum struct{ S0, S1 uint32 }

// EmptyLogSum is the state at the start of the log of a database without a checkpoint.
var EmptyLogSum = Checksum{1234, 5678}

// LogChecksumLen is the length of a stored checksum.
const LogChecksumLen = 8

// update returns the state after the groups of eight bytes in b. The length of b must
// be a multiple of eight; bytes of an incomplete last group are ignored.
func (c Checksum) update(b []byte) Checksum {
	s0, s1 := c.S0, c.S1
	for len(b) >= 32 {
		p := b[:32:32]
		v0 := binary.LittleEndian.Uint64(p[0:])
		v1 := binary.LittleEndian.Uint64(p[8:])
		v2 := binary.LittleEndian.Uint64(p[16:])
		v3 := binary.LittleEndian.Uint64(p[24:])
		s0 += s1 + uint32(v0)
		s1 += s0 + uint32(v0>>32)
		s0 += s1 + uint32(v1)
		s1 += s0 + uint32(v1>>32)
		s0 += s1 + uint32(v2)
		s1 += s0 + uint32(v2>>32)
		s0 += s1 + uint32(v3)
		s1 += s0 + uint32(v3>>32)
		b = b[32:]
	}
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		s0 += s1 + uint32(v)
		s1 += s0 + uint32(v>>32)
		b = b[8:]
	}
	return Checksum{s0, s1}
}

// AppendLogChecksum appends the stored form of c.
func AppendLogChecksum(b []byte, c Checksum) []byte {
	b = binary.BigEndian.AppendUint32(b, c.S0)
	return binary.BigEndian.AppendUint32(b, c.S1)
}

// LogChecksum reads a stored checksum from the first LogChecksumLen bytes of b.
func LogChecksum(b []byte) Checksum {
	return Checksum{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// LogSum sums one checksum interval after the other. An interval reaches from after one stored
// checksum to the next stored checksum; the stored bytes themselves belong to none. Its bytes may
// arrive in pieces of any length. The zero value starts at the state (0, 0); use StartLogSum for
// any other.
type LogSum struct {
	c    Checksum
	part [8]byte // the first n bytes of a group that is not complete
	n    uint8
}

// StartLogSum returns a sum whose first interval begins in state c.
func StartLogSum(c Checksum) LogSum { return LogSum{c: c} }

// Add sums b as the next bytes of the interval.
func (s *LogSum) Add(b []byte) {
	if s.n > 0 {
		k := copy(s.part[s.n:], b)
		s.n += uint8(k)
		if s.n < 8 {
			return
		}
		s.c = s.c.update(s.part[:])
		s.n = 0
		b = b[k:]
	}
	whole := len(b) &^ 7
	s.c = s.c.update(b[:whole])
	s.n = uint8(copy(s.part[:], b[whole:]))
}

// End ends the interval and returns the state to store after it, which is also the
// state in which the next interval begins. An incomplete group counts as filled up
// with zero bytes.
func (s *LogSum) End() Checksum {
	if s.n > 0 {
		clear(s.part[s.n:])
		s.c = s.c.update(s.part[:])
		s.n = 0
	}
	return s.c
}
