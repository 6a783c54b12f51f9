// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// SlotType says how a slot keeps the data key.
type SlotType uint8

// The types. Their numbers are in files; a slot of another type is kept, and opened by no source.
const (
	RawSlot        SlotType = 1
	PassphraseSlot SlotType = 2
	ExternalSlot   SlotType = 3
)

// String returns the type's name.
func (t SlotType) String() string {
	switch t {
	case RawSlot:
		return "raw"
	case PassphraseSlot:
		return "passphrase"
	case ExternalSlot:
		return "external"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// SlotID names a slot, and its key: the same key has the same id in every file, unless it is a
// passphrase or external.
type SlotID [8]byte

// String returns the id as hex digits.
func (i SlotID) String() string { return hex.EncodeToString(i[:]) }

// ParseSlotID reads what String returned.
func ParseSlotID(s string) (id SlotID, err error) {
	b, err := hex.DecodeString(s)
	if len(s) > 4*len(id) { // it may be a key, given by mistake
		return id, &errs.Error{Code: errs.CodeMisuse, Op: "key", Detail: fmt.Sprintf("key id of %d characters; want %d hex digits", len(s), 2*len(id))}
	}
	if err != nil || len(b) != len(id) {
		return id, &errs.Error{Code: errs.CodeMisuse, Op: "key", Detail: fmt.Sprintf("key id %q; want %d hex digits", s, 2*len(id))}
	}
	return SlotID(b), nil
}

// Where the parts of a slot are. In a slot for an external key there are only the head, a name and
// a wrapped key, each with its length.
const (
	slotHead   = 4
	slotID     = slotHead
	slotSalt   = slotID + 8
	slotParams = slotSalt + saltSize
	wrapped    = KeySize + Overhead

	rawSize        = slotParams + wrapped
	passphraseSize = rawSize + 3*4
)

// Slot is the data key, wrapped for one key of the user's.
type Slot struct{ raw []byte }

// Type returns how the slot keeps the data key.
func (s Slot) Type() SlotType { return SlotType(s.raw[0]) }

// ID returns the id of the slot's key. That of an external key, or of a type that is not known,
// comes from the slot's bytes.
func (s Slot) ID() SlotID {
	switch s.Type() {
	case RawSlot, PassphraseSlot:
		return SlotID(s.raw[slotID:])
	}
	sum := sha256.Sum256(s.raw)
	return SlotID(sum[:8])
}

// Params returns what the slot of a passphrase costs; zeros in others.
func (s Slot) Params() (p keys.Params) {
	if s.Type() == PassphraseSlot {
		at := s.raw[slotParams:]
		p = keys.Params{Time: binary.BigEndian.Uint32(at), MemoryKiB: binary.BigEndian.Uint32(at[4:]), Lanes: binary.BigEndian.Uint32(at[8:])}
	}
	return p
}

// Name returns the name of an external key; "" in others.
func (s Slot) Name() string {
	if s.Type() != ExternalSlot {
		return ""
	}
	name, _, _ := cutField(s.raw[slotHead:])
	return string(name)
}

// Size returns the room that the slot takes of MaxSlots.
func (s Slot) Size() int { return len(s.raw) }

func (s Slot) salt() []byte   { return s.raw[slotSalt:slotParams] }
func (s Slot) bound() []byte  { return s.raw[:len(s.raw)-wrapped] } // what its box is bound to, after the file id
func (s Slot) box() []byte    { return s.raw[len(s.raw)-wrapped:] }
func (s Slot) remote() []byte { return second(s.raw[slotHead:]) }

func second(b []byte) []byte {
	_, rest, _ := cutField(b)
	field, _, _ := cutField(rest)
	return field
}

// decodeSlots takes slots apart, and copies them.
func decodeSlots(b []byte) (list []Slot, err error) {
	for len(b) > 0 {
		if len(b) < slotHead || len(b) < slotHead+int(binary.BigEndian.Uint16(b[2:])) {
			return nil, errs.Tamperedf("a key slot goes beyond the room of the slots")
		}
		size := slotHead + int(binary.BigEndian.Uint16(b[2:]))
		s := Slot{raw: slices.Clone(b[:size])}
		if err := s.check(); err != nil {
			return nil, err
		}
		list, b = append(list, s), b[size:]
	}
	return list, nil
}

// check reports whether a slot of a type that is known has all its parts.
func (s Slot) check() error {
	bad := false
	switch s.Type() {
	case RawSlot:
		bad = len(s.raw) != rawSize
	case PassphraseSlot:
		bad = len(s.raw) != passphraseSize
	case ExternalSlot:
		name, rest, ok := cutField(s.raw[slotHead:])
		_, rest, ok2 := cutField(rest)
		bad = !ok || !ok2 || len(rest) != 0 || len(name) == 0
	}
	if bad {
		return errs.Tamperedf("a key slot (%s) of %d bytes does not have its parts", s.Type(), len(s.raw))
	}
	return nil
}

// cutField takes a length of 2 bytes, and that many, from b.
func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n], b[n:], true
}
