// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// run is what one writer does, from its opening to its end, as far as it is followed. It has files of its own: the next
// run may be of others with the same names.
type run struct {
	path            string
	data, page, log vfs.File
	reader          *live.Reader
	id              [16]byte
	pid             int // of the writer; 0 if it is not known

	// What is shown of it, nothing at first.
	claim      *claim
	checkpoint *format.Checkpoint
	disk       *snapshot.Snapshot
	pages      *blockfile.File
	tail       *wal.Tail
	tree       *memtree.Tree
	end        wal.Place
	lies       regions // of the log, after the checkpoint

	atRest atRest
}

// openRun opens the files of the run that goes on. It returns ErrNoWriter if there is none.
func openRun(c *Config) (r *run, err error) {
	r = &run{path: c.Path}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	open := func(to *vfs.File, path string, flags vfs.OpenFlag) error {
		file, err := c.FS.Open(path, flags|vfs.ReadOnly, 0)
		if err != nil {
			return err
		}
		*to = file
		return nil
	}
	if err := open(&r.data, c.Path, 0); err != nil {
		return r, err
	}
	locks, ok := r.data.(vfs.RangeLocker)
	if !ok {
		return r, ErrNoWriter
	}
	if err := open(&r.page, c.Path+live.Suffix, vfs.NoFollow); err != nil {
		return r, missing(err, ErrNoWriter)
	}
	if _, _, err := locks.RangeLocked(watchByte, 1, vfs.Exclusive); err != nil {
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, vfs.ErrLockUnsupported) {
			return r, ErrNoWriter // which nobody can be here
		}
		return r, err
	}
	if by, far := vfs.Remote(r.data); far {
		return r, &errs.Error{Code: errs.CodeProtocol, Op: "open", Path: c.Path, Detail: "another process has the database open, and the file is on " + by +
			", where two processes may not see each other's writes and locks; read it through that process, or put it on a disk of this machine"}
	}
	r.reader = live.NewReader(live.ReaderConfig{Locks: locks, Page: r.page})
	page, err := r.reader.Read()
	if err != nil {
		return r, liveError(err)
	}
	r.id = page.Run
	// The name of the log is that of this run's if the run still goes on after it was opened; see adopt.
	if err := open(&r.log, c.LogPath, vfs.NoFollow|vfs.FarLocks); err != nil {
		return r, missing(err, ErrNoWriter)
	}
	r.pid, _ = live.FindWriter(locks)
	return r, nil
}

// missing returns instead of the error of a file that is not there.
func missing(err, instead error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return instead
	}
	return err
}

// close closes the files, and with that gives up all pins.
func (r *run) close() {
	if r.pages != nil {
		r.pages.Close()
	}
	for _, f := range []vfs.File{r.log, r.page, r.data} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// look reads what may be seen. It counts once the run was seen to go on after that.
func (r *run) look() (live.Page, error) {
	p, err := r.reader.Read()
	if err == nil && p.Run != r.id {
		err = ErrNoWriter
	}
	return p, liveError(err)
}

// attach holds on to the newest checkpoint, and returns what a meta page says of it.
func (r *run) attach(decode func([]byte) (*format.Checkpoint, error)) (x *claim, c *format.Checkpoint, err error) {
	x = &claim{run: r, decode: decode}
	r.reader.Find = func(id base.SnapshotID) (bool, error) {
		for i := 1; i <= 2; i++ {
			meta, err := blockfile.ReadMeta(r.data, r.path, i)
			if err != nil {
				return false, err
			}
			if c, err = decode(meta); err == nil && c.ID == id {
				x.ref = format.RefOf(meta)
				return true, nil
			}
		}
		return false, nil // while the writer stores the next one
	}
	if x.hold, err = r.reader.Attach(); err != nil {
		return nil, nil, liveError(err)
	}
	err = format.CheckBlocks(uint64(c.Blocks))
	if x.hold.Page.Run != r.id {
		err = ErrNoWriter
	}
	if err != nil {
		_ = x.hold.Release()
		return nil, nil, err
	}
	return x, c, nil
}

// Writer returns the process that has a database file open for writing, if it is one of lsmlite and known.
func Writer(data vfs.File) (pid int, known bool) {
	locks, ok := data.(vfs.RangeLocker)
	if !ok {
		return 0, false
	}
	return live.FindWriter(locks)
}
