// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// copying makes a verified copy of a database at a place.
type copying struct {
	e      *env.Env
	source *engine.DB
	name   string // of the source, as the caller named it
	to     *place
	verify bool
	// PageSize, BlockSize, Compression, Key and Cipher of the copy, as in BackupOptions.
	shape engine.BackupOptions
	// closeSource is called before the old file is replaced, and unchanged may still refuse that
	// then; both may be nil.
	closeSource func() error
	unchanged   func() error
}

// copied is what a copy has come to.
type copied struct {
	Rows     int64 `json:"rows"`
	Bytes    int64 `json:"bytes"`
	Verified bool  `json:"verified"`
}

// run copies the newest state of the source. While it runs readers and writers of this process go on.
func (c *copying) run(ctx context.Context) (made copied, err error) {
	s, err := c.source.Snapshot(ctx)
	if err != nil {
		return made, err
	}
	defer s.Close()
	write := func(temp string) error { return c.write(ctx, s, temp, &made) }
	verify := func(temp string) error {
		if c.verify {
			if err := c.check(ctx, s, temp); err != nil {
				return err
			}
			made.Verified = true
		}
		if c.closeSource == nil {
			return nil
		}
		return errors.Join(s.Close(), c.closeSource())
	}
	return made, c.to.put(ctx, write, verify, c.unchanged)
}

// write makes the copy under the name temp.
func (c *copying) write(ctx context.Context, s *engine.Snapshot, temp string, made *copied) error {
	p := c.e.Progress("copy "+c.name, env.Bytes, 0)
	defer p.Done()
	o := c.shape
	o.FS, o.Perm = c.to.fs, c.to.perm()
	o.Progress = func(now engine.BackupProgress) {
		made.Rows, made.Bytes = now.Rows, now.Bytes
		p.SetTotal(now.Total)
		p.Set(now.Bytes)
	}
	return s.Backup(ctx, temp, o)
}

// check reads all of the copy, and compares its rows with those that were to be copied.
func (c *copying) check(ctx context.Context, s *engine.Snapshot, temp string) error {
	o := c.source.Options()
	db, err := engine.Open(ctx, temp, engine.Options{FS: c.to.fs, ReadOnly: true, MustExist: true, Codecs: o.Codecs,
		OptionalLocks: o.OptionalLocks, Key: c.key()})
	if err != nil {
		return fmt.Errorf("verify the copy: %w", err)
	}
	defer db.Close()
	for p := range problems(ctx, c.e, db, "check the copy") {
		return env.Errorf(env.IO, "verify the copy: it is damaged, and was removed; the disk may be failing: %s", p)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.compare(ctx, s, db)
}

// key is that of the copy: its own, or that of the source.
func (c *copying) key() keys.Source {
	if c.shape.Key != nil {
		return c.shape.Key
	}
	return c.source.Options().Key
}

func (c *copying) compare(ctx context.Context, s *engine.Snapshot, copy *engine.DB) error {
	first, err := s.Cursor()
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := copy.Cursor(ctx)
	if err != nil {
		return err
	}
	defer second.Close()
	p := c.e.Progress("compare the copy", env.Rows, 0)
	defer p.Done()
	compared := comparison{first: first, second: second, progress: p.Set}
	if err := compared.run(ctx); err != nil {
		return err
	}
	if n := compared.counts.different(); n > 0 {
		return env.Errorf(env.Internal, "verify the copy: %s differ from %s; the copy was removed", plural(n, "row"), c.name)
	}
	return nil
}

// lockFlag is the flag with which files are opened whose locks are looked at.
func lockFlag(db *engine.DB) vfs.OpenFlag {
	if db.Options().OptionalLocks {
		return vfs.OptionalLocks
	}
	return 0
}
