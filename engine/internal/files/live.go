// SPDX-License-Identifier: Apache-2.0

package files

import (
	"errors"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// livePath returns the name of the file that says to readers in other processes what they may see.
func (f *Files) livePath() string { return f.Path + live.Suffix }

// Ranges returns the locks that such readers need, or an error that says why there can be none.
func (f *Files) Ranges() (vfs.RangeLocker, error) {
	why := ""
	var cause error
	able, ok := f.data.(vfs.RangeLocker)
	if kind, far := vfs.Remote(f.data); far {
		why = fmt.Sprintf("it is on a file system of the kind %s, on which a process of another machine would not see "+
			"what is written at the same time", kind)
	} else if !ok {
		why = "the files of this platform cannot be locked as that needs"
	} else if _, _, cause = able.RangeLocked(vfs.FirstRangeByte, 1, vfs.Shared); cause != nil {
		why = "the file cannot be locked as that needs"
	}
	if why == "" {
		return rangeLocks{able, f.Path}, nil
	}
	return nil, &errs.Error{Code: errs.CodeProtocol, Op: "open", Path: f.Path, Err: cause,
		Detail: "readers=on lets other processes read the database while this one writes it, but " + why + "; open it without readers=on"}
}

// rangeLocks are those of the database file. Their errors have a code.
type rangeLocks struct {
	locks vfs.RangeLocker
	path  string
}

// LockRange implements vfs.RangeLocker.
func (l rangeLocks) LockRange(off, n int64, kind vfs.LockKind) error {
	return ioerr.Lock("lock for readers", l.path, l.locks.LockRange(off, n, kind))
}

// RangeLocked implements vfs.RangeLocker.
func (l rangeLocks) RangeLocked(off, n int64, kind vfs.LockKind) (vfs.ByteLock, bool, error) {
	lock, held, err := l.locks.RangeLocked(off, n, kind)
	return lock, held, ioerr.Lock("look for readers", l.path, err)
}

// OpenLive makes the file for readers in other processes, or opens the one that a process left which has died. It
// returns what that holds. A file of another program is refused and left as it is.
func (f *Files) OpenLive() (page io.WriterAt, before []byte, err error) {
	path, perm := f.livePath(), f.Perm
	like := f.dataID.Info()
	if like != nil {
		perm = like.Mode().Perm()
	}
	file, err := f.FS.Open(path, vfs.NoFollow|vfs.ReadWrite|vfs.Create, perm)
	if err != nil {
		return nil, nil, OpenError(path, err)
	}
	f.live = &livePage{File: file, path: path}
	size, err := file.Size()
	if err == nil {
		before = make([]byte, min(size, live.PageBytes+1))
		_, err = file.ReadAt(before, 0)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, ioerr.New("read", path, "", err)
	}
	if !live.MayReplace(before) {
		return nil, nil, &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: f.Path,
			Detail: fmt.Sprintf("%s has the name of the file that readers=on needs, but is another one; it is left as it is; give it "+
				"another name, or remove it, to open the database with readers=on", path)}
	}
	if able, ok := file.(vfs.Owner); ok && like != nil && size == 0 {
		if err := able.OwnAs(like); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return nil, nil, OpenError(path, err)
		}
	}
	return f.live, before, nil
}

// livePage is the file, which is written through a mapping after the first write, where that can be done: a
// transaction of one row would be a sixth slower otherwise. Its user writes one thing after the other.
type livePage struct {
	vfs.File
	path   string
	mapped vfs.WriteMapping // nil: none
}

// WriteAt implements io.WriterAt. After an error, which has a code, the next write is one to the file.
func (p *livePage) WriteAt(b []byte, off int64) (n int, err error) {
	if n, err = p.write(b, off); err != nil {
		err = ioerr.Write("write", p.path, "", err)
	}
	return n, err
}

func (p *livePage) write(b []byte, off int64) (int, error) {
	if p.mapped != nil {
		n, err := p.mapped.WriteAt(b, off)
		if err != nil {
			p.unmap()
		}
		return n, err
	}
	n, err := p.File.WriteAt(b, off)
	if able, ok := p.File.(vfs.WriteMapper); ok && err == nil && off+int64(n) >= live.PageBytes {
		if m, err := able.MapWrite(live.PageBytes); err == nil {
			p.mapped = m
		}
	}
	return n, err
}

// unmap ends the mapping.
func (p *livePage) unmap() {
	if p.mapped != nil {
		_ = p.mapped.Close()
		p.mapped = nil
	}
}

// Close closes the file.
func (p *livePage) Close() error {
	p.unmap()
	return p.File.Close()
}

// RemoveLive removes that file, because nobody needs it any more. What has its name by now is removed only if it is the
// same file. An error is of no consequence: the next writer finds the file.
func (f *Files) RemoveLive() error {
	f.live.unmap()
	id, err := vfs.Identify(f.FS, f.live.File)
	if err != nil {
		return err
	}
	if !vfs.RemovesOpen(f.FS) {
		if err := f.live.Close(); err != nil {
			return err
		}
	}
	if has, err := id.Has(f.livePath()); !has && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return f.FS.Remove(f.livePath())
}
