// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Config has all settings of a connection. The zero value of every field except Path means "not
// set": the default, or, if the database is open in this process already, the current value
// there. What can be text has a name in a DSN, which is in the tag of its field; see [ParseDSN].
// A Config must not be changed after it was given to [NewConnector].
type Config struct {
	// Path names the database file; the log is in the same folder. ":memory:" is a database
	// in memory, private to the connector (so to the *sql.DB). It may also be the URL of a store, without
	// settings of lsmlite. Therefore a file whose name looks like a URL is written with ./ before it.
	Path string
	// Mode says whether the file may be created and written.
	Mode Mode `dsn:"mode"`

	// Preset names the settings that hold where no other is set: "default",
	// "low-memory", "high-performance" or "lsmlite-rs"; see engine.Preset.
	Preset string `dsn:"preset"`

	// Safety says what a commit survives.
	Safety Safety `dsn:"safety"`
	// PageSize, in bytes, is that of a new file; an existing file keeps its own.
	PageSize int `dsn:"page_size"`
	// BlockSize, in bytes, is that of a new file; an existing file keeps its own.
	BlockSize int `dsn:"block_size"`
	// Compression is how pages are stored: "none", "lz4", "zlib", "zstd", "snappy", or the
	// name of one of Codecs. Empty is what the file has, and none for a new file. A file with
	// another codec is refused with ErrMismatch.
	Compression string `dsn:"compression"`
	// Codecs are further codecs, and other levels of the known ones. Every program that opens the
	// file must have those that it needs.
	Codecs []engine.Codec
	// Key is where the key of an encrypted database comes from; a nil Key, with none of the four names
	// that follow, is a database in clear. Of all five one may be set. Every Connector of a file has
	// to have a key of it, also if the database is open in this process already.
	Key keys.Source
	// KeyFile names a file with a key: see keys.File.
	KeyFile string `dsn:"key_file"`
	// KeyEnv names an environment variable with a key: see keys.Env.
	KeyEnv string `dsn:"key_env"`
	// PassphraseFile names a file with a passphrase: see keys.PassphraseFile.
	PassphraseFile string `dsn:"passphrase_file"`
	// PassphraseEnv names an environment variable with a passphrase: see keys.PassphraseEnv.
	PassphraseEnv string `dsn:"passphrase_env"`
	// Cipher is that of a new encrypted database: "aes-256-gcm" or "chacha20-poly1305". Empty is the
	// one that is faster on this platform; a file that exists has its own. It takes a key.
	Cipher string `dsn:"cipher"`
	// NotBefore refuses a database that has been put back to an earlier state: see engine.Options. It holds for
	// each Connector, also if the database is open in this process already.
	NotBefore engine.StateToken
	// AutoFlush is the size in bytes at which the live tree is flushed to the file.
	AutoFlush int `dsn:"autoflush"`
	// AutoCheckpoint is how many bytes are written to the file, or flushed out of the log,
	// between two checkpoints; negative makes none for that reason.
	AutoCheckpoint int `dsn:"autocheckpoint"`
	// MaxLog bounds the log, in bytes: flushes and checkpoints come early enough that the log can
	// be used again from its beginning. Default: four times AutoFlush, at least 1 MiB; negative
	// is no bound.
	MaxLog int `dsn:"max_log"`
	// Changes is how many bytes of the log are kept for streams of changes: see engine.DB.Changes; negative for none.
	Changes int64 `dsn:"changes"`
	// AutoMerge is how many segments of one age are merged into one, at least 2.
	AutoMerge int `dsn:"automerge"`
	// MaxGarbage is how many percent of the oldest segment's size the newer ones may reach before
	// all are merged, at least 10. A smaller value makes the file smaller and writes more to it.
	MaxGarbage int `dsn:"max_garbage"`
	// AutoWork says whether flushing and merging happen by themselves. Default: on.
	AutoWork Toggle `dsn:"autowork"`
	// UseLog says whether commits are logged, so that they survive the end of the
	// process. Default: on.
	UseLog Toggle `dsn:"use_log"`
	// Readers lets other processes read the database, in mode=ro, while this one writes it. Default: off.
	Readers Toggle `dsn:"readers"`
	// ReadersHold is how long such a process may keep space from being used again, once that is in the way. Zero is
	// the default; negative: as long as it reads, which is the default.
	ReadersHold time.Duration `dsn:"readers_hold"`
	// AllowMissingLog opens a database as of its last checkpoint if the log with its newest
	// transactions is missing, or if a meta page is damaged and nothing proves that the other
	// one holds the newest state. Default: off, such a database is refused.
	AllowMissingLog Toggle `dsn:"allow_missing_log"`
	// SkipDamaged has reads outside of write transactions go on after pages that cannot be read: rows may be
	// missing or outdated in ranges of keys that PRAGMA skipped shows. With ModeReadOnly a database is
	// opened that is refused otherwise because of such pages. Default: off, such reads fail.
	SkipDamaged Toggle `dsn:"skip_damaged"`
	// Background says which work is done by goroutines of the database, not by the callers.
	// Default: none.
	Background Background `dsn:"background"`
	// MaxFreelist is how many free-list entries a checkpoint may hold, 2 to 24.
	MaxFreelist int `dsn:"max_freelist"`
	// CacheSize is the size of the page cache in bytes.
	CacheSize int64 `dsn:"cache_size"`
	// IndexSize is how many bytes of memory say where keys are, and which are not there;
	// negative for none.
	IndexSize int `dsn:"index_size"`
	// Mmap is how many bytes of the file, from its beginning, are read through a mapping
	// into memory: engine.MmapAll for all of it, negative for none, which is the default.
	Mmap int64 `dsn:"mmap"`

	// BusyTimeout is how long to wait for the writer's turn. Zero: as long as the
	// context lasts. Negative: not at all.
	BusyTimeout time.Duration `dsn:"busy_timeout"`
	// TxLock says when a transaction takes the writer's turn.
	TxLock TxLock `dsn:"_txlock"`
	// CountDeletes says whether a DELETE of a range counts the rows. If off, such a
	// DELETE reads nothing and its RowsAffected is an error. Default: on.
	CountDeletes Toggle `dsn:"count_deletes"`
	// KeyType is the type of keys.
	KeyType DataType `dsn:"key_type"`
	// ValueType is the type of values: TypeBlob, TypeText or TypeTime.
	ValueType DataType `dsn:"value_type"`

	// FS holds the files; nil is the operating system. Connectors share a database only
	// if their FS are equal.
	FS vfs.FS
	// Locking says what happens to a file that cannot be locked. Default: it is refused.
	Locking Locking `dsn:"locking"`
	// Perm is the mode of a new file; 0 is 0600.
	Perm fs.FileMode

	// Observer reports what the database does: for metrics, see package engine/prom.
	// Logger gets the rare events, see engine.Options. A database that is open in this
	// process already keeps those it was opened with; other ones are refused.
	Observer *engine.Observer
	Logger   *slog.Logger
}

// memoryPath is the path of a database in memory.
const memoryPath = ":memory:"

// Mode says what may be done to the database file.
type Mode uint8

// The modes.
const (
	// ModeReadWriteCreate reads, writes, and creates the file if it is missing.
	ModeReadWriteCreate Mode = iota
	// ModeReadWrite reads and writes a file that exists.
	ModeReadWrite
	// ModeReadOnly only reads a file that exists. Writes fail with ErrReadOnly.
	ModeReadOnly
	// ModeMemory keeps the database in memory, whatever the path says.
	ModeMemory
)

var modeNames = []string{"rwc", "rw", "ro", "memory"}

// String returns the mode's name in a DSN.
func (m Mode) String() string { return nameOf(modeNames, int(m), "Mode") }

// Safety says what a commit survives.
type Safety = engine.Safety

// The levels of safety, as lsm1 has them.
const (
	// SafetyDefault is SafetyNormal, or the current value of an open database.
	SafetyDefault = engine.SafetyDefault
	// SafetyOff never syncs: a power failure may corrupt the database.
	SafetyOff = engine.SafetyOff
	// SafetyNormal syncs for checkpoints: a power failure may lose the newest commits
	// and corrupts nothing.
	SafetyNormal = engine.SafetyNormal
	// SafetyFull syncs the log for every commit, which then survives a power failure.
	SafetyFull = engine.SafetyFull
)

// Toggle is a switch that may be left unset.
type Toggle uint8

// The positions of a Toggle.
const (
	Default Toggle = iota
	On
	Off
)

// String returns "default", "on" or "off".
func (t Toggle) String() string {
	return nameOf([]string{"default", "on", "off"}, int(t), "Toggle")
}

func toggle(on bool) Toggle {
	if on {
		return On
	}
	return Off
}

// TxLock says when a transaction takes the writer's turn.
type TxLock uint8

// The kinds of TxLock.
const (
	// TxImmediate takes it when the transaction begins. It is the default.
	TxImmediate TxLock = iota
	// TxDeferred takes it at the first write, which fails with ErrBusySnapshot if another
	// transaction has committed since the first read.
	TxDeferred
)

var txLockNames = []string{"immediate", "deferred"}

// String returns the name of l in a DSN.
func (l TxLock) String() string { return nameOf(txLockNames, int(l), "TxLock") }

// Background says which work is done by goroutines of the database, not by the callers.
type Background uint8

// The background modes.
const (
	// BackgroundDefault is no goroutines, or the current value of an open database.
	BackgroundDefault Background = iota
	// BackgroundNone does all work as part of commits.
	BackgroundNone
	// BackgroundMerger flushes and merges in a goroutine.
	BackgroundMerger
	// BackgroundCheckpointer makes checkpoints in a goroutine.
	BackgroundCheckpointer
	// BackgroundBoth has a goroutine for each.
	BackgroundBoth
)

var backgroundNames = []string{"", "none", "merger", "checkpointer", "both"}

// String returns the name of b in a DSN, "" for the default.
func (b Background) String() string { return nameOf(backgroundNames, int(b), "Background") }

// Locking says what happens to a file that cannot be locked against other processes, as on
// Plan 9, js/wasm, wasip1 and some network file systems.
type Locking uint8

// The kinds of Locking.
const (
	// LockingDefault is required, or the current value of an open database.
	LockingDefault Locking = iota
	// LockingRequired refuses the file with ErrProtocol.
	LockingRequired
	// LockingOptional opens it. You make sure that no other process does.
	LockingOptional
)

var lockingNames = []string{"", "required", "optional"}

// String returns the name of l in a DSN, "" for the default.
func (l Locking) String() string { return nameOf(lockingNames, int(l), "Locking") }

// DataType is the type of keys or values.
type DataType uint8

// The data types.
const (
	// TypeBlob is bytes: results are []byte. It is the default.
	TypeBlob DataType = iota
	// TypeText is text: results are strings, and a number may be a key, as its text.
	TypeText
	// TypeInt64 is for keys that are signed integers: arguments and literals are numbers,
	// results int64. The key in the file is 8 bytes, big-endian with the sign bit flipped, so
	// that byte order is number order.
	TypeInt64
	// TypeUint64 is for keys that are unsigned integers: results are uint64. The key in the
	// file is 8 bytes, big-endian.
	TypeUint64
	// TypeLSM1Uint is as TypeUint64, with keys as SQLite's lsm1 virtual table stores those
	// that it calls UINT: 1 to 9 bytes. That table shows a number from 2^63 on as negative.
	TypeLSM1Uint
	// TypeTime is as TypeText, but a stored time.Time comes back as a time.Time, in UTC, so that
	// it is scanned into a time.Time or a sql.NullTime. Every other text is a string. Scanned
	// into a string or bytes, a time is in the format RFC 3339 with as many digits as it needs,
	// as database/sql has it, and not as it is stored.
	TypeTime
)

var dataTypeNames = []string{"blob", "text", "int64", "uint64", "lsm1uint", "time"}

// String returns the name of t in a DSN.
func (t DataType) String() string { return nameOf(dataTypeNames, int(t), "DataType") }

func nameOf(names []string, i int, what string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// inMemory reports whether the database has no file.
func (c *Config) inMemory() bool { return c.Path == memoryPath || c.Mode == ModeMemory }
