// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// place is the name at which a new database file is put, in the place of an old one or of none.
// Until the new file is complete, verified and durable under a name of its own, the old one and
// its log stay as they are; whatever fails, the unfinished file is removed.
type place struct {
	fs    vfs.FS
	path  string       // canonical
	force bool         // a file or a log that is there may be replaced
	flag  vfs.OpenFlag // with which a file is opened to look at its locks
	old   fs.FileInfo  // the file that is there, nil if none
}

// newPlace looks at what is there, and refuses what must not be replaced.
func newPlace(fsys vfs.FS, path string, force bool, flag vfs.OpenFlag) (*place, error) {
	p, err := lookAtPlace(fsys, path, force, flag)
	if err != nil {
		return nil, err
	}
	_, release, err := p.lock()
	if err != nil {
		return nil, err
	}
	release()
	return p, nil
}

// lookAtPlace is newPlace of a file that the caller may have open until put replaces it.
func lookAtPlace(fsys vfs.FS, path string, force bool, flag vfs.OpenFlag) (*place, error) {
	canonical, err := fsys.Canonical(path)
	if err != nil {
		return nil, env.Errorf(env.CannotOpen, "%s: its folder must be there: %w", path, err)
	}
	p := &place{fs: fsys, path: canonical, force: force, flag: flag}
	if err := outfile.Name(fsys, canonical); err != nil {
		return nil, err
	}
	if p.old, err = p.look(p.path); err != nil {
		return nil, err
	}
	if p.old != nil && !force {
		return nil, env.Errorf(env.CannotOpen, "%s exists; give another name, or --force to replace it", path)
	}
	if p.old != nil {
		if err := outfile.Database(p.fs, path, p.path); err != nil {
			return nil, err
		}
	}
	log, err := p.look(p.log())
	if err != nil {
		return nil, err
	}
	if p.old == nil && log != nil && log.Size() > 0 && !force {
		return nil, env.Errorf(env.CannotOpen, "there is a log, %s, whose database is missing: it may hold the newest rows of that; "+
			"move it away, or give --force to remove it", p.log())
	}
	return p, nil
}

// log is the name of the log that belongs to a database at the place.
func (p *place) log() string { return p.path + logSuffix }

// look describes a regular file, nil if there is none. Anything else is an error.
func (p *place) look(name string) (fs.FileInfo, error) {
	info, err := vfs.Lstat(p.fs, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, env.Errorf(env.CannotOpen, "%s is no file: it is not replaced", name)
	}
	return info, nil
}

// put has write make a new file under another name in the same folder, and verify look at it; then
// the new file gets its name, in the place of the old one, whose log is removed. Before that,
// unchanged may still refuse while nobody else can open the old file; it may be nil.
func (p *place) put(ctx context.Context, write, verify func(temp string) error, unchanged func() error) (err error) {
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return err
	}
	temp := p.path + "-new-" + hex.EncodeToString(suffix[:])
	defer func() {
		if err != nil {
			_ = p.fs.Remove(temp) // after the rename there is nothing of this name
		}
	}()
	if err := write(temp); err != nil {
		return err
	}
	if err := verify(temp); err != nil {
		return err
	}
	if p.old != nil {
		if err := outfile.OwnAs(p.fs, temp, p.old); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.swap(temp, unchanged)
}

// perm is the mode of the new file, 0 for the default.
func (p *place) perm() fs.FileMode {
	if p.old == nil {
		return 0
	}
	return p.old.Mode().Perm()
}

// swap gives the new file its name:
//
//  1. Lock the old file, so that it is as it was seen until the end, and the new one, which nobody
//     can open then before the old log is gone.
//  2. Rename, and make that durable.
//  3. Remove the old log. It goes last: a crash before that leaves the new file next to a log that is
//     not its own, and that is never replayed into it.
func (p *place) swap(temp string, unchanged func() error) error {
	old, release, err := p.lock()
	if err != nil {
		return err
	}
	defer release()
	if (old == nil) != (p.old == nil) {
		return env.Errorf(env.Busy, "%s was made or removed meanwhile: nothing was replaced; try again", p.path)
	}
	if unchanged != nil {
		if err := unchanged(); err != nil {
			return err
		}
	}
	log, err := p.look(p.log())
	if err != nil {
		return err
	}
	unlock, err := p.rename(temp, release)
	if err != nil {
		return err
	}
	defer unlock()
	if err := p.fs.SyncDir(p.path); err != nil {
		return fmt.Errorf("%s is in place, but a power failure may bring back what was there; its log was left: %w", p.path, err)
	}
	if log == nil {
		return nil
	}
	return p.removeLog(log)
}

// rename gives the new file its name, and returns with the file locked. Where an open file cannot be
// renamed or replaced, the locks are given up for that moment.
func (p *place) rename(temp string, releaseOld func()) (unlock func(), err error) {
	if !renamesOpen {
		releaseOld()
		if err := p.fs.Rename(temp, p.path); err != nil {
			return nil, err
		}
		return p.lockNew(p.path), nil
	}
	unlock = p.lockNew(temp)
	if err := p.fs.Rename(temp, p.path); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// lockNew keeps others from opening the new file, as far as files can be locked here.
func (p *place) lockNew(name string) (unlock func()) {
	f, err := p.fs.Open(name, p.flag|vfs.ReadWrite|vfs.NoFollow, 0)
	if err != nil {
		return func() {}
	}
	_ = f.Lock(vfs.SlotDMS1, vfs.Exclusive)
	return func() { _ = f.Close() }
}

// removeLog removes the log of the old database, unless another program has written to it or made
// another one meanwhile.
func (p *place) removeLog(old fs.FileInfo) error {
	now, err := p.look(p.log())
	if err == nil && (now == nil || now.Size() != old.Size() || !now.ModTime().Equal(old.ModTime())) {
		return nil
	}
	if err == nil {
		err = p.fs.Remove(p.log())
	}
	if err == nil {
		err = p.fs.SyncDir(p.log())
	}
	if err != nil {
		return fmt.Errorf("%s is in place, but the log of the old file must still be removed: rm %s: %w", p.path, p.log(), err)
	}
	return nil
}

// lock keeps others from opening the old file, and refuses if it is open. It describes the file;
// there may be none, and then there is nothing to lock.
func (p *place) lock() (old fs.FileInfo, release func(), err error) {
	if old, err = p.look(p.path); err != nil || old == nil {
		return nil, func() {}, err
	}
	how := p.flag | vfs.NoFollow
	f, err := p.fs.Open(p.path, how|vfs.ReadWrite, 0)
	readOnly := errors.Is(err, fs.ErrPermission)
	if readOnly { // the name may be replaced even so; only the locks of others can be seen
		f, err = p.fs.Open(p.path, how, 0)
	}
	if err != nil {
		return nil, nil, err
	}
	if !readOnly {
		err = f.Lock(vfs.SlotDMS1, vfs.Exclusive)
	}
	if err == nil {
		err = free(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, p.lockError(err)
	}
	return old, func() { _ = f.Close() }, nil
}

// free returns ErrLocked if another handle has the file open.
func free(f vfs.File) error {
	for _, slots := range [][2]int{{vfs.SlotDMS1, 3}, {vfs.SlotROTrans, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
		held, err := f.Locked(slots[0], slots[1], vfs.Exclusive)
		if err != nil {
			return err
		}
		if held {
			return vfs.ErrLocked
		}
	}
	return nil
}

// lockError explains why the old file cannot be replaced.
func (p *place) lockError(err error) error {
	if errors.Is(err, vfs.ErrLocked) {
		return env.BusyError(p.path, fmt.Errorf("%s is in use, and is not replaced: %w", p.path, err))
	}
	return env.Errorf(env.CannotOpen, "%s: it cannot be seen whether it is in use, so it is not replaced; "+
		"if no other process opens it, give --set locking=optional: %w", p.path, err)
}
