// SPDX-License-Identifier: Apache-2.0

package secondreader_test

import (
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// A small writer of encrypted files, for files that no engine writes: everything it makes is made on purpose.

const (
	blockSize = 1 << 16
	pageSize  = 256
)

var be = binary.BigEndian

type cell struct {
	kind       byte
	key, value string
}

type made struct {
	t          *testing.T
	suite      uint16
	codec      uint32
	kek        []byte
	passphrase []byte
	remote     []byte // the wrapped key of an external slot
	dek        []byte
	fileID     [16]byte
	segments   [][]cell // newest first
	log        [][]cell // transactions, with the kinds of the log's records
	rounds     int      // bytes of a data frame; 0 for all that may be

	// What a test may change.
	page   func(n int, number, previous *uint64, last *byte) // before page n is sealed
	pages  func(records [][]byte) [][]byte                   // of a segment, before they are put in place
	frames func(frames [][]byte) [][]byte                    // of each transaction

	file    []byte
	logFile []byte
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func (m *made) derive(secret, salt []byte, info string, n int) []byte {
	k, err := hkdf.Key(sha256.New, secret, salt, info, n)
	if err != nil {
		m.t.Fatal(err)
	}
	return k
}

func (m *made) seal(key, clear, data []byte) []byte {
	var a cipher.AEAD
	if m.suite == 2 {
		a, _ = chacha20poly1305.New(key)
	} else {
		b, err := aes.NewCipher(key)
		if err != nil {
			m.t.Fatal(err)
		}
		a, _ = cipher.NewGCM(b)
	}
	nonce := random(12)
	return a.Seal(nonce, nonce, clear, data)
}

// leaves cuts records, which must be short, into leaf pages, and gives each the sum that fits seal.
func leaves(cells []cell) (pages [][]byte) {
	var body []byte
	var offsets []int
	flush := func() {
		if len(offsets) == 0 {
			return
		}
		p := make([]byte, pageSize)
		copy(p, body)
		for i, o := range offsets {
			be.PutUint16(p[pageSize-14-2*i:], uint16(o))
		}
		be.PutUint16(p[pageSize-2:], uint16(len(offsets)))
		pages = append(pages, p)
		body, offsets = nil, nil
	}
	for _, c := range cells {
		r := []byte{c.kind, 0, byte(len(c.key))}
		if c.kind&8 != 0 {
			r = append(r, byte(len(c.value)))
		}
		r = append(append(r, c.key...), c.value...)
		if len(body)+len(r) > pageSize-12-2*(len(offsets)+1) {
			flush()
		}
		offsets = append(offsets, len(body))
		body = append(body, r...)
	}
	flush()
	return pages
}

// write makes the bytes of file and log.
func (m *made) write() {
	if m.fileID == [16]byte{} {
		m.fileID = [16]byte(random(16))
		m.dek = random(32)
	}
	var salts [][]byte
	var levels []byte
	m.file = make([]byte, 8192)
	block := int64(0)
	for _, s := range m.segments {
		salt := random(16)
		salts = append(salts, salt)
		block++
		first, last, size := m.segment(s, salt, &block)
		levels = be.AppendUint32(levels, 0)
		levels = be.AppendUint32(levels, 0)
		for _, v := range []int64{first, last, 0, size} {
			levels = be.AppendUint64(levels, uint64(v))
		}
	}
	logSalt, chain := random(16), random(16)
	w := be.AppendUint64(nil, 12)
	w = append(w, 0, 0, 0, 0)
	w = be.AppendUint32(w, 11100)
	w = be.AppendUint32(w, uint32(block))
	w = be.AppendUint32(w, blockSize)
	w = be.AppendUint32(w, uint32(len(m.segments)))
	w = be.AppendUint32(w, pageSize)
	w = be.AppendUint32(w, 1)
	w = be.AppendUint64(w, 0) // the log's position
	w = be.AppendUint32(w, 1234)
	w = be.AppendUint32(w, 5678)
	w = append(w, make([]byte, 32)...)
	w = append(w, levels...)
	w = append(w, make([]byte, 8)...)
	be.PutUint32(w[8:], uint32(len(w)/4+2))
	w = append(w, make([]byte, 8)...)
	sumWords(w)

	a := []byte("lsmcrypt")
	a = be.AppendUint16(a, 1)
	a = be.AppendUint16(a, m.suite)
	a = be.AppendUint32(a, m.codec)
	a = append(append(append(a, m.fileID[:]...), logSalt...), chain...)
	a = be.AppendUint64(a, 7)
	slots := m.slots()
	a = be.AppendUint16(a, uint16(len(salts)))
	a = be.AppendUint16(a, uint16(len(slots)))
	a = append(append(a, slices.Concat(salts...)...), slots...)
	h := hmac.New(sha256.New, m.derive(m.dek, m.fileID[:], "lsmlite/1 meta", 32))
	h.Write(w)
	h.Write(a)
	a = h.Sum(a)
	a = be.AppendUint32(a, crc32.Checksum(slices.Concat(w, a), crc32.MakeTable(crc32.Castagnoli)))
	for i := range 2 {
		copy(m.file[4096*i:], w)
		copy(m.file[4096*i+2048:], a)
	}
	m.writeLog(logSalt, chain)
}

func sumWords(w []byte) {
	n := len(w) / 4
	at := func(i int) uint32 { return be.Uint32(w[4*i:]) }
	c1, c2 := uint32(1), uint32(2)
	if n%2 == 1 {
		c1 += at(n-3) & 0xffff
		c2 += at(n-3) & 0xffff0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += c2 + at(i)
		c2 += c1 + at(i+1)
	}
	be.PutUint32(w[4*n-8:], c1)
	be.PutUint32(w[4*n-4:], c2)
}

func (m *made) slots() []byte {
	var out []byte
	one := func(kind byte, kek, salt, params []byte) {
		b := append([]byte{kind, 0}, 0, 0)
		b = append(b, m.derive(kek, nil, "lsmlite/1 id", 8)...)
		b = append(append(b, salt...), params...)
		be.PutUint16(b[2:], uint16(len(b)-4+60))
		wrap := m.derive(kek, salt, "lsmlite/1 wrap", 32)
		out = append(out, append(b, m.seal(wrap, m.dek, append(slices.Clone(m.fileID[:]), b...))...)...)
	}
	if m.passphrase != nil {
		salt := random(16)
		params := be.AppendUint32(be.AppendUint32(be.AppendUint32(nil, 1), 64), 2)
		one(2, argon2.IDKey(m.passphrase, salt, 1, 64, 2, 32), salt, params)
	}
	if m.remote != nil {
		b := append([]byte{3, 0, 0, 0, 0, 4}, "name"...)
		b = append(be.AppendUint16(b, uint16(len(m.remote))), m.remote...)
		be.PutUint16(b[2:], uint16(len(b)-4))
		out = append(out, b...)
	}
	if m.kek != nil {
		one(1, m.kek, random(16), nil)
	}
	return out
}

// segment puts one into blocks from *block on.
func (m *made) segment(cells []cell, salt []byte, block *int64) (first, last, size int64) {
	key := m.derive(m.dek, salt, "lsmlite/1 segment", 32)
	firstOf := func(b int64) int64 {
		if b == 1 {
			return 8196
		}
		return (b-1)*blockSize + 4
	}
	at := firstOf(*block)
	room := func() int64 { return *block*blockSize - 4 - at }
	put := func(b []byte) {
		for len(b) > 0 {
			n := min(int64(len(b)), room())
			if grow := at + n + 4 - int64(len(m.file)); grow > 0 {
				m.file = append(m.file, make([]byte, grow)...)
			}
			copy(m.file[at:], b[:n])
			last, at, b = at+n-1, at+n, b[n:]
			if room() == 0 {
				be.PutUint32(m.file[at:], uint32(*block+1))
				*block++
				at = firstOf(*block)
			}
		}
	}
	first = at
	var records [][]byte
	var previous uint64
	pages := leaves(cells)
	place := at
	for i, p := range pages {
		image := p
		if m.codec == 10002 {
			var b bytes.Buffer
			z := zlib.NewWriter(&b)
			z.Write(p)
			z.Close()
			image = b.Bytes()
		}
		number, prev, flag := uint64(place), previous, byte(0)
		if i == len(pages)-1 {
			flag = 1
		}
		if m.page != nil {
			m.page(i, &number, &prev, &flag)
		}
		body := append(be.AppendUint64(slices.Clone(image), prev), flag)
		body = m.seal(key, body, be.AppendUint64(nil, number))
		n := len(body)
		field := []byte{0x80 | byte(n>>14), 0x80 | byte(n>>7&0x7f), 0x80 | byte(n&0x7f)}
		r := slices.Concat(field, body, field)
		records = append(records, r)
		previous = uint64(place)
		place = m.after(place, int64(len(r)), *block, firstOf)
	}
	if m.pages != nil {
		records = m.pages(records)
	}
	for i, r := range records {
		put(r)
		if i == 0 {
			put([]byte{1}[:0])
		}
	}
	pad := 512 - (last+1)%512
	switch {
	case pad == 512:
	case pad < 6:
		p := make([]byte, pad)
		p[0], p[pad-1] = byte(pad), byte(pad)
		put(p)
	default:
		n := pad - 6
		field := []byte{0x80 | byte(n>>14), byte(n >> 7 & 0x7f), 0x80 | byte(n&0x7f)}
		put(slices.Concat(field, make([]byte, n), field))
	}
	return first, last, last - first + 1
}

// after is where the record comes that follows one of n bytes at place.
func (m *made) after(place, n, block int64, firstOf func(int64) int64) int64 {
	for b := place/blockSize + 1; ; b++ {
		if end := b*blockSize - 4; place+n < end {
			return place + n
		} else {
			n -= end - place
			place = firstOf(b + 1)
		}
	}
}

// writeLog makes the log, with a head, a key frame in the first transaction, and sector padding after each.
func (m *made) writeLog(salt, chain []byte) {
	s0, s1 := uint32(1234), uint32(5678)
	var interval []byte
	put := func(b ...byte) { m.logFile, interval = append(m.logFile, b...), append(interval, b...) }
	sum := func() {
		for len(interval) > 0 {
			var p [8]byte
			interval = interval[copy(p[:], interval):]
			s0 += binary.LittleEndian.Uint32(p[:]) + s1
			s1 += binary.LittleEndian.Uint32(p[4:]) + s0
		}
		m.logFile = be.AppendUint32(be.AppendUint32(m.logFile, s0), s1)
	}
	varint := func(n int) []byte {
		switch {
		case n <= 240:
			return []byte{byte(n)}
		case n <= 2287:
			return []byte{byte(241 + (n-240)/256), byte((n - 240) % 256)}
		case n <= 67823:
			return []byte{249, byte((n - 2288) >> 8), byte(n - 2288)}
		}
		return []byte{250, byte(n >> 16), byte(n >> 8), byte(n)}
	}
	key := m.derive(m.dek, salt, "lsmlite/1 log", 32)
	m.logFile = nil
	put(slices.Concat([]byte{2, 45}, []byte("lsmlhead"), random(37))...)
	for i, tx := range m.log {
		put(8, 1, 0)
		var frames [][]byte
		if i == 0 {
			s := random(16)
			key = m.derive(m.dek, s, "lsmlite/1 log", 32)
			box := m.seal(key, nil, slices.Concat(chain, []byte{0x4b}, s))
			chain = box[len(box)-16:]
			frames = append(frames, slices.Concat([]byte{0x4b}, s, box))
		}
		var clear []byte
		for _, c := range tx {
			clear = append(append(clear, c.kind), varint(len(c.key))...)
			if c.kind != 8 {
				clear = append(clear, varint(len(c.value))...)
			}
			clear = append(append(clear, c.key...), c.value...)
		}
		for first := true; first || len(clear) > 0; first = false {
			n := min(len(clear), 64<<10)
			if m.rounds > 0 {
				n = min(n, m.rounds)
			}
			flags := byte(0)
			if n == len(clear) {
				flags = 1
			}
			box := m.seal(key, clear[:n], slices.Concat(chain, []byte{0x44, flags}))
			chain, clear = box[len(box)-16:], clear[n:]
			frames = append(frames, slices.Concat([]byte{0x44, flags}, box))
		}
		if m.frames != nil {
			frames = m.frames(frames)
		}
		for _, f := range frames {
			put(slices.Concat([]byte{2}, varint(len(f)), f)...)
		}
		if i%2 == 0 {
			put(slices.Concat([]byte{2, 50}, bytes.Repeat([]byte{0x2b}, 50))...)
		}
		put(3)
		sum()
	}
}
