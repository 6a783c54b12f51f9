// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"encoding/binary"
	"fmt"
)

type logSum struct{ s0, s1 uint32 }

// add takes an interval into the sum.
func (s *logSum) add(interval []byte) {
	le := binary.LittleEndian
	for len(interval) > 0 {
		var p [8]byte
		interval = interval[copy(p[:], interval):]
		s.s0 += le.Uint32(p[:]) + s.s1
		s.s1 += le.Uint32(p[4:]) + s.s0
	}
}

const (
	recEnd    = 0x00
	recPad1   = 0x01
	recPad2   = 0x02
	recCommit = 0x03
	recJump   = 0x04
	recWrite  = 0x06
	recDelete = 0x08
	recRange  = 0x0a

	keyFrame      = 0x4b
	dataFrame     = 0x44
	keyFrameSize  = 1 + 16 + overhead
	dataFrameSize = 2 + overhead
	maxFrame      = 64 << 10
	lastFrame     = 1
	maxJumps      = 2
)

// logReader is where the reading of the log is, as the clear parts say.
type logReader struct {
	log      []byte
	at       int64
	interval []byte
	sum      logSum
	jumps    int
	repair   bool // write the checksums
}

// transaction is the clear side of one: its frames, and what else is in it.
type transaction struct {
	frames [][]byte
	decoys int
	other  int // operations in clear
	end    int64
}

func (r *logReader) take(n int) []byte {
	if n < 0 || r.at+int64(n) > int64(len(r.log)) {
		return nil
	}
	b := r.log[r.at:][:n]
	r.at += int64(n)
	r.interval = append(r.interval, b...)
	return b
}

func (r *logReader) number() (uint64, bool) {
	b := r.log[min(r.at, int64(len(r.log))):]
	v := varints{b: b}
	n := v.number()
	if v.bad {
		return 0, false
	}
	r.take(len(b) - len(v.b))
	return n, true
}

// checked compares the checksum that stands here with that of the interval.
func (r *logReader) checked() bool {
	if r.at+8 > int64(len(r.log)) {
		return false
	}
	r.sum.add(r.interval)
	r.interval = nil
	b := r.log[r.at:][:8]
	r.at += 8
	if r.repair {
		be.PutUint32(b, r.sum.s0)
		be.PutUint32(b[4:], r.sum.s1)
	}
	return be.Uint32(b) == r.sum.s0 && be.Uint32(b[4:]) == r.sum.s1
}

// next returns the next transaction whose commit has the right checksum.
func (r *logReader) next() (transaction, bool) {
	var t transaction
	for {
		b := r.take(1)
		if b == nil {
			return t, false
		}
		switch kind := b[0]; kind {
		case recPad1:
		case recPad2:
			n, ok := r.number()
			if !ok || n > uint64(len(r.log)) {
				return t, false
			}
			pad := r.take(int(n))
			if pad == nil {
				return t, false
			}
			if len(pad) == keyFrameSize && pad[0] == keyFrame || len(pad) >= dataFrameSize && pad[0] == dataFrame {
				t.frames = append(t.frames, pad)
			}
		case recCommit:
			if !r.checked() {
				return t, false
			}
			t.end = r.at
			return t, true
		case recJump:
			to, ok := r.number()
			if r.jumps++; !ok || r.jumps > maxJumps || to > uint64(len(r.log)) {
				return t, false
			}
			r.at = int64(to)
		case recWrite, recWrite + 1, recDelete, recDelete + 1, recRange, recRange + 1:
			if !r.clearOperation(kind, &t) {
				return t, false
			}
		default:
			return t, false
		}
	}
}

// clearOperation reads one that is not in a frame.
func (r *logReader) clearOperation(kind byte, t *transaction) bool {
	n, ok := r.number()
	if kind&^1 != recDelete && ok {
		var m uint64
		m, ok = r.number()
		n += m
	}
	if !ok || n > uint64(len(r.log)) || kind&1 == 1 && !r.checked() {
		return false
	}
	body := r.take(int(n))
	if body == nil {
		return false
	}
	if kind&^1 == recDelete && len(body) == 1 && body[0] == 0 {
		t.decoys++
	} else {
		t.other++
	}
	return true
}

// replay puts the log's transactions on top of state.
func (d *Database) replay(log []byte, m *meta, s *state) error {
	d.Chain, d.Commits = m.chain, m.commits
	n, err := d.from(log, m, m.logOffset, s)
	if err == nil && n == 0 && m.logOffset != 0 {
		_, err = d.from(log, m, 0, s)
	}
	return err
}

// from replays the log from an offset on, and returns the number of transactions there.
func (d *Database) from(log []byte, m *meta, at int64, s *state) (int, error) {
	r := &logReader{log: log, at: min(at, int64(len(log))), sum: m.sum}
	key := derive(d.DEK, m.logSalt[:], "lsmlite/1 log", 32)
	n := 0
	for {
		t, ok := r.next()
		if !ok {
			return n, nil
		}
		n++
		clear, c, err := d.transaction(t, &key)
		if err != nil {
			return n, fmt.Errorf("transaction %d of the log, which ends at %d: %w", n, t.end, err)
		}
		if c.Changes, err = s.replay(clear); err != nil {
			return n, fmt.Errorf("transaction %d of the log: %w", n, err)
		}
		d.Commits++
		d.Replayed = append(d.Replayed, c)
	}
}

// transaction opens the frames of one, in chain, and returns their bytes.
func (d *Database) transaction(t transaction, key *[]byte) ([]byte, Commit, error) {
	c := Commit{End: t.end, Decoys: t.decoys}
	if t.other > 0 {
		return nil, c, tampered("%d operations in clear", t.other)
	}
	var clear []byte
	last := false
	for _, f := range t.frames {
		if last {
			return nil, c, tampered("a frame after the last one")
		}
		if f[0] == keyFrame {
			salt, box := f[1:17], f[17:]
			fresh := derive(d.DEK, salt, "lsmlite/1 log", 32)
			data := append(append(append([]byte(nil), d.Chain[:]...), keyFrame), salt...)
			if _, err := d.open(fresh, box, data, "key frame"); err != nil {
				return nil, c, err
			}
			c.Keys++
			*key, d.Chain = fresh, [16]byte(box[len(box)-tagSize:])
			continue
		}
		flags, box := f[1], f[2:]
		b, err := d.open(*key, box, append(append([]byte(nil), d.Chain[:]...), dataFrame, flags), "data frame")
		if err != nil {
			return nil, c, err
		}
		if flags&^lastFrame != 0 || len(b) > maxFrame {
			return nil, c, tampered("a frame with flags %d and %d bytes", flags, len(b))
		}
		c.Frames++
		clear, last, d.Chain = append(clear, b...), flags == lastFrame, [16]byte(box[len(box)-tagSize:])
	}
	if !last {
		return nil, c, tampered("the last frame is missing")
	}
	return clear, c, nil
}

// replay applies the operations in the bytes of a transaction's frames.
func (s *state) replay(b []byte) (n int, err error) {
	v := varints{b: b}
	text := func(n int) string {
		if n > len(v.b) {
			v.bad = true
			return ""
		}
		t := string(v.b[:n])
		v.b = v.b[n:]
		return t
	}
	for len(v.b) > 0 {
		switch kind := v.byte(); kind {
		case recWrite:
			k, l := v.length(), v.length()
			key := text(k)
			s.user[key] = text(l)
		case recDelete:
			delete(s.user, text(v.length()))
		case recRange:
			k, l := v.length(), v.length()
			after := text(k)
			between(s.user, after, text(l))
		default:
			return n, impossible("a record of kind %d in a frame", kind)
		}
		if v.bad {
			return n, impossible("a record in a frame that is cut")
		}
		n++
	}
	return n, nil
}
