// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"crypto/sha256"

	"golang.org/x/crypto/argon2"
)

// The types of slots.
const (
	rawSlot        = 1
	passphraseSlot = 2
	externalSlot   = 3
)

// Key is what may open a database: the one field that is not nil.
type Key struct {
	Raw        []byte
	Passphrase []byte
	Unwrap     func(name string, wrapped []byte) []byte // nil: not one of its own
}

const (
	slotHead  = 4
	dekSize   = 32
	dekBox    = dekSize + overhead
	wrapInfo  = "lsmlite/1 wrap"
	idInfo    = "lsmlite/1 id"
	maxTime   = 64
	maxKiB    = 1 << 20
	maxLanes  = 16
	paramSize = 12
)

// unlock reads the slots and opens those that key opens.
func (d *Database) unlock(slots []byte, key Key) error {
	d.Slots, d.DEK = nil, nil
	for len(slots) > 0 {
		if len(slots) < slotHead || slots[1] != 0 {
			return impossible("the head of a slot")
		}
		n := int(be.Uint16(slots[2:]))
		if len(slots) < slotHead+n {
			return impossible("a slot that is cut")
		}
		one := slots[:slotHead+n]
		slots = slots[slotHead+n:]
		s, dek, err := d.slot(one, key)
		if err != nil {
			return err
		}
		if dek != nil {
			s.Opened, d.DEK = true, dek
		}
		d.Slots = append(d.Slots, s)
	}
	if d.DEK == nil {
		return ErrKey
	}
	return nil
}

// slot returns a slot, and the DEK if key opens it.
func (d *Database) slot(b []byte, key Key) (Slot, []byte, error) {
	s := Slot{Type: b[0]}
	rest := b[slotHead:]
	switch s.Type {
	case rawSlot, passphraseSlot:
		if len(rest) < 8 {
			return s, nil, impossible("a short slot")
		}
		s.ID, rest = [8]byte(rest), rest[8:]
		params := 0
		if s.Type == passphraseSlot {
			params = paramSize
		}
		if len(rest) != 16+params+dekBox {
			return s, nil, impossible("a slot of type %d with %d bytes", s.Type, len(b))
		}
		salt := rest[:16]
		kek := key.Raw
		if s.Type == passphraseSlot {
			kek = nil
			s.Time, s.KiB, s.Lanes = be.Uint32(rest[16:]), be.Uint32(rest[20:]), be.Uint32(rest[24:])
			if s.Time < 1 || s.Time > maxTime || s.KiB < 1 || s.KiB > maxKiB || s.Lanes < 1 || s.Lanes > maxLanes {
				return s, nil, impossible("argon2id with %d, %d, %d", s.Time, s.KiB, s.Lanes)
			}
			if key.Passphrase != nil {
				kek = argon2.IDKey(key.Passphrase, salt, s.Time, s.KiB, uint8(s.Lanes), 32)
			}
		}
		if kek == nil || [8]byte(derive(kek, nil, idInfo, 8)) != s.ID {
			return s, nil, nil
		}
		before := b[:len(b)-dekBox]
		data := append(append([]byte(nil), d.FileID[:]...), before...)
		dek, err := d.open(derive(kek, salt, wrapInfo, 32), b[len(b)-dekBox:], data, "slot")
		return s, dek, err
	case externalSlot:
		sum := sha256.Sum256(b)
		s.ID = [8]byte(sum[:])
		var ok1, ok2 bool
		var name []byte
		name, rest, ok1 = counted(rest)
		s.Wrapped, rest, ok2 = counted(rest)
		if s.Name = string(name); !ok1 || !ok2 || len(rest) != 0 {
			return s, nil, impossible("an external slot")
		}
		if key.Unwrap == nil {
			return s, nil, nil
		}
		return s, key.Unwrap(s.Name, s.Wrapped), nil
	}
	return s, nil, impossible("a slot of type %d", s.Type)
}

func counted(b []byte) (head, rest []byte, ok bool) {
	if len(b) < 2 || len(b) < 2+int(be.Uint16(b)) {
		return nil, nil, false
	}
	n := int(be.Uint16(b))
	return b[2:][:n], b[2+n:], true
}
