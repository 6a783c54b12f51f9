// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// A second program that writes and reads encrypted logs, made from the text of docs/encryption.md and
// nothing else: its own checksums, lengths and keys.

// textLog is a log that it writes.
type textLog struct {
	b        []byte
	s0, s1   uint32
	interval int // where in b the checksum interval begins
	dataKey  []byte
	aead     cipher.AEAD
	chain    []byte
	boxes    byte // how many it has made: its nonces count, so that the bytes are always the same
}

func (w *textLog) key(salt []byte) {
	key, err := hkdf.Key(sha256.New, w.dataKey, salt, "lsmlite/1 log", 32)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	if w.aead, err = cipher.NewGCM(block); err != nil {
		panic(err)
	}
}

func textLength(n int) []byte {
	switch {
	case n <= 240:
		return []byte{byte(n)}
	case n <= 2287:
		return []byte{byte((n-240)/256 + 241), byte((n - 240) % 256)}
	}
	return []byte{249, byte((n - 2288) / 256), byte((n - 2288) % 256)}
}

func (w *textLog) box(front, plain []byte) {
	nonce := append(make([]byte, 11), w.boxes)
	w.boxes++
	sealed := w.aead.Seal(nil, nonce, plain, append(bytes.Clone(w.chain), front...))
	content := append(append(bytes.Clone(front), nonce...), sealed...)
	w.b = append(append(append(w.b, 2), textLength(len(content))...), content...)
	w.chain = sealed[len(sealed)-16:]
}

func (w *textLog) keyFrame(salt []byte) {
	w.key(salt)
	w.box(append([]byte{0x4b}, salt...), nil)
}

func (w *textLog) data(plain string, flags byte) { w.box([]byte{0x44, flags}, []byte(plain)) }

func (w *textLog) decoy() { w.b = append(w.b, 8, 1, 0) }

func (w *textLog) commit() {
	w.b = append(w.b, 3)
	part := bytes.Clone(w.b[w.interval:])
	for len(part)%8 != 0 {
		part = append(part, 0)
	}
	for ; len(part) > 0; part = part[8:] {
		w.s0 += binary.LittleEndian.Uint32(part) + w.s1
		w.s1 += binary.LittleEndian.Uint32(part[4:]) + w.s0
	}
	w.b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(w.b, w.s0), w.s1)
	w.interval = len(w.b)
}

func textKeys(t testing.TB) (dataKey []byte, chain [16]byte, keys *crypt.Keys) {
	t.Helper()
	for i := range 32 {
		dataKey = append(dataKey, byte(i))
	}
	for i := range chain {
		chain[i] = byte(0xc0 + i)
	}
	keys, err := crypt.NewKeys(crypt.AESGCM, dataKey, crypt.FileID{1})
	if err != nil {
		t.Fatal(err)
	}
	return dataKey, chain, keys
}

// The bytes of a log by that program, and what is read of them.
func TestKnownLog(t *testing.T) {
	dataKey, chain, keys := textKeys(t)
	w := &textLog{s0: 1234, s1: 5678, dataKey: dataKey, chain: chain[:]}
	w.decoy()
	w.keyFrame([]byte("the first salt..")[:16])
	w.data("\x06\x01\x02a12\x06\x03", 0) // a record goes on in the next frame
	w.data("\x05keyvalue", 0)
	w.data("", 1)
	w.commit()
	w.decoy()
	w.data("\x08\x02ab\x0a\x01\x01xz", 1)
	w.commit()
	w.keyFrame([]byte("another salt.....")[:16])
	w.b = append(w.b, 1, 2, 3, '+', '+', '+')
	w.decoy()
	w.data("\x06\x00\x00", 1)
	w.commit()

	const want = "08010002" + "2d4b" + "7468652066697273742073616c742e2e"
	if got := hex.EncodeToString(w.b[:len(want)/2]); got != want {
		t.Errorf("it begins with %s, want %s", got, want)
	}
	sum := sha256.Sum256(w.b)
	if got := hex.EncodeToString(sum[:8]); len(w.b) != 325 || got != knownLogSum {
		t.Errorf("%d bytes with SHA-256 %s; want 325, %s", len(w.b), got, knownLogSum)
	}
	var got []string
	from := format.LogPos{Sum: format.EmptyLogSum, Chain: chain, Commits: 7}
	_, r, err := Recover(&memFile{data: w.b, sector: 512}, from, keys, func(r format.LogRecord) error {
		got = append(got, fmt.Sprintf("%v %q %q", r.Op, r.Key, r.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `[write "a" "12" write "key" "value" delete "ab" "" delete range "x" "z" write "" ""]`; fmt.Sprint(got) != want {
		t.Errorf("read %v, want %v", got, want)
	}
	end := format.LogPos{
		Off: int64(len(w.b)), Toggle: true, Sum: format.Checksum{S0: w.s0, S1: w.s1},
		Salt: [16]byte([]byte("another salt....")), Chain: [16]byte(w.chain), Commits: 10,
	}
	if r.Commits != 3 || r.End != end {
		t.Errorf("%+v; want the end %+v", r, end)
	}
}

const knownLogSum = "036445a1f112fdd7"

// What the log writes is read by that program: opened frame by frame, it is the records.
func TestWrittenLogByTheText(t *testing.T) {
	dataKey, chain, keys := textKeys(t)
	f := newFile()
	from := format.LogPos{Sum: format.EmptyLogSum, Chain: chain}
	var want []byte
	for session := range 2 {
		l, _, err := Recover(f, from, keys, ignore)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			l.Begin()
			for j := range i + 1 {
				value := randomBytes()[:[]int{0, 300, 70000}[j]]
				r := format.LogRecord{Op: format.LogWrite, Key: []byte{byte(session), byte(i), byte(j)}, Value: value}
				if err := l.Append(r); err != nil {
					t.Fatal(err)
				}
				want = append(append(append(append(append(want, 6), 3), textLength(len(value))...), r.Key...), value...)
				if len(value) == 70000 {
					want = append(want[:len(want)-70003-3], append([]byte{250, 1, 0x11, 0x70}, want[len(want)-70003:]...)...)
				}
			}
			if err := l.Commit(i == 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := &textLog{dataKey: dataKey, chain: chain[:]}
	var got []byte
	b, decoys, lastFlags := f.data, 0, byte(1)
	for len(b) > 0 {
		switch b[0] {
		case 1:
			b = b[1:]
		case 2:
			n, k := int(b[1]), 2
			if b[1] > 240 && b[1] < 249 {
				n, k = 240+256*(int(b[1])-241)+int(b[2]), 3
			} else if b[1] == 249 {
				n, k = 2288+256*int(b[2])+int(b[3]), 4
			}
			pad := b[k : k+n]
			b = b[k+n:]
			var front int
			switch pad[0] {
			case 0x4b:
				front = 17
				w.key(pad[1:17])
			case 0x44:
				front = 2
				lastFlags = pad[1]
			default:
				continue
			}
			plain, err := w.aead.Open(nil, pad[front:front+12], pad[front+12:], append(bytes.Clone(w.chain), pad[:front]...))
			if err != nil {
				t.Fatalf("%d bytes before the end: %v", len(b), err)
			}
			w.chain = pad[len(pad)-16:]
			got = append(got, plain...)
			if len(plain) > 65536 {
				t.Errorf("a frame of %d bytes", len(plain))
			}
		case 3:
			if lastFlags != 1 {
				t.Error("a commit without a last frame")
			}
			lastFlags = 0
			b = b[9:]
		case 8:
			if b[1] != 1 || b[2] != 0 {
				t.Fatal("a delete that is no decoy")
			}
			decoys++
			b = b[3:]
		case 9:
			decoys++
			b = b[11:]
		default:
			t.Fatalf("record %d", b[0])
		}
	}
	if !bytes.Equal(got, want) || decoys != 6 {
		t.Errorf("%d bytes of records, want %d; %d decoys", len(got), len(want), decoys)
	}
}
