// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Restore puts a backup in the place of a database.
type Restore struct {
	env.Settings
	Backup string `arg:"" help:"Backup, which is a database file, with its log if it has one; or a target."`
	File   string `arg:"" help:"Database file to be made, or to be replaced."`
	Force  bool   `short:"f" help:"Replace the database if it exists, damaged or not, together with its log."`
}

// AboutRestore is part of the help.
const AboutRestore = "First the backup is checked completely. Then its rows are written to a new file next to the database, which is read again " +
	"and compared with the backup. Only then the new file gets the name of the database, in one step, and the log of the old one is removed. " +
	"Whatever fails before that, Ctrl-C included, the database stays as it is. A database that is in use is not replaced. " +
	"The backup is not changed."

// Run restores the backup.
func (r Restore) Run(ctx context.Context, e *env.Env) (err error) {
	cipher, err := r.CipherOf(r.Backup)
	if err != nil {
		return err
	}
	db, err := r.Open(ctx, r.Backup, env.Read)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := different(r.Backup, r.File); err != nil {
		return err
	}
	made, err := restore(ctx, e, db.Engine, restoring{fs: vfs.OS, backup: r.Backup, file: r.File, force: r.Force, cipher: cipher})
	if err != nil {
		return err
	}
	return printCopied(e, r.Backup, r.File, made)
}

// restoring names what a restore works on.
type restoring struct {
	fs           vfs.FS // of the file
	backup, file string
	force        bool
	cipher       string // empty: that of the backup
}

// restore checks a backup and puts its rows in the place of a file.
func restore(ctx context.Context, e *env.Env, backup *engine.DB, r restoring) (copied, error) {
	to, err := newPlace(r.fs, r.file, r.force, lockFlag(backup))
	if err != nil {
		return copied{}, err
	}
	for p := range problems(ctx, e, backup, "check "+r.backup) {
		return copied{}, env.Errorf(env.Damaged, "the backup is damaged, and %s was left as it is: %s\n"+
			"lsmlite check %s lists all problems, and lsmlite recover %s NEW.lsm saves what can still be read", r.file, p, r.backup, r.backup)
	}
	if err := ctx.Err(); err != nil {
		return copied{}, err
	}
	c := copying{e: e, source: backup, name: r.backup, to: to, verify: true, shape: engine.BackupOptions{Cipher: r.cipher}}
	return c.run(ctx)
}
