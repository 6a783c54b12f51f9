// SPDX-License-Identifier: Apache-2.0

package format

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// slowLogSum is the definition: the whole interval, filled up with zero bytes, word by
// word.
func slowLogSum(c Checksum, interval []byte) Checksum {
	p := append([]byte(nil), interval...)
	for len(p)%8 != 0 {
		p = append(p, 0)
	}
	for i := 0; i < len(p); i += 8 {
		c.S0 += binary.LittleEndian.Uint32(p[i:]) + c.S1
		c.S1 += binary.LittleEndian.Uint32(p[i+4:]) + c.S0
	}
	return c
}

func TestLogSumOfAnyPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := Checksum{rng.Uint32(), rng.Uint32()}
		b := make([]byte, rng.IntN(150))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		want := slowLogSum(c, b)
		s := StartLogSum(c)
		for rest := b; len(rest) > 0; {
			n := 1 + rng.IntN(min(len(rest), 1+rng.IntN(70)))
			s.Add(rest[:n])
			rest = rest[n:]
		}
		if got := s.End(); got != want {
			t.Fatalf("sum of %x from %v = %v, want %v", b, c, got, want)
		}
		// The next interval begins with a group of its own.
		s.Add(b)
		if got, want := s.End(), slowLogSum(want, b); got != want {
			t.Fatalf("second interval: %v, want %v", got, want)
		}
	}
}

func TestLogChecksumKnownValues(t *testing.T) {
	s := StartLogSum(EmptyLogSum)
	s.Add([]byte{0x06, 1, 1, 'a', '1', 0x03})
	if got, want := s.End(), (Checksum{0x61011c06, 0x61013565}); got != want {
		t.Fatalf("first commit has %x, want %x", got, want)
	}
	s.Add([]byte{0x06, 1, 2, 'b', '2', '2', 0x03})
	got := s.End()
	stored := AppendLogChecksum(nil, got)
	if want := []byte{0x24, 0x04, 0x52, 0x71, 0x85, 0x08, 0xba, 0x08}; !bytes.Equal(stored, want) {
		t.Fatalf("second commit has %x, want %x", stored, want)
	}
	if back := LogChecksum(stored); back != got {
		t.Fatalf("stored %x reads back as %x", got, back)
	}
}

func TestLogRecordForms(t *testing.T) {
	long := bytes.Repeat([]byte{'v'}, 300)
	for _, c := range []struct {
		name   string
		r      LogRecord
		summed bool
		want   []byte
	}{
		{"write", LogRecord{Op: LogWrite, Key: []byte("k"), Value: []byte("vv")}, false, []byte{0x06, 1, 2}},
		{"summed write", LogRecord{Op: LogWrite, Key: []byte("k"), Value: []byte("vv")}, true, []byte{0x07, 1, 2}},
		{"write of a long value", LogRecord{Op: LogWrite, Key: nil, Value: long}, false, []byte{0x06, 0, 241, 60}},
		{"delete without regard to a value", LogRecord{Op: LogDelete, Key: []byte("k"), Value: []byte("x")}, false, []byte{0x08, 1}},
		{"summed delete", LogRecord{Op: LogDelete, Key: []byte("k"), Value: nil}, true, []byte{0x09, 1}},
		{"range", LogRecord{Op: LogDeleteRange, Key: []byte("a"), Value: []byte("bb")}, false, []byte{0x0A, 1, 2}},
		{"summed range", LogRecord{Op: LogDeleteRange, Key: []byte("a"), Value: []byte("bb")}, true, []byte{0x0B, 1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := AppendLogHeader(nil, &c.r, c.summed)
			if !bytes.Equal(got, c.want) {
				t.Fatalf("header %x, want %x", got, c.want)
			}
			data := len(c.r.Key)
			if c.r.Op != LogDelete {
				data += len(c.r.Value)
			}
			if n := LogRecordLen(&c.r); n != len(got)+data {
				t.Errorf("LogRecordLen = %d, want %d", n, len(got)+data)
			}
			h, n := DecodeLogHeader(append(got, 0xEE))
			want := LogHeader{Kind: LogOperation, Op: c.r.Op, Summed: c.summed,
				N1: uint64(len(c.r.Key)), N2: uint64(data - len(c.r.Key))}
			if n != len(got) || h != want {
				t.Errorf("decoded %+v of %d bytes, want %+v", h, n, want)
			}
			for i := range got {
				if _, n := DecodeLogHeader(got[:i]); n != 0 {
					t.Errorf("%d bytes of a header decode", i)
				}
			}
		})
	}
}

func TestLogHeaderOtherKinds(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want LogHeader
		n    int
	}{
		{[]byte{0x00, 1}, LogHeader{Kind: LogEnd}, 1},
		{[]byte{0x01, 1}, LogHeader{Kind: LogPad}, 1},
		{[]byte{0x02, 200}, LogHeader{Kind: LogPad, N1: 200}, 2},
		{[]byte{0x02}, LogHeader{}, 0},
		{[]byte{0x03}, LogHeader{Kind: LogCommit}, 1},
		{[]byte{0x04, 0}, LogHeader{Kind: LogJump}, 2},
		{[]byte{0x04, 252, 1, 0, 0, 0, 0}, LogHeader{Kind: LogJump, N1: 1 << 32}, 7},
		{[]byte{0x04, 252, 1, 0, 0, 0}, LogHeader{}, 0},
		{[]byte{0x05, 0}, LogHeader{Kind: LogEnd}, 1},
		{[]byte{0x0C, 0}, LogHeader{Kind: LogEnd}, 1},
		{[]byte{0xFF}, LogHeader{Kind: LogEnd}, 1},
		{nil, LogHeader{}, 0},
	} {
		if h, n := DecodeLogHeader(c.in); h != c.want || n != c.n {
			t.Errorf("DecodeLogHeader(%x) = %+v, %d, want %+v, %d", c.in, h, n, c.want, c.n)
		}
	}
	if got, want := AppendLogWrap(nil), []byte{2, 4, 0, 0, 0, 0, 4, 0}; !bytes.Equal(got, want) {
		t.Errorf("wrap is %x, want %x", got, want)
	}
	for _, target := range []int64{0, 240, 241, 1 << 20, LogMaxJump - 1} {
		b := AppendLogJump(nil, target)
		h, n := DecodeLogHeader(b)
		if h.Kind != LogJump || h.N1 != uint64(target) || n != len(b) || n != LogJumpLen(target) || n+7 > LogJumpRoom {
			t.Errorf("jump to %d: %x reads as %+v, %d", target, b, h, n)
		}
	}
}

func TestLogPadOfEveryLength(t *testing.T) {
	for n := range 1100 {
		b := AppendLogPad(nil, n)
		if len(b) != n {
			t.Fatalf("pad of %d bytes has %d", n, len(b))
		}
		for len(b) > 0 {
			h, k := DecodeLogHeader(b)
			if k == 0 || h.Kind != LogPad || h.N1 > uint64(min(len(b)-k, 200)) {
				t.Fatalf("pad of %d bytes holds %+v before its last %d", n, h, len(b))
			}
			for _, c := range b[k : k+int(h.N1)] {
				if c != 0x2B {
					t.Fatalf("pad of %d bytes is filled with %x", n, c)
				}
			}
			b = b[k+int(h.N1):]
		}
	}
}

func TestLogPos(t *testing.T) {
	for _, raw := range []uint64{0, 1, 2, 411400, 1<<33 + 1, 1<<64 - 1} {
		p := makeLogPos(raw, 7, 9)
		if p.Off != int64(raw/2) || p.Off < 0 || p.Toggle != (raw%2 == 1) || p.Sum != (Checksum{7, 9}) || p.Raw() != raw {
			t.Errorf("makeLogPos(%d) = %+v, Raw %d", raw, p, p.Raw())
		}
	}
}

func FuzzLogHeader(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x02\xc8", "\x03", "\x04\xfc\x01\x00\x00\x00\x00", "\x06\x01\x01a1",
		"\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", "\x08\x01", "\x0b\x01\xf1\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n := DecodeLogHeader(b)
		if n > len(b) || n > LogMaxHeaderLen-LogChecksumLen {
			t.Fatalf("%d of %d bytes decoded", n, len(b))
		}
		if n == 0 {
			// Too short: more bytes have to give an answer.
			if _, n := DecodeLogHeader(append(b[:len(b):len(b)], make([]byte, LogMaxHeaderLen)...)); n == 0 {
				t.Fatalf("%x does not decode with more bytes behind it", b)
			}
			return
		}
		if h.Kind != LogOperation || h.N1 > 1<<16 || h.N2 > 1<<16 {
			return
		}
		r := LogRecord{Op: h.Op, Key: make([]byte, h.N1), Value: make([]byte, h.N2)}
		out := AppendLogHeader(nil, &r, h.Summed)
		if again, k := DecodeLogHeader(out); again != h || k != len(out) || k > n {
			t.Fatalf("%x reads as %+v, written again %x as %+v", b[:n], h, out, again)
		}
	})
}

func BenchmarkLogSum(b *testing.B) {
	buf := make([]byte, 4096)
	b.SetBytes(int64(len(buf)))
	c := EmptyLogSum
	for b.Loop() {
		c = c.update(buf)
	}
	if c == EmptyLogSum {
		b.Fatal("the sum does not change")
	}
}
