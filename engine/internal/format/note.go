// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// A note is in the last sector of a meta page, after the checkpoint. C lsm1 does not
// look there: it leaves the note alone, or overwrites it with anything at all when it writes
// a checkpoint of its own. So a note has a checksum, and says which checkpoint it belongs to.
//
//	offset  length
//	     0       8  "lsmlnote"
//	     8       1  version, 1
//	     9       1  flags
//	    10       2  length of the log's name, big-endian like all numbers
//	    12      16  mark of the log
//	    28       8  id of the checkpoint
//	    36       8  stored checksum of the checkpoint
//	    44      16  log position of the checkpoint: raw offset, two checksum words
//	    60          base name of the log, then zeros
//	   478       4  CRC-32C of bytes 0 to 477

const (
	// NoteOffset is where in a meta page its note begins. A checkpoint that reaches beyond
	// it has none.
	NoteOffset = 3584
	// noteSize is the length of a note.
	noteSize = MetaSize - NoteOffset

	noteMagic   = "lsmlnote"
	noteVersion = 1
	noteName    = 60
	noteSum     = noteSize - 4
	// MaxNoteName is the longest name of a log that a note holds.
	MaxNoteName = noteSum - noteName
)

// LogMark is a random number that tells one log from all others.
type LogMark [16]byte

// Note is what lsmlite writes after a checkpoint.
type Note struct {
	// Copy says that the other meta page held the same checkpoint durably before this one
	// was written.
	Copy bool
	// DataSynced says that all pages of the database were durable before the checkpoint was
	// written.
	DataSynced bool
	// LogInUse says that the log holds commits that the checkpoint does not.
	LogInUse bool
	// SyncFailed says that a sync of the database file has failed, so that what is read of
	// it may not be on the disk.
	SyncFailed bool
	// Restored says that the file was made as a copy: a log that does not continue it is a
	// leftover of whatever had its name before.
	Restored bool
	Mark     LogMark // of the log, all zero if there was none
	LogName  string  // base name of the log, empty if it is too long
	For      CheckpointRef
	Log      LogPos // of the checkpoint
}

// CheckpointRef names a checkpoint: its id and its stored checksum.
type CheckpointRef struct {
	ID  base.SnapshotID
	Sum [2]uint32
}

// RefOf returns the reference to an encoded checkpoint, or to what is in a meta page,
// whether that is valid or not.
func RefOf(meta []byte) CheckpointRef {
	r := CheckpointRef{ID: peekID(meta)}
	n := int64(binary.BigEndian.Uint32(meta[8:]))
	if n >= minReadWords && n <= maxReadWords && int(n)*4 <= len(meta) {
		r.Sum[0] = binary.BigEndian.Uint32(meta[4*n-8:])
		r.Sum[1] = binary.BigEndian.Uint32(meta[4*n-4:])
	}
	return r
}

// CheckpointSize returns how many bytes the checkpoint has that is in a meta page, and that DecodeCheckpoint has read.
func CheckpointSize(meta []byte) int { return 4 * int(binary.BigEndian.Uint32(meta[8:])) }

// SameGeometry reports whether two meta pages speak of the same page and block size.
func SameGeometry(a, b []byte) bool {
	word := func(i int) bool { return binary.BigEndian.Uint32(a[4*i:]) == binary.BigEndian.Uint32(b[4*i:]) }
	return word(5) && word(7)
}

const (
	noteCopy = 1 << iota
	noteDataSynced
	noteLogInUse
	noteSyncFailed
	noteRestored
)

var noteCRC = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the noteSize bytes of the note.
func (n *Note) Encode() []byte {
	b := make([]byte, noteSize)
	copy(b, noteMagic)
	b[8] = noteVersion
	for flag, set := range map[byte]bool{
		noteCopy: n.Copy, noteDataSynced: n.DataSynced, noteLogInUse: n.LogInUse, noteSyncFailed: n.SyncFailed,
		noteRestored: n.Restored,
	} {
		if set {
			b[9] |= flag
		}
	}
	if len(n.LogName) <= MaxNoteName {
		binary.BigEndian.PutUint16(b[10:], uint16(len(n.LogName)))
		copy(b[noteName:], n.LogName)
	}
	copy(b[12:], n.Mark[:])
	n.For.put(b[28:])
	binary.BigEndian.PutUint64(b[44:], n.Log.Raw())
	binary.BigEndian.PutUint32(b[52:], n.Log.Sum.S0)
	binary.BigEndian.PutUint32(b[56:], n.Log.Sum.S1)
	binary.BigEndian.PutUint32(b[noteSum:], crc32.Checksum(b[:noteSum], noteCRC))
	return b
}

func (r CheckpointRef) put(b []byte) {
	binary.BigEndian.PutUint64(b, uint64(r.ID))
	binary.BigEndian.PutUint32(b[8:], r.Sum[0])
	binary.BigEndian.PutUint32(b[12:], r.Sum[1])
}

func checkpointRef(b []byte) CheckpointRef {
	return CheckpointRef{
		ID:  base.SnapshotID(binary.BigEndian.Uint64(b)),
		Sum: [2]uint32{binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])},
	}
}

// DecodeNote reads the note of a meta page, and reports false if there is none. The
// checkpoint that it belongs to may have been overwritten since: compare Note.For.
func DecodeNote(meta []byte) (Note, bool) {
	if len(meta) < MetaSize {
		return Note{}, false
	}
	b := meta[NoteOffset:MetaSize]
	name := int(binary.BigEndian.Uint16(b[10:]))
	if string(b[:8]) != noteMagic || b[8] != noteVersion || name > MaxNoteName ||
		binary.BigEndian.Uint32(b[noteSum:]) != crc32.Checksum(b[:noteSum], noteCRC) {
		return Note{}, false
	}
	n := Note{
		Copy: b[9]&noteCopy != 0, DataSynced: b[9]&noteDataSynced != 0,
		LogInUse: b[9]&noteLogInUse != 0, SyncFailed: b[9]&noteSyncFailed != 0,
		Restored: b[9]&noteRestored != 0,
		LogName:  string(b[noteName : noteName+name]),
		For:      checkpointRef(b[28:]),
		Log:      makeLogPos(binary.BigEndian.Uint64(b[44:]), binary.BigEndian.Uint32(b[52:]), binary.BigEndian.Uint32(b[56:])),
	}
	copy(n.Mark[:], b[12:])
	return n, true
}
