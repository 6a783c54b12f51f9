// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Codec compresses the pages of a file; see package compress, which has those that come
// with lsmlite.
type Codec = compress.Codec

// codec returns the codec that the options name: nil for none, and false for whatever
// the file has.
func (o *Options) codec() (c compress.Codec, asked bool, err error) {
	switch o.Compression {
	case "":
		return nil, false, nil
	case compress.None, "1":
		return nil, true, nil
	}
	if c, ok := compress.ByName(o.Compression, o.Codecs); ok {
		return c, true, nil
	}
	return nil, false, fmt.Errorf("compression %q; want none, lz4, zlib, zstd, snappy, or the name or id of a registered codec", o.Compression)
}

// geometry returns where pages lie in a new file with these options.
func (o *Options) geometry() (format.Geometry, error) {
	c, _, err := o.codec()
	if err != nil {
		return format.Geometry{}, err
	}
	return geometryOf(o.PageSize, o.BlockSize, c, hasKey(o.Key))
}

// geometryOf returns where pages lie in a file of these sizes.
func geometryOf(pageSize, blockSize int, c compress.Codec, encrypted bool) (g format.Geometry, err error) {
	switch {
	case encrypted:
		g, err = format.NewCompressedGeometry(pageSize, blockSize, blockfile.Bound(pageSize, c))
	case c == nil:
		return format.NewGeometry(pageSize, blockSize)
	default:
		g, err = format.NewCompressedGeometry(pageSize, blockSize, c.Bound(pageSize))
	}
	if err != nil {
		return g, fmt.Errorf("compression %s: %w", codecName(c), err)
	}
	return g, nil
}

// fileCodec returns how the pages of a file are stored that holds a checkpoint, nil for none.
// The file says so, unless nothing has been stored in it yet; what the options say must
// agree with it. secret is that of an encrypted file, else nil.
func (o *Options) fileCodec(path string, ck *format.Checkpoint, secret *checkpoint.Secret) (Codec, error) {
	wanted, asked, err := o.codec()
	if err != nil {
		return nil, &Error{Code: CodeMisuse, Op: "open", Path: path, Err: err}
	}
	if ck == nil || ck.Compression == format.CompressionUnset && len(ck.Levels) == 0 {
		return wanted, nil
	}
	id := max(ck.Compression, format.CompressionNone)
	if secret != nil {
		id = secret.Codec()
	}
	if asked && id != codecID(wanted) {
		return nil, mismatch(path, id, codecID(wanted), o.Codecs)
	}
	if id == format.CompressionNone {
		return nil, nil
	}
	c, ok := compress.ByID(id, o.Codecs)
	if !ok {
		return nil, &Error{Code: CodeMismatch, Op: "open", Path: path, Codec: id,
			Detail: fmt.Sprintf("the file's compression is codec %d, which is not one of lsmlite's (%s) and is not registered", id, builtinCodecs())}
	}
	return c, nil
}

func mismatch(path string, have, wanted uint32, codecs []Codec) error {
	return &Error{Code: CodeMismatch, Op: "open", Path: path, Codec: have,
		Detail: fmt.Sprintf("the file's compression is %s, but the setting is %s; leave compression out to take the file's",
			compress.Describe(have, codecs), compress.Describe(wanted, codecs))}
}

// agrees checks that options name the compression of a database that is open, or none in
// particular.
func (o *Options) agrees(db *DB) error {
	wanted, asked, err := o.codec()
	if err == nil && asked && codecID(wanted) != codecID(db.usedCodec()) {
		err = mismatch(db.path, codecID(db.usedCodec()), codecID(wanted), o.Codecs)
	}
	return err
}

// fileCompression returns the compression id of the checkpoints of a file.
func fileCompression(c compress.Codec, encrypted bool) uint32 {
	if encrypted {
		return format.CompressionEncrypted
	}
	return codecID(c)
}

// codecName returns the name by which settings know a codec.
func codecName(c Codec) string {
	if c == nil {
		return compress.None
	}
	return c.Name()
}

// codecID returns the number by which a file names a codec.
func codecID(c compress.Codec) uint32 {
	if c == nil {
		return format.CompressionNone
	}
	return c.ID()
}

// builtinCodecs lists the codecs that are always there, for an error message.
func builtinCodecs() string {
	s := compress.Describe(compress.IDNone, nil)
	for _, c := range compress.Builtin() {
		s += ", " + compress.Describe(c.ID(), nil)
	}
	return s
}

// Compression returns the name of the codec that the file is written with, "none" if it is
// not compressed.
func (db *DB) Compression() string { return codecName(db.usedCodec()) }

// usedCodec returns the codec of the file, nil if it is not compressed. What another process writes may be compressed
// only from its first checkpoint on.
func (db *DB) usedCodec() Codec {
	if db.attached == nil {
		return db.codec
	}
	return db.pages().Codec()
}

// CompressionID returns lsm1's number of the codec the file is written with: 0 for a
// database in which nothing has been stored yet, 1 for none, or the codec's. For an encrypted file it
// is 11100, whatever its codec.
func (db *DB) CompressionID() uint32 {
	if db.secret != nil {
		return format.CompressionEncrypted
	}
	st := db.ledger.Acquire()
	defer db.ledger.Release(st)
	return st.Disk.Compression
}
