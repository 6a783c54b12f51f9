// SPDX-License-Identifier: Apache-2.0

package format

// Records. In a compressed file the pages of a segment are a stream of records over the
// data bytes of its blocks: all bytes of a block but the four at its beginning that name
// the previous block of the segment and the four at its end that name the next (in block 1
// the first are those after the meta pages). A record, or any part of one, may reach from
// one block into the next. Page number and offset of a record's first byte are the same.
//
//	page     size field, compressed image of the page, the same size field again
//	padding  of 6 bytes or more: the same, with any body, and another mark in the fields
//	padding  of 1 to 5 bytes: first and last byte are the length, the others anything
//
// A size field has three bytes, of which each holds seven bits of the body's length, the
// highest first. Bit 7 is set in all of them, but clear in the second of a padding's; it is
// clear in both ends of a short padding. So a record is recognised by its first byte, going
// forward, and by its last, going backward.

// RecordSizeLen is the size of a size field.
const RecordSizeLen = 3

// MaxRecord is the longest body that a size field can tell.
const MaxRecord = 1<<21 - 1

// MaxShortPad is the longest padding that has no size fields.
const MaxShortPad = 2*RecordSizeLen - 1

// RecordHead is what the first or last bytes of a record tell.
type RecordHead struct {
	Pad  bool
	Body int // bytes of the page's image or the padding's body; 0 in a short padding
	Len  int // bytes of the whole record
}

// DecodeRecordHead reads the first bytes of a record. It wants three, but takes fewer where a
// short padding is at the end of what there is. ok is false if no record begins so.
func DecodeRecordHead(b []byte) (h RecordHead, ok bool) {
	if len(b) == 0 {
		return h, false
	}
	if b[0]&0x80 == 0 {
		return shortPad(b[0])
	}
	return decodeSizeField(b)
}

// DecodeRecordTail reads the last bytes of a record, as DecodeRecordHead reads the first.
func DecodeRecordTail(b []byte) (h RecordHead, ok bool) {
	if len(b) == 0 {
		return h, false
	}
	if last := b[len(b)-1]; last&0x80 == 0 {
		return shortPad(last)
	}
	if len(b) < RecordSizeLen {
		return h, false
	}
	return decodeSizeField(b[len(b)-RecordSizeLen:])
}

func shortPad(n byte) (RecordHead, bool) {
	return RecordHead{Pad: true, Len: int(n)}, n >= 1 && n <= MaxShortPad
}

func decodeSizeField(b []byte) (h RecordHead, ok bool) {
	if len(b) < RecordSizeLen || b[0]&0x80 == 0 || b[2]&0x80 == 0 {
		return h, false
	}
	h.Body = int(b[0]&0x7F)<<14 | int(b[1]&0x7F)<<7 | int(b[2]&0x7F)
	h.Pad = b[1]&0x80 == 0
	h.Len = h.Body + 2*RecordSizeLen
	return h, true
}

// PutRecordSize writes a size field for a body of n bytes, at most MaxRecord.
func PutRecordSize(b []byte, n int, pad bool) {
	b[0] = 0x80 | byte(n>>14)
	b[1] = 0x80 | byte(n>>7)
	b[2] = 0x80 | byte(n)
	if pad {
		b[1] &^= 0x80
	}
}

// AppendPad appends a padding of n bytes, from 1 to MaxRecord.
func AppendPad(b []byte, n int) []byte {
	at := len(b)
	b = append(b, make([]byte, n)...)
	pad := b[at:]
	if n <= MaxShortPad {
		pad[0], pad[n-1] = byte(n), byte(n)
		return b
	}
	PutRecordSize(pad, n-2*RecordSizeLen, true)
	PutRecordSize(pad[n-RecordSizeLen:], n-2*RecordSizeLen, true)
	return b
}

// SoundPad reports whether a padding looks the same from both ends.
func SoundPad(b []byte) bool {
	h, ok := DecodeRecordHead(b)
	t, tailOK := DecodeRecordTail(b)
	return ok && tailOK && h == t && h.Pad && h.Len == len(b)
}

// PadTo returns how many bytes of padding a segment needs whose last byte is at offset
// last, so that it ends with a sector of the given size, a power of two, or with the data
// bytes of its block. Nothing that is appended after it later then shares a sector with
// it.
func (g Geometry) PadTo(last int64, sector int) int {
	end := last | int64(sector-1)
	if most := (last>>g.blockShift+1)<<g.blockShift - linkSize - 1; end > most {
		end = most
	}
	return int(end - last)
}
