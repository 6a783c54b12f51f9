// SPDX-License-Identifier: Apache-2.0

// Package foreign recognises files that are not a database of lsm1 by their first and last bytes,
// and folders of other databases by the names in them. It owns the list of kinds. It is pure
// functions over bytes and names.
package foreign

import (
	"bytes"
	"hash/crc32"
	"unicode/utf8"
)

// FirstBytes is how much of the beginning of a file Look looks at, and LastBytes how much of
// its end.
const (
	FirstBytes = 32 << 10
	LastBytes  = 8
)

// sign is a row of bytes at a fixed place.
type sign struct {
	at    int
	bytes string
	kind  Kind
	what  string
}

// signs are looked for in this order.
var signs = []sign{
	{0, "SQLite format 3\x00", SQLite, "a SQLite database"},
	{0, "\x37\x7f\x06\x82", SQLiteWAL, "the write-ahead log of a SQLite database"},
	{0, "\x37\x7f\x06\x83", SQLiteWAL, "the write-ahead log of a SQLite database"},
	{0, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", SQLiteJournal, "the rollback journal of a SQLite database"},
	{16, "\xed\xda\x0c\xed", Bbolt, "a bbolt database"}, // in the byte order of the machine, so both
	{16, "\xed\x0c\xda\xed", Bbolt, "a bbolt database"},
	{16, "\xde\xc0\xef\xbe", LMDB, "an LMDB database"},
	{16, "\xbe\xef\xc0\xde", LMDB, "an LMDB database"},
	{12, "\xde\xc0\xef\xbe", LMDB, "an LMDB database"}, // of a machine of 32 bits
	{0, "Bdgr", BadgerPart, "the manifest of a Badger database"},
	{8, "DUCK", DuckDB, "a DuckDB database"},
	{12, "\x62\x31\x05\x00", BerkeleyDB, "a Berkeley DB database"},
	{12, "\x00\x05\x31\x62", BerkeleyDB, "a Berkeley DB database"},
	{12, "\x61\x15\x06\x00", BerkeleyDB, "a Berkeley DB database"},
	{12, "\x00\x06\x15\x61", BerkeleyDB, "a Berkeley DB database"},
	{0, "REDIS", Redis, "a dump of Redis"},
	{0, "\x1f\x8b\x08", Gzip, "a gzip file"},
	{0, "PK\x03\x04", Zip, "a zip file"},
	{0, "PK\x05\x06", Zip, "a zip file"},
	{0, "\x28\xb5\x2f\xfd", Zstd, "a zstd file"},
	{0, "\x04\x22\x4d\x18", LZ4, "an lz4 file"},
	{0, "\xff\x06\x00\x00sNaPpY", Snappy, "a snappy file"},
	{0, "\xfd7zXZ\x00", XZ, "an xz file"},
	{0, "7z\xbc\xaf\x27\x1c", SevenZip, "a 7z file"},
	{0, "BZh", Bzip2, "a bzip2 file"},
	{257, "ustar", Tar, "a tar file"},
	{0, "\x7fELF", Program, "a program (ELF)"},
	{0, "MZ\x90\x00", Program, "a program (Windows)"},
	{0, "\xcf\xfa\xed\xfe", Program, "a program (macOS)"},
	{0, "\xca\xfe\xba\xbe", Program, "a program (Java or macOS)"},
	{0, "\x00asm", Program, "a program (WebAssembly)"},
	{0, "\x89PNG\r\n\x1a\n", Picture, "a picture (PNG)"},
	{0, "GIF8", Picture, "a picture (GIF)"},
	{0, "\xff\xd8\xff", Picture, "a picture (JPEG)"},
	{0, "%PDF-", PDF, "a PDF document"},
	{0, "PAR1", Parquet, "a Parquet file"},
}

// ends are the last bytes of files.
var ends = []sign{
	{0, "\x57\xfb\x80\x8b\x24\x75\x47\xdb", LevelPart, "a table of a LevelDB database"},
	{0, "\xf7\xcf\xf4\x85\xb7\x41\xe2\x88", LevelPart, "a table of a RocksDB or Pebble database"},
	{0, "\xf0\x9f\xaa\xb3\xf0\x9f\xaa\xb3", LevelPart, "a table of a Pebble database"},
}

// Look says what a file is that has these bytes at its beginning and at its end. first is the whole
// file if that is not longer than FirstBytes.
func Look(first, last []byte) Found {
	if f := look(first, func(sign) bool { return true }); f.Kind != Unknown {
		return f
	}
	for _, s := range ends {
		if bytes.HasSuffix(last, []byte(s.bytes)) {
			return Found{s.kind, s.what}
		}
	}
	switch {
	case len(first) == 0:
		return Found{Empty, "an empty file"}
	case isLevelLog(first):
		return Found{LevelPart, "a log or manifest of a LevelDB, RocksDB or Pebble database"}
	case isText(first):
		return Found{Text, textKind(first)}
	}
	return Found{Kind: Unknown}
}

// Begins says what a file is by its first bytes, where these cannot be those of a log of lsm1:
// no record begins with any of them. It returns "" if it cannot tell.
func Begins(first []byte) string {
	return look(first, func(s sign) bool { return s.at == 0 && s.bytes[0] >= 0x1f }).What
}

func look(first []byte, among func(sign) bool) Found {
	for _, s := range signs {
		if among(s) && len(first) >= s.at+len(s.bytes) && string(first[s.at:s.at+len(s.bytes)]) == s.bytes {
			return Found{s.kind, s.what}
		}
	}
	return Found{Kind: Unknown}
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
