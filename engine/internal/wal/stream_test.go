// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// checkStream walks a log from a position to its end by the definition of the format,
// and wants every rule kept that holds for writers: checksums where they are due and
// right, jumps aligned, in the file, and at most two.
func checkStream(t testing.TB, data []byte, from format.LogPos, end int64) {
	t.Helper()
	fail := func(off int, format string, args ...any) {
		t.Helper()
		t.Fatalf("log at %d: %s", off, fmt.Sprintf(format, args...))
	}
	sum := from.Sum
	var interval []byte
	due := false // a checksum is due in the next record
	jumps := 0
	for off := int(from.Off); off != int(end); {
		h, n := format.DecodeLogHeader(data[off:])
		if n == 0 || h.Kind == format.LogEnd {
			fail(off, "ends before %d", end)
		}
		interval = append(interval, data[off:off+n]...)
		off += n
		if h.Summed || h.Kind == format.LogCommit {
			for len(interval)%8 != 0 {
				interval = append(interval, 0)
			}
			for p := interval; len(p) > 0; p = p[8:] {
				sum.S0 += binary.LittleEndian.Uint32(p) + sum.S1
				sum.S1 += binary.LittleEndian.Uint32(p[4:]) + sum.S0
			}
			if stored := format.LogChecksum(data[off:]); stored != sum {
				fail(off, "checksum %v, want %v", stored, sum)
			}
			off += format.LogChecksumLen
			interval = interval[:0]
			due = false
		}
		switch h.Kind {
		case format.LogJump:
			jumps++
			due = true
			if len(interval)%8 != 0 || jumps > 2 || h.N1 > uint64(len(data)) || h.N1 >= format.LogMaxJump {
				fail(off, "jump %d to %d, %d bytes into the interval", jumps, h.N1, len(interval))
			}
			off = int(h.N1)
		case format.LogPad:
			interval = append(interval, data[off:off+int(h.N1)]...)
			off += int(h.N1)
		case format.LogOperation:
			body := int(h.N1 + h.N2)
			if !h.Summed && (due || len(interval)+body > format.LogMaxUnsummed) {
				fail(off, "no checksum after a jump (%v) or before %d bytes, %d into the interval", due, body, len(interval))
			}
			interval = append(interval, data[off:off+body]...)
			off += body
		}
	}
}

// stream builds a log by hand, of any shape.
type stream struct {
	data     map[int64]byte
	off      int64
	sum      format.Checksum
	interval []byte
}

func (s *stream) add(b []byte) {
	for _, c := range b {
		s.data[s.off] = c
		s.off++
	}
	s.interval = append(s.interval, b...)
}

func (s *stream) put(key string) {
	r := format.LogRecord{Op: format.LogWrite, Key: []byte(key)}
	s.add(format.AppendLogHeader(nil, &r, false))
	s.add(r.Key)
	s.commit()
}

func (s *stream) commit() {
	s.add(format.AppendLogCommit(nil))
	sum := format.StartLogSum(s.sum)
	sum.Add(s.interval)
	s.sum = sum.End()
	s.add(format.AppendLogChecksum(nil, s.sum))
	s.interval = nil
}

func (s *stream) jump(to int64) {
	s.add(format.AppendLogJump(nil, to))
	s.off = to
}

// file returns the log as a file of the given size, which is mostly a hole.
func (s *stream) file(size int64) *sparseFile {
	return &sparseFile{data: maps.Clone(s.data), size: size}
}

type sparseFile struct {
	data map[int64]byte
	size int64
}

func (f *sparseFile) Size() (int64, error) { return f.size, nil }
func (f *sparseFile) SectorSize() int      { return 512 }
func (f *sparseFile) Truncate(int64) error { return nil }
func (f *sparseFile) Sync() error          { return nil }
func (f *sparseFile) Close() error         { return nil }

func (f *sparseFile) ReadAt(b []byte, off int64) (int, error) {
	for i := range b {
		if off+int64(i) >= f.size {
			return i, io.EOF
		}
		b[i] = f.data[off+int64(i)]
	}
	return len(b), nil
}

func (f *sparseFile) WriteAt(b []byte, off int64) (int, error) {
	for i, c := range b {
		f.data[off+int64(i)] = c
	}
	f.size = max(f.size, off+int64(len(b)))
	return len(b), nil
}

func TestStreamsOfAnyShape(t *testing.T) {
	for _, c := range []struct {
		name    string
		from    int64
		build   func(s *stream)
		commits int
		regions [3]Region
	}{
		{"jump behind", 0, func(s *stream) { s.put("a"); s.jump(100); s.put("b") }, 2,
			[3]Region{1: {0, 15}, 2: {100, 113}}},
		{"jump before", 200, func(s *stream) { s.put("a"); s.jump(0); s.put("b") }, 2,
			[3]Region{0: {200, 215}, 2: {0, 13}}},
		{"two jumps", 200, func(s *stream) { s.put("a"); s.jump(0); s.put("b"); s.jump(512); s.put("c") }, 3,
			[3]Region{0: {200, 215}, 1: {0, 16}, 2: {512, 525}}},
		{"jump behind from elsewhere than the start", 50, func(s *stream) { s.put("a"); s.jump(100); s.put("b") }, 2,
			[3]Region{0: {50, 65}, 2: {100, 113}}},
		{"jump without a commit behind it", 200, func(s *stream) { s.put("a"); s.jump(0); s.add([]byte{6, 1, 0, 'b'}) }, 1,
			[3]Region{2: {200, 213}}},
		{"third jump", 200, func(s *stream) {
			s.put("a")
			s.jump(0)
			s.put("b")
			s.jump(512)
			s.put("c")
			s.jump(600)
			s.put("d")
		}, 3, [3]Region{0: {200, 215}, 1: {0, 16}, 2: {512, 525}}},
		{"jump to itself", 20, func(s *stream) { s.put("a"); s.jump(s.off) }, 1, [3]Region{2: {20, 33}}},
		{"jump to the start of what was read", 20, func(s *stream) { s.put("a"); s.jump(20) }, 1, [3]Region{2: {20, 33}}},
		{"jump into the middle of what was read", 20, func(s *stream) { s.put("a"); s.jump(25) }, 1, [3]Region{2: {20, 33}}},
		{"jump back from the second extent", 200, func(s *stream) { s.put("a"); s.jump(0); s.put("b"); s.jump(200) }, 2,
			[3]Region{0: {200, 215}, 2: {0, 13}}},
		{"jump out of the file", 0, func(s *stream) { s.put("a"); s.jump(5000) }, 1, [3]Region{2: {0, 13}}},
		{"record across what was read before", 40, func(s *stream) {
			s.put("a")
			s.jump(20)
			s.add([]byte{6, 60, 0})
			for range 60 {
				s.add([]byte{s.data[s.off]})
			}
			s.commit() // everything is right, but for where it stands
		}, 1, [3]Region{2: {40, 53}}},
		{"unknown record", 0, func(s *stream) { s.put("a"); s.add([]byte{5}); s.put("b") }, 1, [3]Region{2: {0, 13}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &stream{data: map[int64]byte{}, off: c.from, sum: format.Checksum{S0: 5, S1: 6}}
			from := format.LogPos{Off: c.from, Sum: s.sum}
			c.build(s)
			for _, keep := range []int{0, keepBytes} {
				f := s.file(4096)
				l, r, err := recoverLog(f, from, how{keep: keep}, ignore)
				if err != nil {
					t.Fatal(err)
				}
				if r.Commits != c.commits || r.Regions != c.regions {
					t.Fatalf("%d commits in %v, want %d in %v", r.Commits, r.Regions, c.commits, c.regions)
				}
				l.BeginAfter(from)
				mustAppend(t, l, "more", 3)
				if err := l.Commit(false); err != nil {
					t.Fatal(err)
				}
				if _, r, err = recoverLog(f, from, how{keep: keep}, ignore); err != nil || r.Commits != c.commits+1 {
					t.Fatalf("after one more commit %+v, error %v", r, err)
				}
			}
		})
	}
}

func TestJumpTargets(t *testing.T) {
	for _, c := range []struct {
		target uint64
		want   bool
	}{
		{0, true}, {99, true}, {100, false}, {150, false}, {199, false}, {200, true},
		{300, false}, {349, false}, {350, false}, {351, true}, {1000, true}, {1001, false}, {1 << 63, false},
	} {
		s := scanner{size: 1000, buf: make([]byte, 100)}
		s.at = place{extents: [3]Region{{100, 200}, {300, 0}}, numExtents: 2}
		s.off = 351 // the jump ends there
		if got := s.jump(c.target); got != c.want {
			t.Errorf("jump from [300,351) behind [100,200) to %d: %v", c.target, got)
		}
	}
}

// A layout that no writer makes: region 2 is caught between the other two. It takes what
// fits, and then says so.
func TestNoRoomUntilACheckpoint(t *testing.T) {
	s := &stream{data: map[int64]byte{}, off: 3000, sum: format.EmptyLogSum}
	from := format.LogPos{Off: 3000, Sum: s.sum}
	s.put("a")
	s.jump(0)
	s.put("b")
	s.jump(512)
	s.put("c")
	f := s.file(4096)
	l, _, got := mustRecover(t, f, from)
	if len(got) != 3 {
		t.Fatalf("recovered %v", got)
	}
	put(t, l, "d", 1000)
	before := l.Regions()
	for _, padded := range []bool{false, true} {
		l.BeginAfter(from)
		mustAppend(t, l, "e", 300)
		if err := l.Append(format.LogRecord{Op: format.LogWrite, Value: randomBytes()[:600]}); !errors.Is(err, errs.ErrFull) {
			t.Fatalf("append: %v", err)
		}
		if padded {
			mustAppend(t, l, "e", 150)
			if err := l.Commit(true); !errors.Is(err, errs.ErrFull) {
				t.Fatalf("commit: %v", err)
			}
		} else {
			l.Rollback()
		}
		if l.Regions() != before {
			t.Fatalf("regions %v, before they were %v", l.Regions(), before)
		}
	}
	put(t, l, "f", 10)
	if _, r, _ := mustRecover(t, f, from); r.Commits != 5 {
		t.Fatalf("%+v", r)
	}
	l.BeginAfter(l.End())
	put(t, l, "g", 10000)
}

func TestNothingJumpsPastTwoGiB(t *testing.T) {
	for _, c := range []struct {
		name  string
		off   int64
		wraps bool
	}{
		{"well below", 1 << 30, true},
		{"just below", format.LogMaxJump - 4000, true},
		{"just above", format.LogMaxJump - 600, false},
		{"well above", 1 << 33, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &stream{data: map[int64]byte{}, off: c.off, sum: format.EmptyLogSum}
			from := format.LogPos{Off: c.off, Sum: s.sum}
			s.put("a")
			f := s.file(s.off)
			l, r, _ := mustRecover(t, f, from)
			if r.Commits != 1 {
				t.Fatalf("%+v", r)
			}
			ckpt := l.End()
			l.BeginAfter(ckpt)
			mustAppend(t, l, "b", 10)
			if err := l.Commit(true); err != nil {
				t.Fatal(err)
			}
			if wrapped := l.Regions()[2].Start == 0; wrapped != c.wraps {
				t.Fatalf("regions %v", l.Regions())
			}
			if _, r, _ := mustRecover(t, f, ckpt); r.Commits != 1 || r.Regions != l.Regions() {
				t.Fatalf("recovered %+v, live regions %v", r, l.Regions())
			}
		})
	}

	// C lsm1 wraps such a log. Where region 0 ends, only it would jump over it.
	s := &stream{data: map[int64]byte{}, off: 1 << 31, sum: format.EmptyLogSum}
	from := format.LogPos{Off: s.off, Sum: s.sum}
	s.put("a")
	s.jump(1<<31 - 4096)
	s.put("b")
	l, r, _ := mustRecover(t, s.file(1<<31+100), from)
	if r.Commits != 2 {
		t.Fatalf("%+v", r)
	}
	l.BeginAfter(from)
	if err := l.Append(format.LogRecord{Op: format.LogWrite, Value: randomBytes()[:5000]}); !errors.Is(err, errs.ErrFull) {
		t.Fatalf("append: %v", err)
	}
}

func TestMandatoryChecksums(t *testing.T) {
	for _, size := range []int{0, 1, 100, 1000, 8000, 16370, 32700, 32740, 32750, 32753, 32754, 32755, 32756, 32757, 32768, 40000, 2 * maxBuffer} {
		f := newFile()
		l, _, _ := mustRecover(t, f, emptyPos)
		n := 3 + 100000/(size+20)
		for i := range n {
			r := format.LogRecord{Op: []format.LogOp{format.LogWrite, format.LogDeleteRange, format.LogDelete}[i%3],
				Key: []byte{'k', byte(i)}, Value: randomBytes()[:size]}
			if r.Op == format.LogDelete {
				r.Key, r.Value = r.Value, nil
			}
			if err := l.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
		checkStream(t, f.data, emptyPos, l.End().Off)
		if _, r, _ := mustRecover(t, f, emptyPos); r.Records != int64(n) {
			t.Fatalf("%d records of %d bytes: %+v", n, size, r)
		}
	}
}
