package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// BackupOptions say how a copy of a database is made. The zero value makes a new file in
// the database's own file system, with pages and blocks of the database's own sizes and
// its compression.
type BackupOptions struct {
	// FS is where the copy goes; nil is where the database is. A database in memory is
	// copied to the disk by vfs.OS.
	FS vfs.FS
	// Replace allows the copy to take the place of a file of its name, which nobody may
	// have open. Without it such a file is an error (fs.ErrExist).
	Replace bool
	// PageSize and BlockSize are those of the copy, in bytes, under the rules of
	// Options; 0 is those of the database. CopyCheckpoint takes no others.
	PageSize, BlockSize int
	// Compression is that of the copy, as in Options; empty is that of the database.
	// CopyCheckpoint takes no other.
	Compression string
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
	// Total is about how many bytes it will be, at most: rows that are deleted or
	// overwritten count until they are met. At the end it is Bytes.
	Total int64
}

// Backup copies the newest committed state into a new database file, which then holds
// every row once, in a single densely packed segment with a page sum on every page. It
// is in the state of a database that was closed: it has no log, and lsmlite and C lsm1
// open it.
//
// The state is that of one moment. Readers and writers go on meanwhile, as beside any
// open Snapshot; what they cannot reuse until the copy is made is what a snapshot of that
// length pins. Memory is bounded by some 64 KiB for each segment of the database.
// Read-only handles can be copied, too.
//
// The copy is written under another name beside path, synced, and renamed when it is
// whole, so a file of the name path is always a whole copy; whatever fails, ctx's end
// included, leaves nothing behind. Only a crash may leave the unfinished file, named
// path, "-backup-" and eight digits, which can be removed. Beside path there must be no
// log: whoever opens the copy would overwrite it.
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
	b, err := s.db.newBackup(ctx, o)
	if err != nil {
		return err
	}
	return b.toPath(path, func(f vfs.File) error { return b.rows(s.state, f) })
}

// BackupTo is Backup into a stream, such as an upload. The file begins with what is known
// only at its end, so everything is read twice, and written once.
func (db *DB) BackupTo(ctx context.Context, w io.Writer, o BackupOptions) error {
	s, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	b, err := db.newBackup(ctx, o)
	if err != nil {
		return err
	}
	return b.rowsTo(s.state, w)
}

// CopyCheckpoint makes everything that is committed part of a checkpoint and copies the
// database file as of that checkpoint, block by block. It is the cheap form of Backup:
// the copy reads and writes bytes, not rows, keeps segments, ages and codec as they are,
// and is about as large as the file. It verifies nothing; Check on the copy does.
//
// The checkpoint waits for the writer's turn; then writers go on as for Backup. What it
// promises of the new file is what Backup promises. A read-only handle can copy a
// database that was closed; with a log to replay, the state is not one that the file
// holds, and the call fails with ErrReadOnly.
func (db *DB) CopyCheckpoint(ctx context.Context, path string, o BackupOptions) error {
	b, err := db.newBackup(ctx, o)
	if err != nil {
		return err
	}
	c, err := db.pinCheckpoint(ctx)
	if err != nil {
		return err
	}
	defer c.release()
	return b.toPath(path, func(f vfs.File) error { return b.blocks(c, f) })
}

// CopyCheckpointTo is CopyCheckpoint into a stream. Free blocks are zeros in it.
func (db *DB) CopyCheckpointTo(ctx context.Context, w io.Writer, o BackupOptions) error {
	b, err := db.newBackup(ctx, o)
	if err != nil {
		return err
	}
	c, err := db.pinCheckpoint(ctx)
	if err != nil {
		return err
	}
	defer c.release()
	if err := b.blocks(c, &stream{w: w}); err != nil {
		return err
	}
	return b.report(true)
}

// backup is one copy being made.
type backup struct {
	ctx      context.Context
	db       *DB
	o        BackupOptions
	codec    Codec // of the copy; nil for none
	progress BackupProgress
	reported int64 // progress.Bytes at the last report
}

func (db *DB) newBackup(ctx context.Context, o BackupOptions) (*backup, error) {
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
	b := &backup{ctx: ctx, db: db, o: o, codec: db.codec}
	if o.Compression != "" {
		var err error
		named := Options{Compression: o.Compression, Codecs: db.opts.Codecs}
		if b.codec, _, err = named.codec(); err != nil {
			return nil, &Error{Code: CodeMisuse, Op: "backup", Path: db.path, Err: err}
		}
	}
	return b, nil
}

// reportBytes is how much is written between two reports of progress.
const reportBytes = 1 << 20

// report tells of progress, if it is time to, and whether to go on.
func (b *backup) report(end bool) error {
	if end {
		b.progress.Total = b.progress.Bytes
	} else {
		b.progress.Total = max(b.progress.Total, b.progress.Bytes)
		if b.progress.Bytes-b.reported < reportBytes {
			return b.ctx.Err()
		}
	}
	b.reported = b.progress.Bytes
	if b.o.Progress != nil {
		b.o.Progress(b.progress)
	}
	return b.ctx.Err()
}

// toPath has write fill a new file and gives it the name path when it is whole:
//
//  1. Refuse a path that is taken, or that has a log beside it.
//  2. Write a file of another name, and sync it and that name.
//  3. Look again, because that took a while, and rename.
//  4. Sync the name.
func (b *backup) toPath(path string, write func(vfs.File) error) (err error) {
	fail := func(op string, err error) error {
		if errors.Is(err, b.ctx.Err()) {
			return err
		}
		return ioerr.Write(op, path, "", err)
	}
	fsys := b.o.FS
	asked := path
	path, err = fsys.Canonical(path)
	if err != nil {
		return &Error{Code: CodeCantOpen, Op: "backup", Path: asked, Err: err}
	}
	if link, err := vfs.IsLink(fsys, asked); link || err != nil {
		return &Error{Code: CodeCantOpen, Op: "backup", Path: asked,
			Detail: "the copy does not take the place of what a link leads to; give the name of a file", Err: cmp.Or(err, vfs.ErrLink)}
	}
	old, err := b.mayTake(path)
	if err != nil {
		return err
	}
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return fail("backup", err)
	}
	temp := path + "-backup-" + hex.EncodeToString(suffix[:])
	f, err := fsys.Open(temp, vfs.ReadWrite|vfs.Create|vfs.MustCreate|vfs.NoFollow, b.perm(old))
	if err != nil {
		return &Error{Code: CodeCantOpen, Op: "backup", Path: temp, Err: err}
	}
	open := true
	id, err := vfs.Identify(fsys, f)
	still := func() error { // the name of the copy is that of the copy
		if has, err := id.Has(temp); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		} else if err == nil && !has {
			return &Error{Code: CodeMoved, Op: "backup", Path: temp, Detail: "the unfinished copy was renamed, replaced or removed; what has its name is left alone"}
		}
		return nil
	}
	defer func() {
		if err == nil {
			return
		}
		if open {
			_ = f.Close()
		}
		if still() == nil {
			_ = fsys.Remove(temp)
		}
	}()
	if err == nil {
		err = b.ownAs(f, old)
	}
	if err != nil {
		return fail("backup", err)
	}
	if err := write(f); err != nil {
		return fail("backup", err)
	}
	if err := f.Sync(); err != nil {
		return fail("sync", err)
	}
	open = false
	if err := f.Close(); err != nil {
		return fail("close", err)
	}
	// The name of the unfinished file first: a file system may order the two names as it
	// likes, and must not make the new one durable before the file is.
	if err := fsys.SyncDir(temp); err != nil {
		return fail("sync directory of", err)
	}
	if _, err := b.mayTake(path); err != nil {
		return err
	}
	if err := b.report(true); err != nil {
		return err
	}
	if err := still(); err != nil {
		return fail("rename", err)
	}
	if err := fsys.Rename(temp, path); err != nil {
		return fail("rename", err)
	}
	if err := fsys.SyncDir(path); err != nil {
		// The copy is whole and has its name; only a crash could take the name back.
		return ioerr.New("sync directory of", path, "the copy is complete, but a power failure may take its name back", err)
	}
	return nil
}

// perm is the mode of the new file: that of the file whose place it takes, if nothing is said.
func (b *backup) perm(old fs.FileInfo) fs.FileMode {
	if b.o.Perm == 0 && old != nil {
		return old.Mode().Perm()
	}
	return b.o.Perm
}

// ownAs gives the copy the owner of the file whose place it takes, and its mode unless the
// options say another.
func (b *backup) ownAs(f vfs.File, old fs.FileInfo) error {
	able, ok := f.(vfs.Owner)
	if !ok || old == nil || b.o.Perm != 0 {
		return nil
	}
	if err := able.OwnAs(old); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// mayTake refuses a path at which a copy must not be put: where there is a file, unless it
// may be replaced and nobody uses it; and where there is a log, which whoever opens the
// copy would overwrite. It describes the file that will be replaced, if there is one.
func (b *backup) mayTake(path string) (old fs.FileInfo, err error) {
	log := path + files.LogSuffix
	switch info, err := vfs.Lstat(b.o.FS, log); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, &Error{Code: CodeCantOpen, Op: "backup", Path: log, Err: err}
	case info.Size() > 0 || !info.Mode().IsRegular():
		return nil, &Error{Code: CodeCantOpen, Op: "backup", Path: path,
			Detail: fmt.Sprintf("there is a log, %s, which would be overwritten when the copy is opened; remove it, or close the database it belongs to", log)}
	}
	old, err = vfs.Lstat(b.o.FS, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, &Error{Code: CodeCantOpen, Op: "backup", Path: path, Err: err}
	case !b.o.Replace:
		return nil, &Error{Code: CodeCantOpen, Op: "backup", Path: path, Detail: "the file exists; choose another name, or allow it to be replaced", Err: fs.ErrExist}
	}
	f, err := b.o.FS.Open(path, vfs.ReadOnly|vfs.NoFollow|b.db.files.LockFlag(), 0)
	if err != nil {
		return nil, &Error{Code: CodeCantOpen, Op: "backup", Path: path, Err: err}
	}
	defer f.Close()
	for _, slots := range [][2]int{{vfs.SlotDMS1, 3}, {vfs.SlotROTrans, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		held, err := f.Locked(slots[0], slots[1], vfs.Exclusive)
		if err != nil {
			return nil, &Error{Code: CodeProtocol, Op: "test lock", Path: path, Err: err}
		}
		if held {
			return nil, &Error{Code: CodeBusy, Op: "backup", Path: path, Detail: "the file to be replaced is a database that is open; close it first"}
		}
	}
	return old, nil
}
