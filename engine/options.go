// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/writer"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Safety says what a commit that has returned survives.
type Safety uint8

const (
	// SafetyDefault is SafetyNormal.
	SafetyDefault Safety = iota
	// SafetyOff never syncs. A crash of the process loses nothing; a power failure may destroy
	// the whole database.
	SafetyOff
	// SafetyNormal syncs checkpoints. A crash of the process loses nothing; a power
	// failure may lose the newest commits, but never those of the last checkpoint, and leaves a
	// state that was committed.
	SafetyNormal
	// SafetyFull also syncs the log at each commit. Nothing that was committed is lost.
	SafetyFull
)

// String returns the name used in settings: off, normal, full.
func (s Safety) String() string {
	switch s {
	case SafetyOff:
		return "off"
	case SafetyFull:
		return "full"
	}
	return "normal"
}

// The defaults of Options, and what C lsm1 allows.
const (
	DefaultPageSize       = 4096
	DefaultBlockSize      = 1 << 20
	DefaultAutoFlush      = 8 << 20
	DefaultAutoCheckpoint = 16 << 20
	DefaultAutoMerge      = 4
	DefaultMaxGarbage     = 65
	DefaultCacheSize      = 64 << 20
	DefaultIndexSize      = 32 << 20
	// DefaultMaxLogFactor is how many times AutoFlush the log may grow to by default, and
	// MinDefaultMaxLog the least that this comes to.
	DefaultMaxLogFactor = 4
	MinDefaultMaxLog    = 1 << 20
)

// MaxAutoFlush is the largest Options.AutoFlush: 1 GiB, or 256 MiB where addresses have 32
// bits.
const MaxAutoFlush = 1 << (28 + 2*base.Wide)

// MaxChanges is the largest Options.Changes, and MinChanges the least one that is not 0: places in the log have to stay
// below 2 GiB for C lsm1.
const (
	MaxChanges = 512 << 20
	MinChanges = 4096
)

// Limits of keys and values in bytes: 64 MiB and 1 GiB, or 256 MiB for a value where
// addresses have 32 bits. Files of C lsm1, and those from a machine with 64 bits, may hold
// larger ones, up to 2 GiB; those can be read and deleted but not written. With 32 bits a
// key above 512 MiB and a value above 1 GiB cannot even be read: ErrTooBig.
const (
	MaxKeySize   = writer.MaxKeySize
	MaxValueSize = writer.MaxValueSize
)

// Options say how a database is opened. The zero value is a read-write handle with
// default settings. What has the tag change can be changed while it is open, by DB.Set.
type Options struct {
	// FS is where the files are; nil is the operating system's file system.
	FS vfs.FS
	// ReadOnly opens without ever writing to the files. A database that a crash left
	// with a log is read through that log. One that another process writes with Readers is shown as
	// that process commits; see Open.
	ReadOnly bool
	// MustExist refuses to create a database.
	MustExist bool
	// Safety says what a commit survives.
	Safety Safety `change:"any time"`
	// PageSize and BlockSize, in bytes, are for a new database; an existing one has its
	// own. Both are powers of two: pages from 256 bytes to 64 KiB, blocks from 64 KiB to
	// 64 MiB, at least 4 pages to a block unless they are compressed. 0 is the default.
	PageSize, BlockSize int
	// Compression is how pages are stored: "none", "lz4", "zlib", "zstd", "snappy", or the
	// name, or the number in decimal, of one of Codecs. Empty is what the file has; a
	// file in which nothing has been stored yet is not compressed then. A file that is
	// compressed otherwise is refused with ErrMismatch. Pages must be smaller than blocks
	// by what the codec may add to a page that cannot be compressed.
	Compression string
	// Codecs are further codecs. One with the id of one of package compress takes its
	// place, for example to choose another level.
	Codecs []Codec
	// Key is where the key of an encrypted database comes from; nil wants a database in clear, and
	// makes a new one so. A key for a database in clear is refused with ErrMismatch, a missing or wrong
	// key with ErrKey, before anything is written. A handle that shares an open database must have a
	// key of it, too.
	Key keys.Source
	// Cipher is that of a new encrypted database: "aes-256-gcm" or "chacha20-poly1305". Empty is the
	// one that is faster on this platform; a file that exists has its own. It takes a key.
	Cipher string
	// NotBefore is what DB.State returned at some time, kept elsewhere than the files: a database that
	// has been put back to a state before that, or that is another one, is refused with ErrRolledBack.
	// So is a copy that Backup or CopyCheckpoint has made, or a file of Recover: it has a history of its
	// own, and needs a token of its own State. The zero value refuses nothing.
	NotBefore StateToken
	// AutoFlush is the size in bytes at which the in-memory tree is written to the file,
	// at most MaxAutoFlush. The trees take up to three times as much memory, usually less than
	// twice as much, and beyond that what one transaction writes. 0 is the default.
	AutoFlush int `change:"any time"`
	// AutoCheckpoint is how many bytes may be written to the file, or be in the log although
	// they have been flushed, before a checkpoint is made. 0 is the default; negative is never,
	// unless MaxLog needs one.
	AutoCheckpoint int `change:"any time"`
	// MaxLog bounds the log, in bytes: the commits in it are flushed, and a checkpoint is made,
	// early enough for it to be used again from its beginning. The part of the log that is needed
	// stays below MaxLog plus what one transaction adds, and the file below twice that. With
	// goroutines in the background it may be half as much again. At twice MaxLog a transaction
	// makes room before it begins. 0 is four times AutoFlush and at least 1 MiB, whatever
	// AutoFlush is changed to; negative is no bound. There is no bound with NoAutoWork, or while
	// a read-only process reads the file that had it open first.
	MaxLog int `change:"any time"`
	// Changes is how many bytes of the log are kept for DB.Changes and DB.Watch, at most MaxChanges; 0 keeps none,
	// and there are no streams. So much is kept whether it is read or not: a reader may come back to where it
	// was. It adds up to twice that to the length of the log file, and what one transaction adds. A
	// commit with NoLog ends all streams: what is not in the log cannot be read from it.
	Changes int64 `change:"any time"`
	// AutoMerge is how many segments of one age are merged into one, at least 2; 0 is
	// the default.
	AutoMerge int `change:"any time"`
	// MaxGarbage is how many percent of the size of the oldest segment the newer ones may reach
	// before all are merged, at least 10; 0 is the default. What they overwrite takes up space
	// until then: a smaller value makes the file smaller and writes more to it.
	MaxGarbage int `change:"any time"`
	// MaxFreelist is how many free-list entries a checkpoint holds before they are
	// written into a segment, from 2 to 24; 0 is 24.
	MaxFreelist int `change:"any time"`
	// Background says which work is done by goroutines of the database, not by the callers.
	Background Background
	// NoAutoWork leaves flushing and merging to Flush and Work. Memory and log grow without
	// bound until they are called. The goroutine of BackgroundMerger then does nothing.
	NoAutoWork bool `change:"any time"`
	// NoLog writes no log: what is not flushed and checkpointed is lost in a crash. It
	// cannot be combined with SafetyFull.
	NoLog bool `change:"any time"`
	// Readers lets other processes read the database while this one writes it: each opens it with ReadOnly, in mode=ro.
	// It takes local files that can be locked by ranges (Linux, macOS), else it is refused with ErrProtocol, and
	// the log, so NoLog cannot be combined with it. It costs 256 bytes in memory that is
	// shared for each commit, and the file NAME-live. A read-only handle has no use of it.
	Readers bool
	// ReadersHold is how long such a reader may keep the space of what it reads from being used again, once that is in
	// the way. After that its snapshots fail with ErrSnapshotGone. 0 is as long as it reads.
	ReadersHold time.Duration
	// AllowMissingLog opens a database as of its last checkpoint if the log with its newest
	// transactions is missing, or if one of its meta pages is damaged and nothing proves that
	// the other one holds the newest state. Without it such a database is refused.
	AllowMissingLog bool
	// SkipDamaged has readers go on after pages that cannot be read, as far as that is possible, where they
	// otherwise fail with ErrCorrupt: cursors, Get and all that read outside of a write transaction. A cursor
	// shows what can be read: in a range of keys in which a segment is damaged rows may be missing, and
	// those that older segments have may be outdated or deleted. DB.Skipped and Observer.Skipped
	// report these ranges; outside of them everything is right. Get, ValueLen, GetShort and a seek EQ fail with
	// ErrCorrupt for a key whose newest value may be in what cannot be read. With ReadOnly also a database
	// is opened that is refused otherwise because the first page of a segment, its last or the root of its
	// b-tree cannot be read. Reading takes a multiple of the time. The pages that C lsm1 wrote carry no sums:
	// of them only damage is noticed that breaks their order, and Check notices more than readers do.
	//
	// Write transactions, flushes, merges, backups and checks are as without it: nothing is ever left out of
	// what is written. To bring what can be read into a new file there is Recover.
	SkipDamaged bool `change:"any time"`
	// CacheSize bounds the page cache, in bytes; 0 is the default.
	CacheSize int64
	// IndexSize bounds, in bytes, what is kept in memory for searches in segments: their fences,
	// which lead to a page at 12 bytes for each, and their filters, which know of most keys that
	// are not there, at 12 bits for each that is. What has no room there takes longer. Of a
	// database that was opened they are made by a goroutine that begins once they have been
	// missed often, takes half a core at most, and ends with that. 0 is the default, negative
	// is none.
	IndexSize int
	// Mmap is how many bytes of the file, from its beginning, are read through a mapping of
	// it into memory; 0 is none, MmapAll all of it. Pages go from there into the page
	// cache, which saves a system call for each. Where a file cannot be mapped it is read.
	Mmap int64
	// OptionalLocks opens a file that cannot be locked, as on Plan 9, js/wasm, wasip1 and some
	// network file systems, which otherwise is refused with ErrProtocol. There, only handles of
	// this process exclude each other: the caller makes sure that no other process opens the
	// file. Where files can be locked it changes nothing.
	OptionalLocks bool
	// Perm is the mode of a new file, 0600 if 0.
	Perm fs.FileMode
	// Observer reports what the database does; nil is none.
	Observer *Observer
	// Logger gets the rare events: opening, recovery and closing at level Info, flushes,
	// merges and checkpoints at Debug, stalls at Warn, errors at Error. Nil logs nothing.
	Logger *slog.Logger
}

// MinMaxGarbage is the least Options.MaxGarbage: everything is written again ten times as often as
// it is overwritten.
const MinMaxGarbage = 10

// MmapAll is the Options.Mmap of a file that is mapped whatever its length.
const MmapAll = vfs.MapAll

// DefaultOptions returns the options that the zero value stands for, with all fields set.
func DefaultOptions() Options { return Options{}.withDefaults() }

func (o Options) withDefaults() Options {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	if o.FS == nil {
		o.FS = vfs.OS
	}
	if o.Safety == SafetyDefault {
		o.Safety = SafetyNormal
	}
	def(&o.PageSize, DefaultPageSize)
	def(&o.BlockSize, DefaultBlockSize)
	def(&o.AutoFlush, DefaultAutoFlush)
	def(&o.AutoCheckpoint, DefaultAutoCheckpoint)
	def(&o.AutoMerge, DefaultAutoMerge)
	def(&o.MaxGarbage, DefaultMaxGarbage)
	def(&o.IndexSize, DefaultIndexSize)
	def(&o.MaxFreelist, format.MaxFreeEntries)
	if o.CacheSize == 0 {
		o.CacheSize = DefaultCacheSize
	}
	if o.Perm == 0 {
		o.Perm = 0o600
	}
	return o
}

// Validate says what is wrong with the options, if anything.
func (o Options) Validate() error {
	o = o.withDefaults()
	bad := func(format string, args ...any) error {
		return &Error{Code: CodeMisuse, Op: "options", Detail: fmt.Sprintf(format, args...)}
	}
	if err := compress.Check(o.Codecs); err != nil {
		return bad("%v", err)
	}
	if _, err := o.geometry(); err != nil {
		return bad("%v", err)
	}
	if _, err := crypt.SuiteOf(o.Cipher); err != nil {
		return err
	}
	switch {
	case o.Logger != nil && !canLog:
		return bad("a Logger in a program that is built with the tag lsmlite_small; use an Observer")
	case o.NotBefore != (StateToken{}) && !hasKey(o.Key):
		return bad("NotBefore without a Key: only an encrypted database has a state to compare with")
	case o.Safety > SafetyFull:
		return bad("safety %d; want off, normal or full", o.Safety)
	case o.Background > BackgroundBoth:
		return bad("background %d; want none, merger, checkpointer or both", o.Background)
	case o.AutoFlush < 0 || o.AutoFlush > MaxAutoFlush:
		return bad("autoflush %d; want 1 to %d bytes", o.AutoFlush, MaxAutoFlush)
	case o.Changes != 0 && (o.Changes < MinChanges || o.Changes > MaxChanges):
		return bad("changes %d; want 0 for none, or %d to %d bytes", o.Changes, MinChanges, MaxChanges)
	case o.AutoMerge < 2:
		return bad("automerge %d; want 2 segments or more", o.AutoMerge)
	case o.MaxGarbage < MinMaxGarbage:
		return bad("max_garbage %d; want %d percent or more", o.MaxGarbage, MinMaxGarbage)
	case o.MaxFreelist < 2 || o.MaxFreelist > format.MaxFreeEntries:
		return bad("max_freelist %d; want 2 to %d entries", o.MaxFreelist, format.MaxFreeEntries)
	case o.CacheSize < 0:
		return bad("cache size %d; want 1 byte or more", o.CacheSize)
	case o.Mmap < 0:
		return bad("mmap %d; want 0 for none, or a number of bytes", o.Mmap)
	case o.ReadOnly && o.NoLog:
		return bad("use_log=0 has no meaning for a read-only handle")
	case o.Readers && o.NoLog:
		return bad("readers=on has other processes read the log, and use_log=0 keeps none; use one of the two")
	case o.ReadersHold < 0:
		return bad("readers_hold %v; want a duration, or 0 for no limit", o.ReadersHold)
	case o.NoLog && o.Safety == SafetyFull:
		return bad("safety=full promises that no commit is lost, and use_log=0 keeps no record of them; use another of the two")
	}
	return nil
}
