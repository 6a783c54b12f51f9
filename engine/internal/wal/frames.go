// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// chained is what the frames of an encrypted log depend on; see format.LogFrame. In a log that is not
// encrypted it is zero.
type chained struct {
	salt, chain [16]byte
	commits     uint64
}

func chainedAt(p format.LogPos) chained { return chained{p.Salt, p.Chain, p.Commits} }

// at makes a position of an offset and a checksum there.
func (c *chained) at(off int64, sum format.Checksum) format.LogPos {
	return format.LogPos{Off: off, Sum: sum, Salt: c.salt, Chain: c.chain, Commits: c.commits}
}

// encrypted is the part of a Log that encrypts.
//
// Records are collected as they are, and become frames where enough of them are there, where the
// transaction ends, and where a mark is made: so what is rolled back are whole frames. What was rolled
// back leaves no nonce to be used again, because all of them are random; and neither does a crash or a
// copy of the files, because each session has a key of its own.
type encrypted struct {
	keys  *crypt.Keys // nil: the log is not encrypted
	clear []byte      // records of the transaction that are in no frame yet
	// mostBoxes is how many boxes of one key the log makes at most; 0: as many as the key may make.
	mostBoxes uint64
}

// appendEncrypted is Append for a log that is encrypted.
func (l *Log) appendEncrypted(r *format.LogRecord) error {
	if err := l.tx.err; err != nil {
		return err
	}
	n := format.LogRecordLen(r)
	if len(l.clear)+n > format.LogMaxFrame {
		if err := checkSizes(len(r.Key), len(r.Value)); err != nil {
			return err
		}
		if err := l.frameRest(); err != nil {
			return err
		}
	}
	if n <= format.LogMaxFrame {
		l.clear = format.AppendLogHeader(l.clear, r, false)
		l.clear = append(l.clear, r.Key...)
		if r.Op != format.LogDelete {
			l.clear = append(l.clear, r.Value...)
		}
		return nil
	}
	l.sumUp() // as what comes before may be written out, and is no longer in the buffer after that
	before := l.tx
	if err := l.appendLong(r); err != nil {
		l.restore(before)
		l.clear = l.clear[:0]
		return err
	}
	return nil
}

// appendLong appends a record that takes several frames. The value is not copied to become frames.
func (l *Log) appendLong(r *format.LogRecord) error {
	l.clear = append(format.AppendLogHeader(l.clear, r, false), r.Key[:min(len(r.Key), format.LogMaxFrame/2)]...)
	parts := [2][]byte{r.Key[min(len(r.Key), format.LogMaxFrame/2):], r.Value}
	if r.Op == format.LogDelete {
		parts[1] = nil
	}
	for _, part := range parts {
		for len(part) > 0 {
			if len(l.clear) == 0 && len(part) >= format.LogMaxFrame {
				if err := l.frame(part[:format.LogMaxFrame], false); err != nil {
					return err
				}
				part = part[format.LogMaxFrame:]
				continue
			}
			n := min(len(part), format.LogMaxFrame-len(l.clear))
			l.clear = append(l.clear, part[:n]...)
			part = part[n:]
			if len(l.clear) == format.LogMaxFrame {
				if err := l.frameRest(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// frameRest makes a frame of the records that are in none yet. After an error they still are in none.
func (l *Log) frameRest() error {
	if len(l.clear) == 0 {
		return nil
	}
	if err := l.frame(l.clear, false); err != nil {
		return err
	}
	l.clear = l.clear[:0]
	return nil
}

// lastFrame makes the last frame of the transaction, of what is left, also if that is nothing.
func (l *Log) lastFrame() error {
	if l.tx.err != nil {
		return l.tx.err
	}
	if err := l.frame(l.clear, true); err != nil {
		return err
	}
	l.clear = l.clear[:0]
	return nil
}

// decoy is the only operation of a transaction that is not in a frame.
var decoy = format.LogRecord{Op: format.LogDelete, Key: []byte(format.LogDecoyKey)}

// decoyLen is the length of the decoy with a checksum.
const decoyLen = 3 + format.LogChecksumLen

// frame appends a data frame, and before the first one of the transaction what every transaction begins
// with. After an error the transaction is as it was before.
func (l *Log) frame(clear []byte, last bool) error {
	if len(l.buf) >= maxBuffer {
		if err := l.writeOut(); err != nil {
			return err
		}
	}
	before := l.tx
	if err := l.tryFrame(clear, last); err != nil {
		l.restore(before)
		return err
	}
	return nil
}

func (l *Log) tryFrame(clear []byte, last bool) error {
	t := &l.tx
	if b := t.box; b != nil && (b.Full() || l.mostBoxes > 0 && b.Count() >= l.mostBoxes) {
		t.mark = true // the key is used up
	}
	n := int64(decoyLen + format.LogKeyFrameLen + format.LogDataFrameLen(len(clear)))
	if t.stream == 0 {
		if err := l.prelude(n); err != nil {
			return err
		}
	}
	if !t.fits(n) {
		if err := l.jumpOver(); err != nil {
			return err
		}
	}
	if err := l.appendMark(); err != nil {
		return err
	}
	if !t.decoy {
		t.decoy = true
		l.appendFront(&decoy, decoyLen)
		l.appendData(&decoy)
	}
	flags := byte(0)
	if last {
		flags = format.LogLastFrame
	}
	b, chain, err := t.box.SealDataFrame(format.AppendLogDataFrame(l.buf, len(clear), flags), clear, t.chain, flags)
	return l.appendFrame(b, chain, err)
}

// appendKeyFrame begins a new key.
func (l *Log) appendKeyFrame() error {
	t := &l.tx
	salt := crypt.NewSalt()
	box, err := l.keys.Log(salt)
	if err != nil {
		return err
	}
	t.box, t.salt = box, salt
	b, chain, err := box.SealKeyFrame(format.AppendLogKeyFrame(l.buf, salt), t.chain, salt)
	return l.appendFrame(b, chain, err)
}

// appendFrame makes b, which is the buffer with a frame after it, the buffer.
func (l *Log) appendFrame(b []byte, chain [16]byte, err error) error {
	if err != nil {
		return err
	}
	l.buf, l.tx.chain = b, chain
	l.moved()
	return nil
}
