// SPDX-License-Identifier: Apache-2.0

package foreign

// Kind is what a file or a folder is, in a word that programs may compare with. Words stay as
// they are once they are in use.
type Kind string

// The kinds of other programs' files and folders.
const (
	Unknown       Kind = "unknown"
	Empty         Kind = "empty"
	Folder        Kind = "folder" // of no database that is known
	Text          Kind = "text"
	SQLite        Kind = "sqlite"
	SQLiteWAL     Kind = "sqlite-wal"
	SQLiteJournal Kind = "sqlite-journal"
	Bbolt         Kind = "bbolt"
	LMDB          Kind = "lmdb"
	LevelDB       Kind = "leveldb"
	RocksDB       Kind = "rocksdb"
	Pebble        Kind = "pebble"
	LevelPart     Kind = "leveldb-file" // one file of LevelDB, RocksDB or Pebble
	Badger        Kind = "badger"
	BadgerPart    Kind = "badger-file"
	WiredTiger    Kind = "wiredtiger"
	DuckDB        Kind = "duckdb"
	BerkeleyDB    Kind = "berkeleydb"
	Redis         Kind = "redis"
	Parquet       Kind = "parquet"
	Gzip          Kind = "gzip"
	Zip           Kind = "zip"
	Zstd          Kind = "zstd"
	LZ4           Kind = "lz4"
	Snappy        Kind = "snappy"
	XZ            Kind = "xz"
	SevenZip      Kind = "7z"
	Bzip2         Kind = "bzip2"
	Tar           Kind = "tar"
	Program       Kind = "program"
	Picture       Kind = "picture"
	PDF           Kind = "pdf"
)

// Found is what a file or a folder was recognised as.
type Found struct {
	Kind Kind
	What string // as "a SQLite database"; empty if it is unknown
}
