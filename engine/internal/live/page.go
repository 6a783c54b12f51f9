// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Page is what a writer says that may be seen. Streams are numbered as in wal.Place.
type Page struct {
	Written    uint64   // greater than that of each page that the writer has written before, by 1 while others may read
	Run        [16]byte // of the writer, random
	Salt       uint32   // of its LIFE
	Seq        uint64   // number of the newest commit in this run
	End        wal.Place
	Checkpoint Checkpoint // the newest one that is durable on a meta page
}

// Checkpoint is one that a meta page holds, and where the log goes on after it.
type Checkpoint struct {
	ID base.SnapshotID
	At wal.Place
}

// The file has two slots, which are written in turn, so that one of them is whole at each moment, also when the writer
// is killed in the middle of the other one. The one that is whole and was written later counts. A slot, all
// numbers with the most significant byte first:
//
//	  0   8  "lsmlive" and the version, 1
//	  8  16  run
//	 24   4  salt, less than 2^21
//	 28   4  zero
//	 32   8  seq
//	 40  64  end of the log
//	104   8  id of the checkpoint
//	112  64  where the log goes on after it
//	176  64  zero
//	240   8  written
//	248   8  sum of what is before: see sumOf
//
// A place is: offset 8, checksum 4 and 4, salt 16, chain 16, commits 8, stream 8.
const (
	PageBytes = 2 * SlotBytes
	SlotBytes = 256
	version   = 1
	versionAt = 7 // where it is in the magic

	magicAt, runAt, saltAt, seqAt = 0, 8, 24, 32
	endAt, idAt, ckptAt           = 40, 104, 112
	writtenAt, sumAt              = 240, 248
	placeLen                      = 64
)

var magic = [8]byte{'l', 's', 'm', 'l', 'i', 'v', 'e', version}

var (
	// ErrTorn means that a page was read while it was written. Reading it again helps.
	ErrTorn = errors.New("the live page was read while it was written, or is damaged")
	// ErrNotAPage means that a file is none of this package.
	ErrNotAPage = errors.New("the file holds no live page")
	// ErrVersion means that a page is of a program that is newer than this one.
	ErrVersion = errors.New("the live page is of a newer version of this program")
)

// sumOf returns the sum of a slot: that of what a commit changes, begun with that of what it does not.
func sumOf(b []byte) uint64 {
	return sumWords(mix(mix(sumOfRest(b), word(b[seqAt:])), word(b[writtenAt:])), b[endAt:idAt])
}

// sumOfRest returns the sum of what stays the same from one checkpoint to the next.
func sumOfRest(b []byte) uint64 { return sumWords(sumWords(0, b[:seqAt]), b[idAt:writtenAt]) }

// sumWords goes on with a sum. One is made with each commit, so it has to be fast, and nobody but a writer that is
// interrupted makes a slot that is not whole. Each eighth byte begins a word; each fourth word goes through the same
// one of four lanes, which end in one number. A step of a lane can be undone, so two slots that differ in one word
// have different sums.
func sumWords(sum uint64, b []byte) uint64 {
	lanes := [4]uint64{sum, 2, 3, 4}
	for ; len(b) >= 32; b = b[32:] {
		lanes[0] = mix(lanes[0], word(b))
		lanes[1] = mix(lanes[1], word(b[8:]))
		lanes[2] = mix(lanes[2], word(b[16:]))
		lanes[3] = mix(lanes[3], word(b[24:]))
	}
	for i := 0; len(b) > 0; i, b = i+1, b[8:] {
		lanes[i] = mix(lanes[i], word(b))
	}
	return mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3])
}

// word reads a word with its least significant byte first.
func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// mix is a step of a lane: 2^64 divided by the golden ratio spreads low bits upwards, the shift high ones downwards.
func mix(lane, word uint64) uint64 {
	lane = (lane ^ word) * 0x9E3779B97F4A7C15
	return lane ^ lane>>32
}

// slotOf returns where in the file a page with that number is written.
func slotOf(written uint64) int64 { return int64(written%2) * SlotBytes }

// Encode puts the page into b.
func (p *Page) Encode(b *[SlotBytes]byte) {
	rest := p.encodeRest(b)
	encodeCommit(b, p.Seq, &p.End, p.Written, rest)
}

// encodeRest puts what a commit does not change into b, and returns its sum.
func (p *Page) encodeRest(b *[SlotBytes]byte) uint64 {
	copy(b[magicAt:], magic[:])
	copy(b[runAt:], p.Run[:])
	binary.BigEndian.PutUint32(b[saltAt:], p.Salt)
	clear(b[saltAt+4 : seqAt])
	binary.BigEndian.PutUint64(b[idAt:], uint64(p.Checkpoint.ID))
	putPlace(b[ckptAt:], &p.Checkpoint.At)
	clear(b[ckptAt+placeLen : writtenAt])
	return sumOfRest(b[:])
}

// encodeWritten puts the number of the page into b, and the sum of what it holds.
func encodeWritten(b *[SlotBytes]byte, written uint64) {
	binary.BigEndian.PutUint64(b[writtenAt:], written)
	binary.BigEndian.PutUint64(b[sumAt:], sumOf(b[:]))
}

// encodeCommit puts what a commit changes into b, which holds the rest of the page with that sum. It does what putPlace
// and sumOf do, each word at once: the sum does not wait until the words can be read from b.
func encodeCommit(b *[SlotBytes]byte, seq uint64, end *wal.Place, written, rest uint64) {
	put := func(at int, number uint64) (word uint64) {
		word = bits.ReverseBytes64(number)
		binary.LittleEndian.PutUint64(b[at:], word)
		return word
	}
	putBytes := func(at int, number []byte) (w uint64) {
		w = word(number)
		binary.LittleEndian.PutUint64(b[at:], w)
		return w
	}
	first := mix(mix(rest, put(seqAt, seq)), put(writtenAt, written))
	lanes := [4]uint64{
		mix(first, put(endAt, uint64(end.Off))),
		mix(2, put(endAt+8, uint64(end.Sum.S0)<<32|uint64(end.Sum.S1))),
		mix(3, putBytes(endAt+16, end.Salt[:8])),
		mix(4, putBytes(endAt+24, end.Salt[8:])),
	}
	lanes[0] = mix(lanes[0], putBytes(endAt+32, end.Chain[:8]))
	lanes[1] = mix(lanes[1], putBytes(endAt+40, end.Chain[8:]))
	lanes[2] = mix(lanes[2], put(endAt+48, end.Commits))
	lanes[3] = mix(lanes[3], put(endAt+56, uint64(end.Stream)))
	binary.BigEndian.PutUint64(b[sumAt:], mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3]))
}

// Decode reads the page from what is in the file. The errors match ErrTorn, ErrNotAPage or ErrVersion.
func Decode(b []byte) (Page, error) {
	p, _, err := decode(b)
	return p, err
}

// decode is Decode. It reports whether both slots are whole.
func decode(b []byte) (p Page, whole bool, err error) {
	if len(b) < PageBytes {
		return p, false, ErrNotAPage
	}
	one, err := decodeSlot(b[:SlotBytes])
	other, otherErr := decodeSlot(b[SlotBytes:PageBytes])
	switch {
	case err != nil && otherErr != nil:
		return p, false, err
	case err != nil || otherErr == nil && other.Written > one.Written:
		return other, err == nil, nil
	}
	return one, otherErr == nil, nil
}

// decodeSlot reads the page in a slot.
func decodeSlot(b []byte) (Page, error) {
	var p Page
	switch {
	case [7]byte(b[:7]) != [7]byte(magic[:7]):
		return p, ErrNotAPage
	case b[7] != version:
		return p, ErrVersion
	case binary.BigEndian.Uint64(b[sumAt:]) != sumOf(b):
		return p, ErrTorn
	}
	copy(p.Run[:], b[runAt:])
	p.Salt = binary.BigEndian.Uint32(b[saltAt:])
	p.Seq = binary.BigEndian.Uint64(b[seqAt:])
	p.Written = binary.BigEndian.Uint64(b[writtenAt:])
	p.End = placeOf(b[endAt:])
	p.Checkpoint = Checkpoint{ID: base.SnapshotID(binary.BigEndian.Uint64(b[idAt:])), At: placeOf(b[ckptAt:])}
	if p.Salt >= numSalts || p.Checkpoint.ID < base.EmptySnapshotID || p.Checkpoint.ID > MaxID ||
		p.End.Off < 0 || p.Checkpoint.At.Off < 0 || p.Checkpoint.At.Stream > p.End.Stream {
		return Page{}, ErrNotAPage
	}
	return p, nil
}

// MayReplace reports whether a writer may take a file for its page that holds that: a page, also one that is damaged
// or of another version, or what a loss of power or a kill leaves of one. Each slot is looked at by itself: the one
// at the end is the first to be written, and a writer may die before it writes the other, or in the middle of one.
func MayReplace(b []byte) bool {
	if len(b) > PageBytes {
		return false
	}
	cut := min(len(b), SlotBytes)
	return mayReplaceSlot(b[:cut]) && mayReplaceSlot(b[cut:])
}

// mayReplaceSlot is MayReplace for a slot: the magic, or as much of it as has been written and nothing more.
func mayReplaceSlot(b []byte) bool {
	n := 0
	for n < len(b) && n < versionAt && b[n] == magic[n] {
		n++
	}
	return n == versionAt || len(bytes.Trim(b[n:], "\x00")) == 0
}

func putPlace(b []byte, p *wal.Place) {
	binary.BigEndian.PutUint64(b, uint64(p.Off))
	binary.BigEndian.PutUint32(b[8:], p.Sum.S0)
	binary.BigEndian.PutUint32(b[12:], p.Sum.S1)
	copy(b[16:], p.Salt[:])
	copy(b[32:], p.Chain[:])
	binary.BigEndian.PutUint64(b[48:], p.Commits)
	binary.BigEndian.PutUint64(b[56:], uint64(p.Stream))
}

func placeOf(b []byte) wal.Place {
	return wal.Place{
		LogPos: format.LogPos{
			Off:  int64(binary.BigEndian.Uint64(b)),
			Sum:  format.Checksum{S0: binary.BigEndian.Uint32(b[8:]), S1: binary.BigEndian.Uint32(b[12:])},
			Salt: [16]byte(b[16:32]), Chain: [16]byte(b[32:48]),
			Commits: binary.BigEndian.Uint64(b[48:]),
		},
		Stream: int64(binary.BigEndian.Uint64(b[56:])),
	}
}
