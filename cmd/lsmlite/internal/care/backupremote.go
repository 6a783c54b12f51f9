// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// AsksRemote implements env.AsksRemote.
func (Backup) AsksRemote() bool { return true }

// sameCipher refuses another cipher than that of the program's database, which the copy has.
func (b Backup) sameCipher(ctx context.Context, client *remote.Client) error {
	cipher, err := b.CipherOf(b.Copy)
	if err != nil || cipher == "" {
		return err
	}
	info, err := client.Info(ctx)
	if err == nil && info.Cipher != cipher {
		err = env.Errorf(env.Refused, "a copy has the cipher of the database, %s, and cannot have %s; lsmlite rewrite --encrypt changes it",
			cmp.Or(info.Cipher, "none"), cipher)
	}
	return err
}

// remote has a program copy its database. The program sends rows of one moment, and the client knows when all have
// come; --verify reads the whole file again.
func (b Backup) remote(ctx context.Context, e *env.Env, client *remote.Client) error {
	if err := b.sameCipher(ctx, client); err != nil {
		return err
	}
	if b.Copy == "-" {
		if err := b.mayStream(e); err != nil {
			return err
		}
		p := e.Progress("copy "+b.File, env.Bytes, 0)
		defer p.Done()
		return client.Backup(ctx, e.Stdout, p.Set)
	}
	to, err := newPlace(vfs.OS, b.Copy, b.Force, 0)
	if err != nil {
		return err
	}
	r := receiving{e: e, client: client, to: to, name: b.File}
	if b.Verify {
		if r.key, err = b.copyKey(ctx, client); err != nil {
			return err
		}
	}
	verify := func(temp string) error {
		if !b.Verify {
			return nil
		}
		return r.check(ctx, temp)
	}
	if err := to.put(ctx, func(temp string) error { return r.write(ctx, temp) }, verify, nil); err != nil {
		return err
	}
	if e.JSON {
		return printJSON(e, map[string]any{"from": b.File, "to": b.Copy, "bytes": r.bytes, "verified": b.Verify})
	}
	_, err = fmt.Fprintf(e.Stdout, "%s: a copy of %s, %s%s\n", text.Name(b.Copy), text.Name(b.File), amount(r.bytes),
		map[bool]string{true: ", verified"}[b.Verify])
	return err
}

// copyKey is the key that opens the copy, which has those of the program's database: nil if it is in clear.
func (b Backup) copyKey(ctx context.Context, client *remote.Client) (keys.Source, error) {
	key, err := b.SourceOf(b.Copy)
	if err != nil || key != nil {
		return key, err
	}
	info, err := client.Info(ctx)
	if err == nil && info.Cipher != "" {
		err = env.Errorf(env.CannotOpen, "the copy is encrypted, and to verify it takes a key of the database; "+
			"name its place with --key-file, --key-env, --passphrase-file or --passphrase-env")
	}
	return nil, err
}

// receiving is a copy that comes from a program.
type receiving struct {
	e      *env.Env
	client *remote.Client
	key    keys.Source // of the copy, to verify it
	to     *place
	name   string
	bytes  int64
}

// receiveBuffer is how much is written to the file at a time.
const receiveBuffer = 1 << 20

// write writes what the program sends to a new file, and makes it durable.
func (r *receiving) write(ctx context.Context, temp string) error {
	f, err := r.to.fs.Open(temp, vfs.ReadWrite|vfs.Create|vfs.MustCreate|vfs.NoFollow, r.to.perm())
	if err != nil {
		return err
	}
	p := r.e.Progress("copy "+r.name, env.Bytes, 0)
	defer p.Done()
	w := bufio.NewWriterSize(io.NewOffsetWriter(f, 0), receiveBuffer)
	err = r.client.Backup(ctx, w, func(n int64) {
		r.bytes = n
		p.Set(n)
	})
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return r.to.fs.SyncDir(temp)
}

// check reads all of the file.
func (r *receiving) check(ctx context.Context, temp string) error {
	db, err := engine.Open(ctx, temp, engine.Options{FS: r.to.fs, ReadOnly: true, MustExist: true, Key: r.key})
	if err != nil {
		return fmt.Errorf("verify the copy: %w", err)
	}
	defer db.Close()
	for p := range problems(ctx, r.e, db, "check the copy") {
		return env.Errorf(env.IO, "verify the copy: it is damaged, and was removed: %s", p)
	}
	return ctx.Err()
}
