// SPDX-License-Identifier: Apache-2.0

// Package foreign recognises files that are not a database of lsm1 by their first and last bytes,
// and names their kind. It owns the list of kinds. It is pure functions over bytes.
package foreign

import (
	"bytes"
	"hash/crc32"
	"unicode/utf8"
)

// FirstBytes is how much of the beginning of a file Name looks at, and LastBytes how much of
// its end.
const (
	FirstBytes = 32 << 10
	LastBytes  = 8
)

// sign is a row of bytes at a fixed place.
type sign struct {
	at    int
	bytes string
	what  string
}

// signs are looked for in this order.
var signs = []sign{
	{0, "SQLite format 3\x00", "a SQLite database"},
	{0, "\x37\x7f\x06\x82", "the write-ahead log of a SQLite database"},
	{0, "\x37\x7f\x06\x83", "the write-ahead log of a SQLite database"},
	{0, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "the rollback journal of a SQLite database"},
	{16, "\xed\xda\x0c\xed", "a bbolt database"}, // in the byte order of the machine, so both
	{16, "\xed\x0c\xda\xed", "a bbolt database"},
	{16, "\xde\xc0\xef\xbe", "an LMDB database"},
	{16, "\xbe\xef\xc0\xde", "an LMDB database"},
	{12, "\xde\xc0\xef\xbe", "an LMDB database"}, // of a machine of 32 bits
	{0, "Bdgr", "the manifest of a Badger database"},
	{8, "DUCK", "a DuckDB database"},
	{12, "\x62\x31\x05\x00", "a Berkeley DB database"},
	{12, "\x00\x05\x31\x62", "a Berkeley DB database"},
	{12, "\x61\x15\x06\x00", "a Berkeley DB database"},
	{12, "\x00\x06\x15\x61", "a Berkeley DB database"},
	{0, "REDIS", "a dump of Redis"},
	{0, "\x1f\x8b\x08", "a gzip file"},
	{0, "PK\x03\x04", "a zip file"},
	{0, "PK\x05\x06", "a zip file"},
	{0, "\x28\xb5\x2f\xfd", "a zstd file"},
	{0, "\x04\x22\x4d\x18", "an lz4 file"},
	{0, "\xff\x06\x00\x00sNaPpY", "a snappy file"},
	{0, "\xfd7zXZ\x00", "an xz file"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z file"},
	{0, "BZh", "a bzip2 file"},
	{257, "ustar", "a tar file"},
	{0, "\x7fELF", "a program (ELF)"},
	{0, "MZ\x90\x00", "a program (Windows)"},
	{0, "\xcf\xfa\xed\xfe", "a program (macOS)"},
	{0, "\xca\xfe\xba\xbe", "a program (Java or macOS)"},
	{0, "\x00asm", "a program (WebAssembly)"},
	{0, "\x89PNG\r\n\x1a\n", "a picture (PNG)"},
	{0, "GIF8", "a picture (GIF)"},
	{0, "\xff\xd8\xff", "a picture (JPEG)"},
	{0, "%PDF-", "a PDF document"},
	{0, "PAR1", "a Parquet file"},
}

// ends are the last bytes of files.
var ends = []sign{
	{0, "\x57\xfb\x80\x8b\x24\x75\x47\xdb", "a table of a LevelDB database"},
	{0, "\xf7\xcf\xf4\x85\xb7\x41\xe2\x88", "a table of a RocksDB or Pebble database"},
	{0, "\xf0\x9f\xaa\xb3\xf0\x9f\xaa\xb3", "a table of a Pebble database"},
}

// Name says what a file is that has these bytes at its beginning and at its end, as "a SQLite
// database", or "" if it cannot tell. first is the whole file if that is not longer than
// FirstBytes.
func Name(first, last []byte) string {
	if what := look(first, func(sign) bool { return true }); what != "" {
		return what
	}
	for _, s := range ends {
		if bytes.HasSuffix(last, []byte(s.bytes)) {
			return s.what
		}
	}
	switch {
	case isLevelLog(first):
		return "a log or manifest of a LevelDB, RocksDB or Pebble database"
	case isText(first):
		return textKind(first)
	}
	return ""
}

// Begins is Name for what the first bytes tell, where these cannot be those of a log of lsm1:
// no record begins with any of them.
func Begins(first []byte) string {
	return look(first, func(s sign) bool { return s.at == 0 && s.bytes[0] >= 0x1f })
}

func look(first []byte, among func(sign) bool) string {
	for _, s := range signs {
		if among(s) && len(first) >= s.at+len(s.bytes) && string(first[s.at:s.at+len(s.bytes)]) == s.bytes {
			return s.what
		}
	}
	return ""
}

// isLevelLog reports whether a record of LevelDB's log format begins the file, and its
// checksum is right: a masked CRC-32C of all that comes after the length, the length, the
// type, and for the types from 5 on the number of the log.
func isLevelLog(first []byte) bool {
	const header, firstType, lastType = 7, 1, 8
	if len(first) < header {
		return false
	}
	n := int(first[4]) | int(first[5])<<8
	kind := first[6]
	end := header + n
	if kind >= 5 {
		end += 4
	}
	if n == 0 || kind < firstType || kind > lastType || end > len(first) {
		return false
	}
	crc := crc32.Checksum(first[6:end], crc32.MakeTable(crc32.Castagnoli))
	sum := (crc>>15 | crc<<17) + 0xa282ead8
	return string(first[:4]) == string([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)})
}

// isText reports whether the bytes are UTF-8 without control characters, as far as they go.
func isText(first []byte) bool {
	n := 0
	for n < len(first) {
		r, k := utf8.DecodeRune(first[n:])
		if r == utf8.RuneError && k <= 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f {
			break
		}
		n += k
	}
	return n > 0 && (n == len(first) || len(first) == FirstBytes && !utf8.FullRune(first[n:]))
}

func textKind(first []byte) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(first, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("#!")):
		return "a script"
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")):
		return "a text, maybe JSON"
	case bytes.HasPrefix(text, []byte("<")):
		return "a text, maybe XML or HTML"
	}
	return "a text"
}
