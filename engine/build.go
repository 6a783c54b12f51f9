// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
)

// Builder makes a new database file of rows that come in ascending order of their keys: a single
// densely packed segment, like a copy by DB.Backup. Each row is written once, to its final place,
// so it is the fastest way to load sorted rows. Memory is bounded, whatever the number of rows.
//
// The file is written under another name in the same folder and gets its own in Finish, so a file
// of that name is always whole. One goroutine at a time may use a Builder. It must be ended by
// Finish or Discard.
type Builder struct {
	b    *backup.Build
	path string
}

// NewBuilder begins a new file of the name path, which must not exist, nor a log of that name. Of
// the options FS, PageSize, BlockSize, Compression, Codecs, Key, Cipher and Perm count.
func NewBuilder(path string, o Options) (*Builder, error) {
	o = o.withDefaults()
	fail := func(err error) (*Builder, error) {
		return nil, &Error{Code: CodeMisuse, Op: "build", Path: path, Err: err}
	}
	codec, _, err := o.codec()
	if err != nil {
		return fail(err)
	}
	var secret *checkpoint.Secret
	if o.Cipher != "" && !hasKey(o.Key) {
		return fail(cipherWithoutKey(o.Cipher))
	}
	if hasKey(o.Key) {
		if secret, err = newSecret(context.Background(), &o); err != nil {
			return nil, atOpen(path, err)
		}
	}
	geo, err := geometryOf(o.PageSize, o.BlockSize, codec, hasKey(o.Key))
	if err != nil {
		secret.Wipe()
		return fail(err)
	}
	b, err := backup.NewBuild(
		backup.Target{FS: o.FS, Path: path, LogSuffix: files.LogSuffix, Perm: o.Perm},
		backup.Options{Source: path, Geometry: geo, Codec: codec, CodecID: fileCompression(codec, secret != nil),
			Secret: secret, Own: true})
	if err != nil {
		return nil, err
	}
	return &Builder{b: b, path: path}, nil
}

// Add adds a row. It fails with ErrMisuse if key is not greater than the key before it, and with
// ErrTooBig above MaxKeySize or MaxValueSize; then the row is left out, and others may follow.
// After any other error only Discard makes sense.
func (b *Builder) Add(key, value []byte) error {
	if len(key) > MaxKeySize || len(value) > MaxValueSize {
		return &Error{Code: CodeTooBig, Op: "build", Path: b.path,
			Detail: fmt.Sprintf("a key of %d and a value of %d bytes; the limits are %d and %d", len(key), len(value), MaxKeySize, MaxValueSize)}
	}
	return b.misuse(b.b.Add(key, value))
}

// misuse gives an error that the caller has made its code.
func (b *Builder) misuse(err error) error {
	if errors.Is(err, backup.ErrOrder) || errors.Is(err, backup.ErrEnded) {
		return &Error{Code: CodeMisuse, Op: "build", Path: b.path, Err: err}
	}
	return err
}

// Rows returns how many rows were added.
func (b *Builder) Rows() int64 { return b.b.Rows() }

// Bytes returns how many bytes the pages written so far take.
func (b *Builder) Bytes() int64 { return b.b.Bytes() }

// Finish syncs the file and gives it its name: a database that was closed, which lsmlite and C lsm1
// open. If it fails, or ctx ends before that, nothing is left of the file. Only a crash may leave
// the unfinished file, named path, "-backup-" and eight digits, which can be removed.
func (b *Builder) Finish(ctx context.Context) error { return b.misuse(b.b.Finish(ctx)) }

// Discard removes the unfinished file. After Finish it does nothing.
func (b *Builder) Discard() { b.b.Discard() }
