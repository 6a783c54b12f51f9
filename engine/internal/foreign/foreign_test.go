// SPDX-License-Identifier: Apache-2.0

package foreign_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
)

// at puts bytes after a number of others.
func at(n int, s string) []byte { return append(bytes.Repeat([]byte{3}, n), s...) }

// levelRecord makes a record as LevelDB's log has it.
func levelRecord(kind byte, payload string) []byte {
	b := append(make([]byte, 6), kind)
	b = append(b, payload...)
	n := len(payload)
	if kind >= 5 {
		n -= 4
	}
	binary.LittleEndian.PutUint16(b[4:], uint16(n))
	crc := crc32.Checksum(b[6:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(b, (crc>>15|crc<<17)+0xa282ead8)
	return b
}

func gzipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFilesAreNamed(t *testing.T) {
	bbolt := make([]byte, 64)
	binary.LittleEndian.PutUint32(bbolt[16:], 0xED0CDAED)
	bboltBig := make([]byte, 64)
	binary.BigEndian.PutUint32(bboltBig[16:], 0xED0CDAED)
	lmdb := make([]byte, 64)
	binary.LittleEndian.PutUint32(lmdb[16:], 0xBEEFC0DE)
	table := func(magic uint64) []byte {
		return binary.LittleEndian.AppendUint64(bytes.Repeat([]byte{0, 1, 2, 3}, 100), magic)
	}
	broken := levelRecord(1, "payload")
	broken[8] ^= 1
	noise := make([]byte, 8192)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for _, tt := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"SQLite", []byte("SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20"), "a SQLite database"},
		{"SQLite's log", []byte("\x37\x7f\x06\x82\x00\x2d\xe2\x18"), "the write-ahead log of a SQLite database"},
		{"SQLite's journal", []byte("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\x00"), "the rollback journal of a SQLite database"},
		{"bbolt", bbolt, "a bbolt database"},
		{"bbolt, big-endian", bboltBig, "a bbolt database"},
		{"LMDB", lmdb, "an LMDB database"},
		{"LMDB of 32 bits", at(12, "\xde\xc0\xef\xbe\x01\x00"), "an LMDB database"},
		{"Badger", []byte("Bdgr\x00\x00\x00\x08"), "the manifest of a Badger database"},
		{"DuckDB", at(8, "DUCK\x40"), "a DuckDB database"},
		{"Berkeley DB", at(12, "\x62\x31\x05\x00\x09"), "a Berkeley DB database"},
		{"LevelDB's log", levelRecord(1, "a batch of writes"), "a log or manifest of a LevelDB, RocksDB or Pebble database"},
		{"Pebble's log", levelRecord(5, "\x07\x00\x00\x00a batch of writes"), "a log or manifest of a LevelDB, RocksDB or Pebble database"},
		{"a broken log of LevelDB", broken, ""},
		{"LevelDB's table", table(0xdb4775248b80fb57), "a table of a LevelDB database"},
		{"RocksDB's table", table(0x88e241b785f4cff7), "a table of a RocksDB or Pebble database"},
		{"Pebble's table", table(0xb3aa9ff0b3aa9ff0), "a table of a Pebble database"},
		{"Redis", []byte("REDIS0011\xfa"), "a dump of Redis"},
		{"gzip", gzipped(t), "a gzip file"},
		{"zip", []byte("PK\x03\x04\x14\x00"), "a zip file"},
		{"empty zip", []byte("PK\x05\x06\x00\x00"), "a zip file"},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x04"), "a zstd file"},
		{"lz4", []byte("\x04\x22\x4d\x18\x64"), "an lz4 file"},
		{"snappy", []byte("\xff\x06\x00\x00sNaPpY\x00"), "a snappy file"},
		{"xz", []byte("\xfd7zXZ\x00\x00"), "an xz file"},
		{"7z", []byte("7z\xbc\xaf\x27\x1c\x00"), "a 7z file"},
		{"bzip2", []byte("BZh91AY&SY"), "a bzip2 file"},
		{"tar", at(257, "ustar\x0000"), "a tar file"},
		{"Windows program", []byte("MZ\x90\x00\x03"), "a program (Windows)"},
		{"macOS program", []byte("\xcf\xfa\xed\xfe\x07"), "a program (macOS)"},
		{"Java", []byte("\xca\xfe\xba\xbe\x00"), "a program (Java or macOS)"},
		{"WebAssembly", []byte("\x00asm\x01\x00"), "a program (WebAssembly)"},
		{"PNG", []byte("\x89PNG\r\n\x1a\n\x00"), "a picture (PNG)"},
		{"GIF", []byte("GIF89a\x01"), "a picture (GIF)"},
		{"JPEG", []byte("\xff\xd8\xff\xe0\x00"), "a picture (JPEG)"},
		{"PDF", []byte("%PDF-1.7\n"), "a PDF document"},
		{"Parquet", []byte("PAR1\x15\x04"), "a Parquet file"},
		{"JSON", []byte("\n{\"a\": 1}\n"), "a text, maybe JSON"},
		{"JSON with a mark", []byte("\xef\xbb\xbf[1, 2]"), "a text, maybe JSON"},
		{"XML", []byte("<?xml version=\"1.0\"?>"), "a text, maybe XML or HTML"},
		{"script", []byte("#!/bin/sh\necho\n"), "a script"},
		{"text", []byte("Grüße\r\n\tund mehr\n"), "a text"},
		{"text cut within a character", []byte(strings.Repeat("é", foreign.FirstBytes/2-1) + "a€")[:foreign.FirstBytes], "a text"},
		{"text and a NUL", []byte("name\x00"), ""},
		{"noise", noise, ""},
		{"zeros", make([]byte, 100), ""},
		{"nothing", nil, "an empty file"},
	} {
		if got := foreign.Look(tt.bytes, tt.bytes[max(0, len(tt.bytes)-foreign.LastBytes):]).What; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		for n := range min(len(tt.bytes), 300) { // no beginning is too short to look at
			foreign.Look(tt.bytes[:n], tt.bytes[:min(n, foreign.LastBytes)])
		}
	}
	if runtime.GOOS == "linux" {
		self, err := os.ReadFile("/proc/self/exe")
		if err != nil {
			t.Fatal(err)
		}
		if got := foreign.Look(self[:foreign.FirstBytes], self[len(self)-foreign.LastBytes:]).What; got != "a program (ELF)" {
			t.Errorf("this program is %q", got)
		}
	}
}
