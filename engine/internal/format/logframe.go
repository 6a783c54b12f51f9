// SPDX-License-Identifier: Apache-2.0

package format

// In a log that is encrypted the records of a transaction are in frames: pads, which a program without the
// key passes over. A box is a nonce of 12 bytes, what is encrypted, and a tag of 16 bytes.
//
//	02 n 4b salt box    key frame: an empty box under the key that the salt of 16 bytes makes, which the
//	                    frames after it are under, too
//	02 n 44 flags box   data frame: up to LogMaxFrame bytes of records as in a log that is not encrypted,
//	                    without checksums; a record may go on in the next frame. Flags are 1 in the last
//	                    frame of a transaction, else 0
//
// A session begins with a key frame. Another one comes first after a commit that could not be written, and
// where a key has made as many boxes as it may; a reader accepts one wherever a data frame may be.
//
// What a box is bound to: the chain, which is the tag of the frame before, and what its own frame has
// before the box. So a frame opens only after all that were written before it.
//
// The only operation that stands outside of frames is the decoy, which each transaction has: delete of the
// key 00. C lsm1 replays the log before it sees that it cannot read the file, and would remove a log in
// which it finds no operation.

const (
	// LogMaxFrame is how many bytes of records a data frame holds at most.
	LogMaxFrame = 64 << 10
	// LogKeyFrameLen is the length of a key frame.
	LogKeyFrameLen = 2 + 1 + 16 + logBoxOverhead
	// LogDecoyKey is the key that the decoy deletes.
	LogDecoyKey = "\x00"

	// LogLastFrame is what the flags are of the last data frame of a transaction.
	LogLastFrame = 1

	// The first bytes of what a frame has after the length of the pad.
	LogKeyFrame  = 0x4b
	LogDataFrame = 0x44

	logBoxOverhead = 12 + 16
)

// LogFrame is a frame taken apart.
type LogFrame struct {
	Key   bool // a key frame, with its Salt; else a data frame, with Flags
	Flags byte
	Salt  [16]byte
	Box   []byte
}

// Last reports whether the frame is the last one of its transaction.
func (f *LogFrame) Last() bool { return !f.Key && f.Flags == LogLastFrame }

// Tag returns the tag, which is the chain for the next frame.
func (f *LogFrame) Tag() [16]byte { return [16]byte(f.Box[len(f.Box)-16:]) }

// LogDataFrameLen returns the length of a data frame with n bytes of records.
func LogDataFrameLen(n int) int {
	n += 2 + logBoxOverhead
	return 1 + varintLen(uint64(n)) + n
}

// AppendLogKeyFrame appends the front of a key frame, which the box has to follow.
func AppendLogKeyFrame(b []byte, salt [16]byte) []byte {
	b = append(b, logPad2, LogKeyFrameLen-2, LogKeyFrame)
	return append(b, salt[:]...)
}

// AppendLogDataFrame appends the front of a data frame with n bytes of records, which the box has to follow.
func AppendLogDataFrame(b []byte, n int, flags byte) []byte {
	b = appendVarint(append(b, logPad2), uint64(2+logBoxOverhead+n))
	return append(b, LogDataFrame, flags)
}

// IsLogFrame reports whether a pad of n bytes, of which the first one is given, is a frame. It may be one
// that does not open.
func IsLogFrame(first byte, n uint64) bool {
	switch first {
	case LogKeyFrame:
		return n == LogKeyFrameLen-2
	case LogDataFrame:
		return 2+logBoxOverhead <= n && n <= 2+logBoxOverhead+LogMaxFrame
	}
	return false
}

// DecodeLogFrame takes the content of a pad apart that IsLogFrame reports to be a frame.
func DecodeLogFrame(pad []byte) LogFrame {
	if pad[0] == LogKeyFrame {
		return LogFrame{Key: true, Salt: [16]byte(pad[1:]), Box: pad[17:]}
	}
	return LogFrame{Flags: pad[1], Box: pad[2:]}
}
