// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// The memory that the log and reading ahead take in Recover, in bytes: what it is unless
// RecoverOptions.Memory is set, and the least that may be set.
const (
	DefaultRecoverMemory = rescue.DefaultMemory
	MinRecoverMemory     = rescue.MinMemory
)

// MaxRecoverRanges is how many stretches of keys of each kind a RecoverReport lists.
const MaxRecoverRanges = rescue.MaxRanges

// RecoverOptions say how a damaged database is rescued. The zero value makes a new file with pages and
// blocks of the damaged file's sizes and its compression.
type RecoverOptions struct {
	// FS is where the damaged database is; nil is vfs.OS. TargetFS is where the new file goes; nil is FS. The path of
	// the new file must be none of the damaged ones even if TargetFS is another one: both may lead to the same files.
	FS, TargetFS vfs.FS
	// Log is the path of the log; empty is that of the database, without symbolic links, with "-log" added. Without a
	// log there is nothing to read of it. NoLog leaves out a log that is there.
	Log   string
	NoLog bool
	// Codecs are codecs of the program's own; see Options.
	Codecs []Codec
	// Key opens a database that is encrypted. The new file has the same keys. Of such a database a meta page must be
	// whole; in the log, what follows damage cannot be read; and Scan is not possible.
	Key keys.Source
	// Scan has the segments found by looking at every page of the file, as it is done where no meta page can
	// be used, even if one is good. Rows of segments that were merged long ago may come back then.
	Scan bool
	// Memory bounds what the log and reading ahead take, in bytes: from MinRecoverMemory on; 0 is
	// DefaultRecoverMemory. What does not fit goes to files next to the new one for the time being.
	Memory int64
	// Replace, PageSize, BlockSize, Compression and Perm are those of BackupOptions, for the new file.
	Replace             bool
	PageSize, BlockSize int
	Compression         string
	Perm                fs.FileMode
	// OptionalLocks is that of Options, for both files.
	OptionalLocks bool
	// Progress is called about once for each MiB that has been read, and once at the end, by the goroutine that
	// called. It begins again if a part of a long row cannot be read any more when the row is written. It may be nil.
	Progress func(RecoverProgress)
}

// RecoverProgress is how far a rescue has come.
type RecoverProgress struct {
	Rows  int64 // rows written
	Bytes int64 // bytes read of the damaged database and its log
	// Total is about how many bytes will be read. At the end it is Bytes.
	Total int64
}

// Recover writes everything that can still be read of a damaged database into a new file, which is like one that
// DB.Backup makes, and reports what it found. The damaged files are only read.
//
// Damage of any kind is no error, and a part of the files that cannot be read is damage, too. Errors are those of
// the new file, of ctx, of options that make no sense, and ErrCorrupt if there is nothing in the file that could be
// of a database, or ErrIO, with the error of the disk, if a part of it cannot be read; then there is no new file. A
// database that is open for writing is refused with ErrBusy.
//
// No row is invented: each was read from a page that is sound, or from a committed transaction of the log. But a row
// may be older than the newest, or one that was deleted, if what is newer is lost; the report names the stretches of
// keys in which that may be so.
//
// Memory is bounded by RecoverOptions.Memory, besides about 64 bytes for each block of the file, three pages for each
// segment, and the longest key.
func Recover(ctx context.Context, from, to string, o RecoverOptions) (RecoverReport, error) {
	if err := o.check(from); err != nil {
		return RecoverReport{}, err
	}
	j := &recovery{o: &o, from: from, to: to}
	defer j.close()
	if err := j.open(ctx); err != nil {
		return RecoverReport{}, err
	}
	in := rescue.Options{Data: j.files.Data(), Log: j.log, Path: from, LogPath: j.o.Log, Codecs: o.Codecs,
		Memory: o.Memory, Scan: o.Scan, Temp: j.temp, Bad: make(map[int64]bool)}
	if err := j.unlock(ctx); err != nil {
		return RecoverReport{}, err
	}
	in.Secret, in.Strange = j.secret, j.strange
	if report := o.Progress; report != nil {
		in.Progress = func(p rescue.Progress) { report(RecoverProgress(p)) }
	}
	for n := 1; ; n++ {
		r, err := rescue.Open(ctx, in)
		if err != nil {
			return RecoverReport{}, j.damaged(err)
		}
		if err = j.write(ctx, r); errors.Is(err, rescue.ErrIncomplete) && n < recoverTries {
			j.dropTemps()
			continue
		}
		return reportOf(r.Finish(), o.Codecs), err
	}
}

// recoverTries is how often a rescue begins at most: again when a part of a long row, of which it had all, cannot be
// read any more. Then it does without that.
const recoverTries = 64

// recovery is a rescue under way.
type recovery struct {
	o        *RecoverOptions
	from, to string
	files    *files.Files
	log      vfs.File
	secret   *checkpoint.Secret // nil if the database is not encrypted
	strange  int                // the meta page that is of a copy, 0 for none
	temps    []tempFile
}

// tempFile is a file for what does not fit into memory.
type tempFile struct {
	name string
	file vfs.File
}

// check fills in what the options leave out.
func (o *RecoverOptions) check(from string) error {
	if o.FS == nil {
		o.FS = vfs.OS
	}
	if o.TargetFS == nil {
		o.TargetFS = o.FS
	}
	if o.Memory == 0 {
		o.Memory = DefaultRecoverMemory
	}
	if o.Memory < MinRecoverMemory {
		return &Error{Code: CodeMisuse, Op: "recover", Path: from, Detail: "too little memory; see MinRecoverMemory"}
	}
	named := Options{Compression: o.Compression, Codecs: o.Codecs}
	if _, _, err := named.codec(); err != nil {
		return &Error{Code: CodeMisuse, Op: "recover", Path: from, Err: err}
	}
	return nil
}

// open opens the damaged files.
func (j *recovery) open(ctx context.Context) (err error) {
	path, err := j.o.FS.Canonical(j.from)
	if err != nil {
		return files.OpenError(j.from, err)
	}
	if j.o.Log == "" { // as Open does: next to the file, and not to a link that leads to it
		j.o.Log = path + files.LogSuffix
	}
	if target, err := j.o.TargetFS.Canonical(j.to); err == nil {
		log, _ := j.o.FS.Canonical(j.o.Log)
		if target == path || target == log || target == j.o.Log {
			return &Error{Code: CodeMisuse, Op: "recover", Path: j.from, Detail: "the new file must be neither the damaged one nor its log"}
		}
	}
	j.files, err = files.Open(ctx, files.Config{FS: j.o.FS, Path: path, ReadOnly: true, MustExist: true,
		OptionalLocks: j.o.OptionalLocks, Patience: openPatience, Syncs: func() bool { return false }})
	if err != nil || j.o.NoLog {
		return err
	}
	j.log, err = j.o.FS.Open(j.o.Log, vfs.ReadOnly|vfs.NoFollow|vfs.FarLocks|j.files.LockFlag(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return files.OpenError(j.o.Log, err)
	}
	return nil
}

// unlock finds the keys of a database that is encrypted.
func (j *recovery) unlock(ctx context.Context) error {
	data, nothing, err := rescue.Tolerant(ctx, j.files.Data(), j.from) // a meta page that cannot be read is one that is damaged
	if err != nil {
		return atOpen(j.from, err)
	}
	loaded, err := checkpoint.Load(data, j.from)
	if err != nil {
		return atOpen(j.from, err)
	}
	in := rescue.Options{Data: j.files.Data(), Log: j.log, Path: j.from, Codecs: j.o.Codecs}
	j.secret, j.strange, err = loaded.UnlockAround(ctx, j.o.Key, func(s *checkpoint.Secret, c *format.Checkpoint) (int, error) {
		return rescue.Belongs(ctx, in, s, c)
	})
	if err != nil || j.secret != nil {
		return atOpen(j.from, err)
	}
	sealedLog := false
	if j.log != nil && loaded.Checkpoint == nil {
		log, err := wal.Peek(j.log, format.LogPos{Sum: format.EmptyLogSum})
		sealedLog = err == nil && log.Sealed
	}
	switch {
	case sealedLog:
		return j.damaged(nothing("no meta page is whole, and the log is that of an encrypted database: " +
			"it cannot be recovered, as its keys were on the meta pages; a file that is not encrypted can be without that log"))
	case loaded.KeysLost():
		return j.damaged(nothing(keysLost + ": it cannot be recovered"))
	case hasKey(j.o.Key): // without one the new file would be in clear, whatever the damaged one was
		return j.damaged(nothing("a key is given, and no meta page is whole: " +
			"if the database is encrypted, it cannot be recovered, as its keys were there; if it is not, leave out the key"))
	}
	return nil
}

// temp makes a file next to the new one, which is removed when the rescue ends.
func (j *recovery) temp() (vfs.File, error) {
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return nil, err
	}
	name := j.to + "-recover-" + hex.EncodeToString(suffix[:])
	f, err := j.o.TargetFS.Open(name, vfs.ReadWrite|vfs.Create|vfs.MustCreate|vfs.NoFollow, j.o.Perm)
	if err != nil {
		return nil, files.OpenError(name, err)
	}
	j.temps = append(j.temps, tempFile{name, f})
	return f, nil
}

// dropTemps removes what did not fit into memory.
func (j *recovery) dropTemps() {
	for _, t := range j.temps {
		_ = t.file.Close()
		_ = j.o.TargetFS.Remove(t.name)
	}
	j.temps = nil
}

// close closes the files, and removes those that are not needed any more.
func (j *recovery) close() {
	j.dropTemps()
	if j.log != nil {
		_ = j.log.Close()
	}
	if j.files != nil {
		j.files.Release()
	}
	j.secret.Wipe()
}

// damaged names the damaged file in an error.
func (j *recovery) damaged(err error) error {
	var ce *CorruptionError
	if errors.As(err, &ce) && ce.File == "" {
		ce.File = j.from
	}
	return err
}

// write writes the rows into the new file.
func (j *recovery) write(ctx context.Context, r *rescue.Rescue) error {
	codec := r.Codec()
	if j.o.Compression != "" {
		named := Options{Compression: j.o.Compression, Codecs: j.o.Codecs}
		codec, _, _ = named.codec()
	}
	pageSize, blockSize := r.Report.PageSize, r.Report.BlockSize
	if j.o.PageSize != 0 {
		pageSize = j.o.PageSize
	}
	if j.o.BlockSize != 0 {
		blockSize = j.o.BlockSize
	}
	geo, err := geometryOf(pageSize, blockSize, codec, j.secret != nil)
	if err != nil {
		return &Error{Code: CodeMisuse, Op: "recover", Path: j.from, Err: err}
	}
	c := backup.New(ctx, backup.Options{Source: j.to, Geometry: geo, Codec: codec, CodecID: fileCompression(codec, j.secret != nil),
		Secret: j.secret.WithCodec(codecID(codec))})
	return c.SortedToFile(r, format.MakeSeal(mathrand.Uint64()), backup.Target{FS: j.o.TargetFS, Path: j.to,
		LogSuffix: files.LogSuffix, Replace: j.o.Replace, Perm: j.o.Perm, LockFlag: j.files.LockFlag()})
}
