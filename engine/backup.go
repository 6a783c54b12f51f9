// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"context"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// BackupOptions say how a copy of a database is made. The zero value makes a new file in
// the database's own file system, with pages and blocks of the database's own sizes and
// its compression.
type BackupOptions struct {
	// FS is where the copy goes; nil is where the database is. A database in memory is
	// copied to the disk by vfs.OS.
	FS vfs.FS
	// Replace allows the copy to replace a file of its name, unless that file is open.
	// Without it such a file is an error (fs.ErrExist).
	Replace bool
	// PageSize and BlockSize are those of the copy, in bytes, under the rules of
	// Options; 0 is those of the database. CopyCheckpoint cannot change them.
	PageSize, BlockSize int
	// Compression is that of the copy, as in Options; empty is that of the database.
	// CopyCheckpoint cannot change it.
	Compression string
	// Key is that of the copy, which then has a data key of its own: so the key of an encrypted database is
	// changed, or one in clear becomes encrypted. With nil, the copy of an encrypted database has its data key, and all
	// of its keys open it. keys.None makes a copy in clear. CopyCheckpoint keeps the keys and cannot change them.
	// Whatever its keys are, a copy has a history of its own: Options.NotBefore takes a token of the copy.
	Key keys.Source
	// Cipher is that of a copy with a Key, as in Options; empty is that of the database, or the default if that is in
	// clear. Without Key the copy has the cipher of the database, and another one is refused: a key is never used with
	// two ciphers.
	Cipher string
	// Perm is the mode of the new file. If it is 0, a file that takes the place of another
	// one gets that one's mode, and where the process runs as the superuser its owner and
	// group, too; a new one gets 0600.
	Perm fs.FileMode
	// Progress is called about once for each MiB that has been written, and once at the
	// end, by the goroutine that called. It may be nil.
	Progress func(BackupProgress)
}

// BackupProgress is how far a copy has come.
type BackupProgress struct {
	Rows  int64 // rows copied; 0 for CopyCheckpoint, which knows none
	Bytes int64 // bytes written
	// Total is about how many bytes there will be at most: deleted or overwritten rows count
	// until the copy meets them. At the end it is Bytes.
	Total int64
}

// Backup copies the newest committed state into a new database file, which then holds
// every row once, in a single densely packed segment with a page sum on every page. It
// is in the state of a database that was closed: it has no log, and lsmlite and C lsm1
// open it.
//
// The state is that of one moment. Readers and writers go on, as with any open Snapshot. Until
// the copy is made, it pins what a snapshot would pin. Memory is bounded by about 64 KiB for each
// segment of the database. Read-only handles can be copied, too.
//
// The copy is written under another name in the same folder, synced, and renamed when it is
// whole, so a file of the name path is always a whole copy; whatever fails, ctx's end included,
// leaves no file. Only a crash may leave the unfinished file, named path, "-backup-" and eight
// digits, which can be removed. In that folder there must be no log of path's name: it would be
// overwritten when the copy is opened.
func (db *DB) Backup(ctx context.Context, path string, o BackupOptions) error {
	s, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Backup(ctx, path, o)
}

// Backup copies what the snapshot shows; see DB.Backup.
func (s *Snapshot) Backup(ctx context.Context, path string, o BackupOptions) error {
	if err := s.usable("backup"); err != nil {
		return err
	}
	c, err := newCopy(ctx, s.db, &o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.RowsToFile(s.pin.state, o.target(s.db, path))
}

// BackupTo is Backup into a stream, such as an upload. The beginning of the file needs what is
// known only at the end, so everything is read twice, and written once.
func (db *DB) BackupTo(ctx context.Context, w io.Writer, o BackupOptions) error {
	s, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	c, err := newCopy(ctx, db, &o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.RowsTo(s.pin.state, w)
}

// CopyCheckpoint makes everything that is committed part of a checkpoint and copies the
// database file as of that checkpoint, block by block. It is the cheap form of Backup:
// the copy reads and writes bytes, not rows, keeps segments, ages and codec as they are,
// and is about as large as the file. It verifies nothing; run Check on the copy.
//
// The checkpoint waits for the writer's turn; then writers go on as for Backup. The promises for
// the new file are those of Backup. A read-only handle can copy a database that was closed; with
// a log to replay, the state is not one that the file holds, and the call fails with ErrReadOnly.
func (db *DB) CopyCheckpoint(ctx context.Context, path string, o BackupOptions) error {
	return copyCheckpoint(ctx, db, o, func(c *backup.Copy, k backup.Checkpoint, o *BackupOptions) error {
		return c.BlocksToFile(k, o.target(db, path))
	})
}

// CopyCheckpointTo is CopyCheckpoint into a stream. Free blocks are zeros in it.
func (db *DB) CopyCheckpointTo(ctx context.Context, w io.Writer, o BackupOptions) error {
	return copyCheckpoint(ctx, db, o, func(c *backup.Copy, k backup.Checkpoint, _ *BackupOptions) error {
		return c.BlocksTo(k, w)
	})
}

// copyCheckpoint makes a checkpoint and calls copyTo to copy it.
func copyCheckpoint(ctx context.Context, db *DB, o BackupOptions,
	copyTo func(*backup.Copy, backup.Checkpoint, *BackupOptions) error) error {
	c, err := newCopy(ctx, db, &o)
	if err != nil {
		return err
	}
	defer c.Close()
	if db.attached != nil && !db.attached.atRest() {
		return &Error{Code: CodeReadOnly, Op: "backup", Path: db.path, Detail: "another process writes the database, and only that one can make a " +
			"checkpoint of it; use Backup, or a handle that writes"}
	}
	geo := db.bf.Geometry()
	if o.PageSize != geo.PageSize || o.BlockSize != geo.BlockSize {
		return &Error{Code: CodeMisuse, Op: "backup", Path: db.path,
			Detail: "a copy of a checkpoint has the page and block size of the database; use Backup to change them"}
	}
	if o.Key != nil {
		return &Error{Code: CodeMisuse, Op: "backup", Path: db.path,
			Detail: "a copy of a checkpoint has the keys of the database; use Backup to change them"}
	}
	if codec, _ := o.codec(db); codecID(codec) != codecID(db.usedCodec()) {
		return &Error{Code: CodeMisuse, Op: "backup", Path: db.path,
			Detail: "a copy of a checkpoint has the compression of the database; use Backup to change it"}
	}
	k, release, err := pinCheckpoint(ctx, db)
	if err != nil {
		return err
	}
	defer release()
	return copyTo(c, k, &o)
}

// newCopy prepares a copy of a database, and fills in what the options leave out.
func newCopy(ctx context.Context, db *DB, o *BackupOptions) (*backup.Copy, error) {
	if err := db.usable("backup"); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.FS == nil {
		o.FS = db.files.FS
	}
	if o.PageSize == 0 {
		o.PageSize = db.opts.PageSize
	}
	if o.BlockSize == 0 {
		o.BlockSize = db.opts.BlockSize
	}
	codec, err := o.codec(db)
	var secret *checkpoint.Secret
	if err == nil {
		if secret, err = o.secret(ctx, db, codec); err != nil {
			return nil, atOpen(db.path, err)
		}
	}
	var geo format.Geometry
	if err == nil {
		geo, err = geometryOf(o.PageSize, o.BlockSize, codec, secret != nil)
	}
	own := hasKey(o.Key) // and not the database's
	if err != nil {
		if own {
			secret.Wipe()
		}
		return nil, &Error{Code: CodeMisuse, Op: "backup", Path: db.path, Err: err}
	}
	internal := backup.Options{Source: db.path, Geometry: geo, Codec: codec, CodecID: fileCompression(codec, secret != nil),
		Secret: secret, Own: own}
	if report := o.Progress; report != nil {
		internal.Progress = func(p backup.Progress) { report(BackupProgress(p)) }
	}
	return backup.New(ctx, internal), nil
}

// secret returns that of a copy, nil for one in clear.
func (o *BackupOptions) secret(ctx context.Context, db *DB, codec Codec) (*checkpoint.Secret, error) {
	if _, err := crypt.SuiteOf(o.Cipher); err != nil {
		return nil, err
	}
	switch {
	case hasKey(o.Key):
		return newSecretOf(ctx, o.Key, cmp.Or(o.Cipher, db.opts.Cipher), codec)
	case o.Key != nil || db.secret == nil:
		if o.Cipher != "" {
			return nil, cipherWithoutKey(o.Cipher)
		}
		return nil, nil
	}
	if own := db.secret.Keys().Suite().String(); o.Cipher != "" && o.Cipher != own {
		return nil, &Error{Code: CodeMisuse, Op: "backup", Path: db.path, Detail: "a copy with the keys of the database has its cipher, " +
			own + ", and cannot have " + o.Cipher + "; give a key, and the copy gets a data key of its own (lsmlite rewrite --encrypt)"}
	}
	return db.secret.WithCodec(codecID(codec)), nil
}

// codec returns the codec of a copy, nil for none.
func (o *BackupOptions) codec(db *DB) (Codec, error) {
	if o.Compression == "" {
		return db.usedCodec(), nil
	}
	named := Options{Compression: o.Compression, Codecs: db.opts.Codecs}
	c, _, err := named.codec()
	return c, err
}

// target is the file that a copy is to become.
func (o *BackupOptions) target(db *DB, path string) backup.Target {
	return backup.Target{
		FS: o.FS, Path: path, LogSuffix: files.LogSuffix, Replace: o.Replace, Perm: o.Perm, LockFlag: db.files.LockFlag(),
	}
}
