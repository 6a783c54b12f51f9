// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
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
