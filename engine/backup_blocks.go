package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// pinnedCheckpoint is a checkpoint none of whose blocks are written over until it is
// released.
type pinnedCheckpoint struct {
	db    *DB
	state *snapshot.State
	ck    *format.Checkpoint
	free  []format.FreeEntry // all free blocks, those in the segments included
}

func (c *pinnedCheckpoint) release() {
	c.db.ledger.Release(c.state)
	c.db.leave()
}

// pinCheckpoint makes a checkpoint of everything that is committed and pins it.
func (db *DB) pinCheckpoint(ctx context.Context) (*pinnedCheckpoint, error) {
	if err := db.enter("backup"); err != nil {
		return nil, err
	}
	c := &pinnedCheckpoint{db: db}
	err := db.exportPinned(ctx, c)
	if err != nil {
		db.leave()
		return nil, err
	}
	return c, nil
}

func (db *DB) exportPinned(ctx context.Context, c *pinnedCheckpoint) error {
	if db.readOnly() {
		st, ck, free := db.ledger.PinExport()
		if !st.Live.Empty() || st.HasOld || len(ck.Free) > format.MaxFreeEntries {
			db.ledger.Release(st)
			return &Error{Code: CodeReadOnly, Op: "backup", Path: db.path,
				Detail: "the newest transactions are not in the database file, and this handle cannot write them to it; use Backup, or a handle that writes"}
		}
		c.state, c.ck, c.free = st, ck, free
		return nil
	}
	if err := db.Flush(ctx); err != nil {
		return err
	}
	if err := db.takeWorker(ctx, "backup"); err != nil {
		return err
	}
	// Whoever has the worker's turn is the only one who changes levels and free list.
	defer db.worker.release()
	if err := db.fitFreelist(ctx); err != nil {
		return err
	}
	if err := db.store(ctx); err != nil {
		return err
	}
	c.state, c.ck, c.free = db.ledger.PinExport()
	return nil
}

// copyRun is how much is copied at once.
const copyRun = 1 << 20

// blocks copies the file as a pinned checkpoint describes it. Free blocks are left out:
// what they hold has no meaning, and others may be writing there.
func (b *backup) blocks(c *pinnedCheckpoint, f vfs.File) error {
	geo := b.db.bf.Geometry()
	if b.o.PageSize != geo.PageSize || b.o.BlockSize != geo.BlockSize {
		return &Error{Code: CodeMisuse, Op: "backup", Path: b.db.path, Detail: "a copy of a checkpoint has the page and block size of the database; use Backup to change them"}
	}
	if codecID(b.codec) != codecID(b.db.codec) {
		return &Error{Code: CodeMisuse, Op: "backup", Path: b.db.path, Detail: "a copy of a checkpoint has the compression of the database; use Backup to change it"}
	}
	free := make(map[base.BlockNo]bool, len(c.free))
	for _, e := range c.free {
		free[e.Block] = true
	}
	last := base.BlockNo(c.ck.Blocks)
	for last > 0 && free[last] {
		last--
	}
	if len(c.ck.Levels) == 0 {
		last = 0
	}
	size := int64(geo.BlockSize)
	b.progress.Total = 2 * format.MetaPageSize
	for n := base.BlockNo(1); n <= last; n++ {
		if !free[n] {
			b.progress.Total += size
		}
	}
	b.progress.Bytes = 2 * format.MetaPageSize
	meta := *c.ck
	store := storeBoth
	if len(meta.Levels) == 0 {
		store = storeEmpty
	}
	if err := store(f, &meta); err != nil {
		return err
	}
	buf := make([]byte, min(copyRun, size))
	for n := base.BlockNo(1); n <= last; n++ {
		if free[n] {
			continue
		}
		end := int64(n) * size
		for at := max(end-size, 2*format.MetaPageSize); at < end; {
			run := buf[:min(int64(len(buf)), end-at)]
			got, err := b.db.files.Data().ReadAt(run, at)
			if err != nil && !errors.Is(err, io.EOF) {
				return ioerr.New("read", b.db.path, "", err)
			}
			// The last block in use need not be there to its end.
			if got == 0 {
				break
			}
			if _, err := f.WriteAt(run[:got], at); err != nil {
				return err
			}
			at += int64(got)
			b.progress.Bytes += int64(got)
			if err := b.report(false); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream is the write end of a file that is written from front to back. What is skipped
// is zero.
type stream struct {
	w   io.Writer
	pos int64
}

var errStream = &Error{Code: CodeMisuse, Op: "backup", Detail: "a stream can only be written, from front to back", Err: errors.ErrUnsupported}

var zeros [64 << 10]byte

// WriteAt implements vfs.File.
func (s *stream) WriteAt(p []byte, off int64) (int, error) {
	if off < s.pos {
		return 0, errStream
	}
	for s.pos < off {
		if err := s.write(zeros[:min(int64(len(zeros)), off-s.pos)]); err != nil {
			return 0, err
		}
	}
	return len(p), s.write(p)
}

func (s *stream) write(p []byte) error {
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.pos += int64(n)
	if err != nil {
		return ioerr.Write("write backup", "", "", err)
	}
	return nil
}

func (s *stream) ReadAt([]byte, int64) (int, error)           { return 0, errStream }
func (s *stream) Truncate(int64) error                        { return errStream }
func (s *stream) Size() (int64, error)                        { return s.pos, nil }
func (s *stream) Sync() error                                 { return nil }
func (s *stream) Close() error                                { return fs.ErrClosed }
func (s *stream) SectorSize() int                             { return 512 }
func (s *stream) Lock(int, vfs.LockKind) error                { return errStream }
func (s *stream) Locked(int, int, vfs.LockKind) (bool, error) { return false, errStream }
