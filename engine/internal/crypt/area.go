// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// Where the crypto area begins in a meta page, how much room it has before the note, how many segments it has
// room for, which are as many as a database has, and how much of it the slots may take.
const (
	AreaOffset = 2048
	AreaRoom   = 1536
	MaxSalts   = 40
	MaxSlots   = AreaRoom - areaHead - MaxSalts*saltSize - MACSize - crcSize
	MACSize    = 32

	areaHead    = 76
	areaVersion = 1
	saltSize    = 16
	crcSize     = 4
)

var areaMagic = [8]byte([]byte("lsmcrypt"))

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Area is what a meta page of an encrypted file says beyond its checkpoint. LogSalt, Chain and
// Commits are those at the checkpoint's position in the log; Salts are in the checkpoint's order of
// segments.
type Area struct {
	Suite   Suite
	Codec   uint32 // compression id of the codec inside; 1 is none
	FileID  FileID
	LogSalt Salt
	Chain   Chain
	Commits uint64 // that the file has had
	Salts   []Salt
	Slots   []Slot
}

// AppendArea appends the area that goes with a checkpoint: what it says, the HMAC of both, and the CRC of all of
// that. A meta page of which a part was not written has the wrong CRC, since that comes last and is of everything; one
// that was changed, and has the right one, has the wrong HMAC.
func (k *Keys) AppendArea(dst, checkpoint []byte, a *Area) ([]byte, error) {
	if len(a.Salts) > MaxSalts {
		return nil, &errs.Error{Code: errs.CodeFull, Detail: fmt.Sprintf("%d segments; an encrypted file may have %d", len(a.Salts), MaxSalts)}
	}
	slots := 0
	for _, s := range a.Slots {
		slots += len(s.raw)
	}
	if slots > MaxSlots {
		return nil, &errs.Error{Code: errs.CodeFull, Detail: fmt.Sprintf("the key slots take %d bytes; there is room for %d", slots, MaxSlots)}
	}
	at := len(dst)
	dst = append(dst, areaMagic[:]...)
	dst = binary.BigEndian.AppendUint16(dst, areaVersion)
	dst = binary.BigEndian.AppendUint16(dst, uint16(a.Suite))
	dst = binary.BigEndian.AppendUint32(dst, a.Codec)
	dst = append(dst, a.FileID[:]...)
	dst = append(dst, a.LogSalt[:]...)
	dst = append(dst, a.Chain[:]...)
	dst = binary.BigEndian.AppendUint64(dst, a.Commits)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.Salts)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(slots))
	for _, s := range a.Salts {
		dst = append(dst, s[:]...)
	}
	for _, s := range a.Slots {
		dst = append(dst, s.raw...)
	}
	mac := k.MAC(checkpoint, dst[at:])
	dst = append(dst, mac[:]...)
	return binary.BigEndian.AppendUint32(dst, areaCRC(checkpoint, dst[at:])), nil
}

// areaCRC returns the CRC of a checkpoint and of its area up to there.
func areaCRC(checkpoint, area []byte) uint32 {
	return crc32.Update(crc32.Checksum(checkpoint, castagnoli), castagnoli, area)
}

// ResemblesArea reports whether b begins as an area does, which may be torn.
func ResemblesArea(b []byte) bool { return len(b) >= len(areaMagic) && [8]byte(b) == areaMagic }

// DecodeArea reads the area that goes with a checkpoint from the beginning of b, and returns how many bytes it has.
// It shares no memory with b. What it returns is believed only after Keys.VerifyArea. An area that is torn or damaged
// gives a CorruptionError; one whose CRC is right, but which nobody writes, an error that matches ErrTampered; one
// which this version cannot read, ErrMismatch.
func DecodeArea(checkpoint, b []byte) (a Area, size int, err error) {
	if len(b) < areaHead+MACSize+crcSize || [8]byte(b) != areaMagic {
		return Area{}, 0, errs.Corruptf("no crypto area where the file, which is encrypted, has to have one")
	}
	numSalts, slots := int(binary.BigEndian.Uint16(b[72:])), int(binary.BigEndian.Uint16(b[74:]))
	end := areaHead + saltSize*numSalts + slots
	size = end + MACSize + crcSize
	if size > len(b) || slots > MaxSlots || numSalts > MaxSalts {
		return Area{}, 0, errs.Corruptf("a crypto area with %d segments and %d bytes of slots does not fit", numSalts, slots)
	}
	if areaCRC(checkpoint, b[:size-crcSize]) != binary.BigEndian.Uint32(b[size-crcSize:]) {
		return Area{}, 0, errs.Corruptf("the CRC of the crypto area is wrong")
	}
	if v := binary.BigEndian.Uint16(b[8:]); v != areaVersion {
		return Area{}, 0, &errs.Error{Code: errs.CodeMismatch, Detail: fmt.Sprintf("encrypted in version %d of the format; want %d", v, areaVersion)}
	}
	a = Area{
		Suite: Suite(binary.BigEndian.Uint16(b[10:])), Codec: binary.BigEndian.Uint32(b[12:]),
		FileID: FileID(b[16:]), LogSalt: Salt(b[32:]), Chain: Chain(b[48:]), Commits: binary.BigEndian.Uint64(b[64:]),
	}
	if err := a.Suite.check(); err != nil {
		return Area{}, 0, err
	}
	for at := areaHead; at < end-slots; at += saltSize {
		a.Salts = append(a.Salts, Salt(b[at:]))
	}
	a.Slots, err = decodeSlots(b[end-slots : end])
	return a, size, err
}

// VerifyArea reports whether the area that goes with a checkpoint, of which DecodeArea has said how long it is, has
// the HMAC that it must have under the keys of the file.
func (k *Keys) VerifyArea(checkpoint, area []byte) error {
	end := len(area) - MACSize - crcSize
	if end < areaHead {
		return errs.Corruptf("a crypto area of %d bytes", len(area))
	}
	sum := k.MAC(checkpoint, area[:end])
	if !hmac.Equal(sum[:], area[end:][:MACSize]) {
		return errs.Tamperedf("the meta page does not agree with its HMAC")
	}
	return nil
}
