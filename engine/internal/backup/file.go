// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// toFile has write fill a new file and gives it the name of the target when it is whole:
//
//  1. Refuse a name that is taken, or that has a log in the same folder.
//  2. Write a file of another name, and sync it and that name.
//  3. Look again, because that took a while, and rename.
//  4. Sync the name.
//
// Whatever fails, nothing of the unfinished file is left.
func (c *Copy) toFile(to Target, write func(vfs.File) error) error {
	u, err := c.begin(&to)
	if err != nil {
		return err
	}
	return c.end(u, &to, write)
}

// begin makes the unfinished file of a target: step 1.
func (c *Copy) begin(to *Target) (*unfinished, error) {
	if err := to.canonical(); err != nil {
		return nil, err
	}
	old, err := to.mayTake()
	if err != nil {
		return nil, err
	}
	u, err := to.create(old)
	if err != nil {
		return nil, c.fail("backup", to.Path, err)
	}
	return u, nil
}

// end fills the unfinished file and makes it the target: steps 2 to 4.
func (c *Copy) end(u *unfinished, to *Target, write func(vfs.File) error) error {
	if err := c.finish(u, to, write); err != nil { // 2 and 3
		u.discard()
		return err
	}
	if err := to.FS.SyncDir(to.Path); err != nil { // 4
		// The copy is whole and has its name; only a crash could take the name back.
		return ioerr.New("sync directory of", to.Path,
			"the copy is complete, but a power failure may take its name back", err)
	}
	return nil
}

// finish fills the unfinished file and renames it.
func (c *Copy) finish(u *unfinished, to *Target, write func(vfs.File) error) error {
	if err := write(u.file); err != nil {
		return c.fail("backup", to.Path, err)
	}
	if err := u.file.Sync(); err != nil {
		return c.fail("sync", to.Path, err)
	}
	if err := u.close(); err != nil {
		return c.fail("close", to.Path, err)
	}
	// The name of the unfinished file first: a file system may order the two names as it
	// likes, and must not make the new one durable before the file is.
	if err := to.FS.SyncDir(u.name); err != nil {
		return c.fail("sync directory of", to.Path, err)
	}
	if _, err := to.mayTake(); err != nil {
		return err
	}
	if err := c.report(true); err != nil {
		return err
	}
	if err := u.stillNamed(); err != nil {
		return c.fail("rename", to.Path, err)
	}
	if err := to.FS.Rename(u.name, to.Path); err != nil {
		return c.fail("rename", to.Path, err)
	}
	return nil
}

// fail names what failed on the way to a path, unless the error does so itself.
func (c *Copy) fail(op, path string, err error) error {
	if errors.Is(err, c.ctx.Err()) {
		return err
	}
	return ioerr.Write(op, path, "", err)
}

// unfinished is the file that a copy is written to, under a name of its own.
type unfinished struct {
	fs   vfs.FS
	name string
	file vfs.File
	id   vfs.Identity
	open bool
}

// create makes an unfinished file in the folder of the target, which may be to replace old.
func (t *Target) create(old fs.FileInfo) (*unfinished, error) {
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return nil, err
	}
	name := t.Path + "-backup-" + hex.EncodeToString(suffix[:])
	f, err := t.FS.Open(name, vfs.ReadWrite|vfs.Create|vfs.MustCreate|vfs.NoFollow, t.perm(old))
	if err != nil {
		return nil, cantOpen(name, "", err)
	}
	u := &unfinished{fs: t.FS, name: name, file: f, open: true}
	u.id, err = vfs.Identify(t.FS, f)
	if err == nil {
		err = t.ownAs(f, old)
	}
	if err != nil {
		u.discard()
		return nil, err
	}
	return u, nil
}

// stillNamed returns an error if the name of the unfinished file is that of another one.
func (u *unfinished) stillNamed() error {
	switch has, err := u.id.Has(u.name); {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	case !has:
		return &errs.Error{Code: errs.CodeMoved, Op: "backup", Path: u.name,
			Detail: "the unfinished copy was renamed, replaced or removed; what has its name is left alone"}
	}
	return nil
}

func (u *unfinished) close() error {
	u.open = false
	return u.file.Close()
}

// discard closes the file and removes it, unless its name is that of another one.
func (u *unfinished) discard() {
	if u.open {
		_ = u.file.Close()
	}
	if u.stillNamed() == nil {
		_ = u.fs.Remove(u.name)
	}
}
