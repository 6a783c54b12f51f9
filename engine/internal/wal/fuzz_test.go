// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// FuzzRecover reads any bytes as a log, writes a transaction behind what it found, and
// finds that again.
func FuzzRecover(f *testing.F) {
	f.Add([]byte{}, uint64(0), uint32(1234), uint32(5678), false)
	s := &stream{data: map[int64]byte{}, off: 200, sum: format.EmptyLogSum}
	for _, to := range []int64{0, 300, 310} {
		s.put("a")
		s.put("bcd")
		s.jump(to)
	}
	jumps := make([]byte, 350)
	for off, b := range s.data {
		jumps[off] = b
	}
	f.Add(jumps, uint64(400), uint32(1234), uint32(5678), true)
	f.Add(jumps, uint64(0), uint32(1234), uint32(5678), true)
	small := newFile()
	l, _, _ := mustRecover(f, small, emptyPos)
	for i := range 3 {
		put(f, l, "k", i)
	}
	f.Add(small.data, uint64(0), uint32(1234), uint32(5678), true)
	f.Add(small.data, uint64(14<<1), uint32(1234), uint32(5678), false)
	f.Add([]byte("\x04\x00"), uint64(0), uint32(0), uint32(0), false)
	f.Add([]byte("\x06\xfd\x01\x00\x00\x00\x00\x00\x01"), uint64(0), uint32(0), uint32(0), false)

	f.Fuzz(func(t *testing.T, data []byte, raw uint64, s0, s1 uint32, padded bool) {
		from := logPos(raw, s0, s1)
		// A fuzzer cannot guess checksums; make those right that the bytes lead to.
		data = withChecksums(data, from)
		file := &memFile{data: data, sector: 512}
		var first []string
		total := 0
		l, r, err := Recover(file, from, nil, func(r format.LogRecord) error {
			if err := load(&r); err != nil {
				return err
			}
			first = append(first, renderRecord(r))
			total += len(r.Key) + len(r.Value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(first)) != r.Records || total > len(data) || r.End.Off > int64(len(data)) || r.Commits > len(data)/9 {
			t.Fatalf("%d records of %d bytes from %d bytes: %+v", len(first), total, len(data), r)
		}
		var second []string
		collect := func(r format.LogRecord) error {
			if err := load(&r); err != nil {
				return err
			}
			second = append(second, renderRecord(r))
			return nil
		}
		if _, again, err := recoverLog(file, from, how{}, collect); err != nil || again != r {
			t.Fatalf("read piece by piece: %+v, %v, before: %+v", again, err, r)
		}
		if len(first) != len(second) {
			t.Fatalf("%d records, and %d when read piece by piece", len(first), len(second))
		}

		l.BeginAfter(from)
		err = l.Append(format.LogRecord{Op: format.LogWrite, Key: []byte("key"), Value: bytes.Repeat([]byte("v"), 700)})
		if err == nil {
			err = l.Commit(padded)
		}
		if err != nil {
			if !errors.Is(err, errs.ErrFull) {
				t.Fatal(err)
			}
			return
		}
		_, again, err := Recover(file, from, nil, ignore)
		if err != nil || again.Commits != r.Commits+1 || again.End.Off != l.End().Off {
			t.Fatalf("one more commit: %+v, %v, before: %+v", again, err, r)
		}
	})
}

// FuzzTail reads any bytes as a log, and wants a Tail to find what recovery does; and where the bytes are those of
// no log, or the place to read up to is any, an answer.
func FuzzTail(f *testing.F) {
	s := &stream{data: map[int64]byte{}, off: 200, sum: format.EmptyLogSum}
	for _, to := range []int64{0, 300, 310} {
		s.put("a")
		s.put("bcd")
		s.jump(to)
	}
	jumps := make([]byte, 350)
	for off, b := range s.data {
		jumps[off] = b
	}
	f.Add(jumps, uint64(400), uint32(1234), uint32(5678), int64(0), int64(20))
	f.Add([]byte("\x06\x01\x01ab\x03........\x06\x01\x00a\x03........"), uint64(0), uint32(1), uint32(2), int64(14), int64(14))
	f.Fuzz(func(t *testing.T, data []byte, raw uint64, s0, s1 uint32, to, stream int64) {
		from := logPos(raw, s0, s1)
		file := &memFile{data: withChecksums(data, from), sector: 512}
		sameAsRecovery(t, file, from)
		tail := newTail(file, Place{LogPos: from}, nil, 10)
		for range data {
			more, err := tail.Next(Place{LogPos: format.LogPos{Off: to, Sum: from.Sum}, Stream: stream})
			if err != nil && !errors.Is(err, ErrNotThere) {
				t.Fatal(err)
			}
			if !more {
				break
			}
			err = tail.Records(func(r format.LogRecord) error { return load(&r) })
			if err != nil && !errors.Is(err, errs.ErrTooBig) {
				t.Fatal(err)
			}
		}
	})
}

// withChecksums returns a copy of data in which the checksums of the log that starts at
// from are right.
func withChecksums(data []byte, from format.LogPos) []byte {
	data = append([]byte(nil), data...)
	sum := format.StartLogSum(from.Sum)
	off := uint64(from.Off)
	for range 1000 {
		if off >= uint64(len(data)) {
			break
		}
		h, n := format.DecodeLogHeader(data[off:])
		if n == 0 || h.Kind == format.LogEnd {
			break
		}
		sum.Add(data[off : off+uint64(n)])
		off += uint64(n)
		if h.Summed || h.Kind == format.LogCommit {
			if off+format.LogChecksumLen > uint64(len(data)) {
				break
			}
			copy(data[off:], format.AppendLogChecksum(nil, sum.End()))
			off += format.LogChecksumLen
		}
		if h.Kind == format.LogJump {
			off = h.N1
			continue
		}
		left := uint64(len(data)) - off
		if h.N1 > left || h.N2 > left-h.N1 {
			break
		}
		sum.Add(data[off : off+h.N1+h.N2])
		off += h.N1 + h.N2
	}
	return data
}

// logPos is the position that a checkpoint stores as these numbers.
func logPos(raw uint64, s0, s1 uint32) format.LogPos {
	return format.LogPos{Off: int64(raw >> 1), Toggle: raw&1 != 0, Sum: format.Checksum{S0: s0, S1: s1}}
}

// FuzzRecoverEncrypted reads logs that were written under the right key, of frames with any content, between
// records of any kind: whatever they hold, reading ends with the commits before something that is wrong,
// and says so.
func FuzzRecoverEncrypted(f *testing.F) {
	f.Add([]byte("\x01\x06\x01\x01ab\x02\x00\x08\x01\x00\x03"), uint8(0))
	f.Add([]byte("\x01\x05\x06\x01\x03ab\x02\x02bc\x03\x00\x02\x04\x08\x02xy\x03"), uint8(3))
	f.Add([]byte("\x01\x02\x06\x01\x02\x03\x06\xff\x01\x03\x00\x04\x06\x01\x00a\x03"), uint8(1))
	keys := newKeys(f)
	f.Fuzz(func(t *testing.T, script []byte, keep uint8) {
		from := format.LogPos{Sum: format.EmptyLogSum, Chain: [16]byte{1}}
		data := scriptedLog(t, keys, from.Chain, script)
		data = withChecksums(data, from)
		read := func(keep int) (string, Recovered, error) {
			var got strings.Builder
			_, r, err := recoverLog(&memFile{data: data, sector: 512}, from, how{keys: keys, keep: keep}, func(r format.LogRecord) error {
				if err := load(&r); err != nil {
					return err
				}
				got.WriteString(renderRecord(r))
				return nil
			})
			return got.String(), r, err
		}
		got, r, err := read(keepBytes)
		if err != nil && !errors.Is(err, errs.ErrTampered) {
			t.Fatal(err)
		}
		if again, r2, err2 := read(int(keep)); again != got || r2 != r || (err2 == nil) != (err == nil) {
			t.Fatalf("read piece by piece: %q, %+v, %v; before: %q, %+v, %v", again, r2, err2, got, r, err)
		}
		if err != nil {
			return
		}
		file := &memFile{data: data, sector: 512}
		l, _, err := Recover(file, from, keys, ignore)
		if err != nil {
			t.Fatal(err)
		}
		put(t, l, "one more", 100)
		if _, again, err := Recover(file, from, keys, ignore); err != nil || again.Commits != r.Commits+1 {
			t.Fatalf("one more commit: %+v, %v, before: %+v", again, err, r)
		}
	})
}

// scriptedLog makes a log of a script: 0 and 1, with a length and so many bytes, are data frames, the latter the
// last of a transaction; 2 begins a new key; 3 is a commit; any other byte is in no frame.
func scriptedLog(t *testing.T, keys *crypt.Keys, chain crypt.Chain, script []byte) (b []byte) {
	t.Helper()
	var box *crypt.Box
	newKey := func() {
		salt := crypt.NewSalt()
		var err error
		if box, err = keys.Log(salt); err == nil {
			b, chain, err = box.SealKeyFrame(format.AppendLogKeyFrame(b, salt), chain, salt)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	newKey()
	for len(script) > 0 {
		what := script[0]
		script = script[1:]
		switch {
		case what <= 1 && len(script) > 0:
			n := min(int(script[0]), len(script)-1)
			var err error
			if b, chain, err = box.SealDataFrame(format.AppendLogDataFrame(b, n, what), script[1:1+n], chain, what); err != nil {
				t.Fatal(err)
			}
			script = script[1+n:]
		case what == 2:
			newKey()
		case what == 3:
			b = append(format.AppendLogCommit(b), make([]byte, format.LogChecksumLen)...)
		default:
			b = append(b, what)
		}
	}
	return b
}
