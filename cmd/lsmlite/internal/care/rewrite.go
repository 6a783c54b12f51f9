// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Rewrite writes a database again, with other pages, blocks or codec.
type Rewrite struct {
	target
	New         string `arg:"" optional:"" help:"New file. Without it the database itself is replaced."`
	PageSize    int    `placeholder:"BYTES" help:"Page size: a power of two from 256 to 65536. Without it the size stays."`
	BlockSize   int    `placeholder:"BYTES" help:"Block size: a power of two from 64 KiB on. Without it the size stays."`
	Compression string `placeholder:"CODEC" help:"Codec: none, lz4, zlib, zstd or snappy. Without it the codec stays."`
	Encrypt     bool   `xor:"crypt" help:"Encrypt the new file with a data key of its own, under the new key, or else the one of --key-file and so on."`
	Decrypt     bool   `xor:"crypt" help:"Write the new file in clear."`
	env.NewKey
	Force bool `short:"f" help:"Replace the new file if it exists, and remove its log."`
}

// Help has examples.
func (Rewrite) Help() string {
	return env.Help("Page size, block size and codec belong to a file and cannot be changed in it. So all rows are written to a new file, densely packed, "+
		"which is read again and compared with the database. Then it takes the place of the database, in one step, or gets a name of its own. "+
		"Whatever fails before that, the database stays as it is. It must not be in use. --set cipher=… with --encrypt is the cipher of the new file.",
		"lsmlite rewrite --compression zstd my.lsm", "lsmlite rewrite --page-size 16384 my.lsm new.lsm",
		"lsmlite rewrite --encrypt --key-file my.key my.lsm", "lsmlite rewrite --encrypt --key-file my.key --set cipher=chacha20-poly1305 my.lsm",
		"lsmlite rewrite --encrypt --key-file my.key --new-key-file new.key my.lsm",
		"lsmlite rewrite --decrypt --key-file my.key my.lsm clear.lsm")
}

// Run writes the database again.
func (r Rewrite) Run(ctx context.Context, e *env.Env) error {
	cipher, err := r.newCipher()
	if err != nil {
		return err
	}
	key, err := r.newKey()
	if err != nil {
		return err
	}
	w := rewriting{fs: vfs.OS, file: r.File, to: r.New, force: r.Force, open: r.opener(),
		shape: engine.BackupOptions{PageSize: r.PageSize, BlockSize: r.BlockSize, Compression: r.Compression, Key: key, Cipher: cipher}}
	if r.New != "" {
		if err := different(r.File, r.New); err != nil {
			return err
		}
	}
	made, err := w.run(ctx, e)
	if err != nil {
		return err
	}
	return printCopied(e, r.File, w.to, made)
}

// newCipher is the cipher of the new file, empty if it stays as it is.
func (r *Rewrite) newCipher() (string, error) {
	cipher, err := r.CipherOf(r.File)
	switch {
	case err != nil || cipher == "" || r.Encrypt:
		return cipher, err
	case r.Decrypt:
		return "", env.Errorf(env.Usage, "--decrypt writes the new file in clear, without a cipher")
	}
	return "", env.Errorf(env.Usage, "a cipher is that of a new data key, which needs --encrypt")
}

// newKey is the key of the new file, nil if it stays as it is. A database in clear that is to be encrypted is opened
// without the key.
func (r *Rewrite) newKey() (keys.Source, error) {
	key, err := r.NewKey.Source()
	switch {
	case err != nil:
		return nil, err
	case r.Decrypt && key != nil:
		return nil, env.Errorf(env.Usage, "--decrypt writes the new file in clear, without a key")
	case r.Decrypt:
		return keys.None, nil
	case !r.Encrypt && key != nil:
		return nil, env.Errorf(env.Usage, "a new key needs --encrypt; to change the key alone there is lsmlite slots")
	case !r.Encrypt:
		return nil, nil
	}
	if key == nil {
		if key, err = r.SourceOf(r.File); err != nil {
			return nil, err
		}
	}
	if key == nil {
		return nil, env.Errorf(env.Usage, "--encrypt needs the place of a key, such as --key-file")
	}
	if info, err := engine.Identify(vfs.OS, r.File); err == nil && info.LSM1 != nil && info.LSM1.Encryption == nil {
		r.Settings = r.WithoutKey()
	}
	return key, nil
}

// opener opens the database for reading.
func (r Rewrite) opener() func(context.Context) (*engine.DB, func() error, error) {
	return func(ctx context.Context) (*engine.DB, func() error, error) {
		db, err := r.Open(ctx, r.File, env.Read)
		if err != nil {
			return nil, nil, err
		}
		return db.Engine, db.Close, nil
	}
}

// rewriting writes one database again.
type rewriting struct {
	fs    vfs.FS
	file  string
	to    string // empty if it is to replace the file
	force bool
	shape engine.BackupOptions
	open  func(context.Context) (db *engine.DB, end func() error, err error)
}

// run copies the database. To replace it, the database is closed first, and must be as it was
// before it was opened: a program that wrote to it meanwhile would lose that.
func (w *rewriting) run(ctx context.Context, e *env.Env) (made copied, err error) {
	inPlace := w.to == ""
	if inPlace {
		w.to, w.force = w.file, true
	}
	before, err := fingerprintOf(w.fs, w.file)
	if err != nil {
		return made, err
	}
	db, end, err := w.open(ctx)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, end()) }() // again, if it is closed
	c := copying{e: e, source: db, name: w.file, verify: true, shape: w.shape}
	if inPlace {
		c.closeSource = end
		c.unchanged = func() error { return before.compare(w.fs, w.file) }
		c.to, err = lookAtPlace(w.fs, w.to, w.force, lockFlag(db))
	} else {
		c.to, err = newPlace(w.fs, w.to, w.force, lockFlag(db))
	}
	if err != nil {
		return made, err
	}
	return c.run(ctx)
}
