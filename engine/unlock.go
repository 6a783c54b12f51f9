// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// keysLost is what is wrong with an encrypted file without a whole meta page.
const keysLost = "the database is encrypted, and none of its meta pages, which have its keys, is whole"

// unlock finds the keys of the file, or makes those of a new one.
func (o *opener) unlock(ctx context.Context) error {
	db := o.db
	secret, err := o.Unlock(ctx, db.opts.Key)
	if err == nil && secret == nil && hasKey(db.opts.Key) {
		secret, err = newSecret(ctx, &db.opts.Options)
	}
	if err == nil && secret == nil && db.opts.Cipher != "" {
		// A program that names a cipher does not expect what is stored to be in clear.
		err = cipherWithoutKey(db.opts.Cipher)
	}
	if err != nil {
		return atOpen(db.path, err)
	}
	if db.secret = secret; secret != nil {
		db.notes.SetSecret(secret)
		db.opts.Cipher = secret.Keys().Suite().String()
		if o.halfMade() {
			o.Damaged, o.DamagedMeta = nil, 0
		}
	}
	return nil
}

func cipherWithoutKey(cipher string) error {
	return &Error{Code: CodeMisuse, Detail: "the cipher " + cipher + " is set and no key, so nothing would be encrypted; give a key"}
}

// halfMade reports whether an encrypted file is what a crash leaves of one that was just made: one of its meta pages
// holds the checkpoint of an empty database, the other one is blank, or damaged, and there is no log yet.
func (o *opener) halfMade() bool {
	return o.db.secret != nil && o.Checkpoint != nil && o.Checkpoint.ID == base.EmptySnapshotID && o.NumValid == 1 &&
		o.Bytes <= 2*format.MetaPageSize && !o.db.files.HasLogName()
}

// newSecret makes the keys of a new file.
func newSecret(ctx context.Context, o *Options) (*checkpoint.Secret, error) {
	codec, _, err := o.codec()
	if err != nil {
		return nil, err
	}
	return newSecretOf(ctx, o.Key, o.Cipher, codec)
}

func newSecretOf(ctx context.Context, src keys.Source, cipher string, codec Codec) (*checkpoint.Secret, error) {
	suite, err := crypt.SuiteOf(cipher)
	if err != nil {
		return nil, err
	}
	return checkpoint.NewSecret(ctx, src, suite, codecID(codec))
}

// emptyDisk is the snapshot of a database that has no checkpoint yet.
func emptyDisk(secret *checkpoint.Secret) *snapshot.Snapshot {
	s := snapshot.Empty()
	if secret != nil {
		s.Log.Chain = crypt.NewChain()
	}
	return s
}

// opens checks that a source has a key of a database that is open, or none if that is in clear.
func opens(ctx context.Context, db *DB, src keys.Source) error {
	switch {
	case db.secret != nil:
		return atOpen(db.path, db.secret.Opens(ctx, src))
	case hasKey(src):
		return &Error{Code: CodeMismatch, Op: "open", Path: db.path, Detail: "a key is given, but the file is not encrypted"}
	}
	return nil
}

// atOpen says in an error which database could not be opened.
func atOpen(path string, err error) error {
	var e *Error
	var ce *CorruptionError
	switch {
	case errors.As(err, &ce):
		if ce.File == "" {
			ce.File = path
		}
	case errors.As(err, &e):
		if e.Path == "" {
			e.Op, e.Path = "open", path
		}
	}
	return err
}
