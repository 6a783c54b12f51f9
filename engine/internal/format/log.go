// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"strings"
)

// The log is a stream of records without frames, each starting at any byte. The first
// byte says what a record is; lengths and offsets are varints.
//
//	00             end of the log, as is a file that ends here
//	01             pad of one byte
//	02 n           pad: n bytes follow that mean nothing, except those of frames (see LogFrame)
//	03 sum         commit: the records since the last commit took place
//	04 offset      jump: the log goes on at that byte of the file
//	06 k v         write: key of k bytes, value of v bytes
//	07 k v sum     the same, with a checksum between lengths and key
//	08 k           delete the key
//	09 k sum       the same, with a checksum
//	0A k k         delete what lies strictly between two keys
//	0B k k sum     the same, with a checksum
//
// Any other first byte ends the log. A stored checksum covers the bytes from after the last
// stored one up to itself (see LogSum). After a jump and after LogMaxUnsummed bytes a write or
// delete has to carry one.

// LogOp says what a record of the log does. Its value is the record's first byte when
// it carries no checksum.
type LogOp uint8

// The operations of a transaction.
const (
	LogWrite       LogOp = 0x06
	LogDelete      LogOp = 0x08
	LogDeleteRange LogOp = 0x0A
)

// String names the operation.
func (op LogOp) String() string {
	switch op {
	case LogWrite:
		return "write"
	case LogDelete:
		return "delete"
	case LogDeleteRange:
		return "delete range"
	}
	return "unknown operation"
}

// LogRecord is one operation of a transaction. For LogDeleteRange, Key is the key after
// which and Value the key before which everything is deleted, both not included. For
// LogDelete, Value is not used.
type LogRecord struct {
	Op         LogOp
	Key, Value []byte
	// Load is set, in place of Value, where recovery has read a record with a long value: it
	// stores the ValueLen bytes of it in memory of the caller's, once.
	Load     func(value []byte) error
	ValueLen int
}

// Sizes that writer and reader of the log agree on.
const (
	// LogMaxUnsummed is how many bytes of one checksum interval may come before the end of a
	// record, in its longest form, that carries no checksum itself. C lsm1 reads a record that
	// breaks the rule as the end of the log.
	LogMaxUnsummed = 32 * 1024
	// LogMaxJump is the first offset that C lsm1 cannot jump to: it reads the target
	// into 32 bits.
	LogMaxJump = 1 << 31
	// LogMinWrap is where the part of the log that is still needed has to begin before
	// the log may be continued at the start of the file.
	LogMinWrap = 128 * 1024
	// LogCommitLen is the length of a commit record.
	LogCommitLen = 1 + LogChecksumLen
	// LogMaxHeaderLen bounds the bytes of a record that come before its key.
	LogMaxHeaderLen = 1 + 2*maxVarintLen + LogChecksumLen
	// LogJumpRoom bounds the bytes of a jump together with the pads that make the
	// stream up to its end a multiple of eight long.
	LogJumpRoom = 1 + maxVarintLen + 7
	// maxPadData is the largest number of bytes in one pad record that we write.
	maxPadData = 200
	// padByte fills pad records.
	padByte = "\x2B"
)

// The first bytes of records that are not operations.
const (
	logEOF    = 0x00
	logPad1   = 0x01
	logPad2   = 0x02
	logCommit = 0x03
	logJump   = 0x04
	logSummed = 0x01 // added to a LogOp: the record carries a checksum
)

// LogKind says what a record read from the log is.
type LogKind uint8

// The kinds of record.
const (
	LogEnd       LogKind = iota // the end, or a byte that starts no record
	LogPad                      // N1 bytes follow that mean nothing
	LogCommit                   // a checksum follows
	LogJump                     // the log goes on at offset N1
	LogOperation                // see Op; if Summed, a checksum follows; then N1+N2 bytes of data
)

// LogHeader is the front of a record: what there is to know before its checksum and
// data are read. The numbers are as stored; they may be larger than any file.
type LogHeader struct {
	Kind   LogKind
	Op     LogOp
	Summed bool
	N1, N2 uint64
}

// DecodeLogHeader reads the front of the record that starts at b. It returns the number
// of bytes that belong to it, which a checksum and the data follow, or 0 if b ends too
// early.
func DecodeLogHeader(b []byte) (h LogHeader, n int) {
	if len(b) == 0 {
		return LogHeader{}, 0
	}
	numVarints := 0
	switch b[0] {
	case logPad1:
		h.Kind = LogPad
	case logPad2:
		h.Kind = LogPad
		numVarints = 1
	case logCommit:
		h.Kind = LogCommit
	case logJump:
		h.Kind = LogJump
		numVarints = 1
	case byte(LogDelete), byte(LogDelete) | logSummed:
		h.Kind = LogOperation
		numVarints = 1
	case byte(LogWrite), byte(LogWrite) | logSummed,
		byte(LogDeleteRange), byte(LogDeleteRange) | logSummed:
		h.Kind = LogOperation
		numVarints = 2
	default:
		return LogHeader{Kind: LogEnd}, 1
	}
	if h.Kind == LogOperation {
		h.Op = LogOp(b[0] &^ logSummed)
		h.Summed = b[0]&logSummed != 0
	}
	n = 1
	if numVarints > 0 {
		var k int
		if h.N1, k = varint(b[n:]); k == 0 {
			return LogHeader{}, 0
		}
		n += k
	}
	if numVarints > 1 {
		var k int
		if h.N2, k = varint(b[n:]); k == 0 {
			return LogHeader{}, 0
		}
		n += k
	}
	return h, n
}

// LogRecordLen returns the length of r in the log without a checksum.
func LogRecordLen(r *LogRecord) int {
	n := 1 + varintLen(uint64(len(r.Key))) + len(r.Key)
	if r.Op != LogDelete {
		n += varintLen(uint64(len(r.Value))) + len(r.Value)
	}
	return n
}

// AppendLogHeader appends the front of r: its first byte and the lengths. If summed, a
// checksum has to follow before the data.
func AppendLogHeader(b []byte, r *LogRecord, summed bool) []byte {
	first := byte(r.Op)
	if summed {
		first |= logSummed
	}
	b = appendVarint(append(b, first), uint64(len(r.Key)))
	if r.Op != LogDelete {
		b = appendVarint(b, uint64(len(r.Value)))
	}
	return b
}

// AppendLogCommit appends the front of a commit record. A checksum has to follow.
func AppendLogCommit(b []byte) []byte { return append(b, logCommit) }

// padding is what the longest pad record holds.
var padding = strings.Repeat(padByte, maxPadData)

// AppendLogPad appends pad records of n bytes in total.
func AppendLogPad(b []byte, n int) []byte {
	for n > 0 {
		if n == 1 {
			return append(b, logPad1)
		}
		data := min(n-2, maxPadData)
		b = append(append(b, logPad2, byte(data)), padding[:data]...)
		n -= 2 + data
	}
	return b
}

// LogMarkLen is the length of a mark.
const LogMarkLen = 2 + 8

// AppendLogMark appends a pad whose content is a number. Readers pass over it, but their
// checksum does not: what follows a mark never looks like what followed another one.
func AppendLogMark(b []byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, logPad2, 8), n)
}

// LogJumpLen returns the length of a jump to the given offset.
func LogJumpLen(target int64) int { return 1 + varintLen(uint64(target)) }

// AppendLogJump appends a jump to the given offset.
func AppendLogJump(b []byte, target int64) []byte {
	return appendVarint(append(b, logJump), uint64(target))
}

// AppendLogWrap appends the eight bytes that continue the log at the start of the file.
func AppendLogWrap(b []byte) []byte {
	return append(b, logPad2, 4, 0, 0, 0, 0, logJump, 0)
}

// LogPos is a position in the log as a checkpoint stores it: everything committed
// before it is in the database file.
type LogPos struct {
	// Off is the byte offset in the log file.
	Off int64
	// Toggle tells two successive positions at the same offset apart. It means nothing
	// else.
	Toggle bool
	// Sum is the state of the running checksum at the offset.
	Sum Checksum
	// Salt, Chain and Commits are of a log that is encrypted, else zero: what the key at the offset is made
	// from, the tag of the last frame before it, and how many commits the database has had by then. A
	// checkpoint's own words have no place for them; those of an encrypted file are in its meta pages.
	Salt, Chain [16]byte
	Commits     uint64
}

// makeLogPos takes a position apart as a checkpoint stores it: raw is the offset,
// doubled, with the toggle as its lowest bit.
func makeLogPos(raw uint64, s0, s1 uint32) LogPos {
	return LogPos{Off: int64(raw >> 1), Toggle: raw&1 != 0, Sum: Checksum{s0, s1}}
}

// Raw returns the offset and the toggle as a checkpoint stores them.
func (p LogPos) Raw() uint64 {
	raw := uint64(p.Off) << 1
	if p.Toggle {
		raw |= 1
	}
	return raw
}

// LogPlace is a position between two transactions of the log, and its numbers: how many bytes of the log come
// before it, pads and jumps included, and how many transactions, since a moment that all places have in common
// that are compared.
type LogPlace struct {
	LogPos
	Stream int64
	Seq    uint64
}
