// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// LogRecordKind is what a record of the log is.
type LogRecordKind string

// The kinds of records of a log. LogHead is a pad to lsm1: lsmlite begins a log with it. So are LogFrame and
// LogKeyFrame, which are those of an encrypted log: with ReadLogOptions.Key the writes and deletes of a frame come
// after it. LogRestart and LogEnd are no records: the one comes first where a reader that went on after a place has
// missed transactions, the other comes last.
const (
	LogPad         LogRecordKind = "pad"
	LogHead        LogRecordKind = "head"
	LogFrame       LogRecordKind = "frame"
	LogKeyFrame    LogRecordKind = "key frame"
	LogWrite       LogRecordKind = "write"
	LogDelete      LogRecordKind = "delete"
	LogDeleteRange LogRecordKind = "delete range"
	LogCommit      LogRecordKind = "commit"
	LogJump        LogRecordKind = "jump"
	LogRestart     LogRecordKind = "restart"
	LogEnd         LogRecordKind = "end"
)

// LogSum is what the stored checksum of a record says of what comes before it in the log.
type LogSum string

// What a checksum says. Most records have none: that of the commit after them is for them, too.
const (
	LogSumNone    LogSum = ""
	LogSumGood    LogSum = "good"
	LogSumBad     LogSum = "BAD"
	LogSumUnknown LogSum = "unknown" // the first one after the beginning of the file, with ReadLogOptions.FromStart
)

// LogPlace is a place between two transactions of a log. What a log is by then shows in the sums.
type LogPlace struct {
	Offset int64
	Sum    [2]uint32
	// Salt and Chain are what it takes to open the next frame of an encrypted log, next to the key.
	Salt, Chain [16]byte
}

// LogRecord is a record of the log. Key, EndKey and Value are valid until the next one is read.
type LogRecord struct {
	Kind        LogRecordKind
	Offset      int64 // of its first byte in the file, or of the frame that it was in
	Bytes       int64 // its length, with everything that belongs to it
	Transaction int64 // which one it is part of, counted from 1 where reading began
	Sum         LogSum

	// Key is the beginning of the key, at most ReadLogOptions.MaxBytes of it, and Value that of the value;
	// KeyLen and ValueLen are the whole lengths. LogDeleteRange has no value: it deletes what lies between
	// Key and EndKey, without them.
	Key, EndKey, Value          []byte
	KeyLen, EndKeyLen, ValueLen int64

	Target     int64    // of a jump: the offset in the file where the log goes on
	Checkpoint int64    // of a head: the id of the newest checkpoint that was durable when it was written
	Place      LogPlace // of a commit, and of the end: the place after the last commit so far
	End        *LogEndInfo
}

// LogEndInfo says how a log ends.
type LogEndInfo struct {
	Why string // for a person to read
	// Torn says that it ends with something that is neither zeros nor the end of the file: a transaction
	// that is torn, rolled back or still being written, or what is left from an earlier use of the space.
	// All of them are normal.
	Torn        bool
	Commits     int64        // transactions that were read
	Uncommitted int64        // writes and deletes after the last commit, which do not count
	Bytes       int64        // length of the file
	Regions     [3]LogRegion // what was read of the log, in reading order; unused ones are zero
}

// ReadLogOptions says how ReadLog reads a log. The zero value reads the log of a file of the operating
// system's file system as recovery would.
type ReadLogOptions struct {
	FS vfs.FS // nil is the operating system's file system
	// LogPath is the log, if it has not the name of the database with "-log".
	LogPath string
	// Key opens the frames of an encrypted log. Without it they are shown as they are, closed.
	Key keys.Source
	// After goes on after a place: LogRecord.Place of what was read before. That works as long as
	// transactions after it are in the log, also if that was used again from its beginning; where
	// some are gone, LogRestart comes first.
	After LogPlace
	// FromStart reads from the beginning of the file, also what the database does not need any more.
	// What comes before the first checksum cannot be verified then. After is of no account.
	FromStart bool
	// MaxBytes is how many bytes of a key, and of a value, a record shows at most; 0 is
	// DefaultLogBytes, negative is none.
	MaxBytes int
}

// DefaultLogBytes is the default of ReadLogOptions.MaxBytes.
const DefaultLogBytes = 1024

// MaxLogBytes is the largest ReadLogOptions.MaxBytes: what is more is treated as that.
const MaxLogBytes = 1 << 20

// ReadLog reads the log of the database at path, without opening the database: from the position of its
// newest checkpoint on, record by record, following the jumps, up to its end. The last record has kind
// LogEnd, and says why the log ends there. path may also be the log itself; without its database it is
// read from the beginning, as with FromStart. A log that is not there has no records before its end.
//
// It writes nothing and takes no locks: another process, or this one, may have the database open and
// write to it. Then the last transaction may be seen before it is complete, and is complete when
// the log is read again with After. Commits that are not written yet are not seen. Memory in use
// is bounded by MaxBytes and some hundred KiB, whatever the log holds.
//
// An error ends the sequence: ErrCantOpen if there is neither database nor log, ErrKey for a wrong key, ErrMismatch
// for a key of a database that is not encrypted, one of reading, or that of ctx. Whatever the log holds is no error.
func ReadLog(ctx context.Context, path string, o ReadLogOptions) iter.Seq2[LogRecord, error] {
	return func(yield func(LogRecord, error) bool) {
		r := logReader{ReadLogOptions: o, ctx: ctx, yield: yield}
		if err := r.read(path); err != nil && !r.stopped {
			yield(LogRecord{}, err)
		}
	}
}
