// SPDX-License-Identifier: Apache-2.0

// Package bolt reads files of bbolt.
package bolt

import (
	"bytes"
	"errors"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

// LockWait is how long opening waits for a program that has the file open.
const LockWait = 2 * time.Second

// Options say how buckets become prefixes.
type Options struct {
	Separator []byte // between the names of buckets, and between them and a key
	// Escape puts a backslash before each backslash, and before each byte that a separator begins with, in
	// names and keys.
	Escape bool
	Bucket []string // the names of the bucket to be read, from the outermost on; none is all of them
}

// Read writes all rows of a file: the names of the buckets of each, and then its key, with separators between
// them. An empty bucket is a row with an empty key in it and an empty value. Nothing gets lost that way:
// if two rows could have one key, or a name could be read as two, that is an error unless Escape is set.
func Read(path string, o Options, w *out.Writer) error {
	if len(o.Separator) == 0 || o.Escape && bytes.IndexByte(o.Separator, '\\') >= 0 {
		return out.Errorf(out.ErrRefused, "%q cannot be the separator", o.Separator)
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: LockWait})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return out.Errorf(out.ErrOpen, "%s is open in another program", path)
	case err != nil:
		return out.Errorf(out.ErrOpen, "open %s: %w", path, err)
	}
	r := reader{o: o, w: w}
	err = db.View(func(tx *bbolt.Tx) error { return r.from(path, tx) })
	return errors.Join(err, db.Close())
}

type reader struct {
	o   Options
	w   *out.Writer
	key []byte // of the last row
}

// from reads the bucket that the options name.
func (r *reader) from(path string, tx *bbolt.Tx) error {
	root := tx.Cursor().Bucket()
	b := root
	for _, name := range r.o.Bucket {
		if b = b.Bucket([]byte(name)); b == nil {
			return out.Errorf(out.ErrRefused, "%s has no bucket %q", path, r.o.Bucket)
		}
	}
	_, err := r.bucket(nil, b)
	return err
}

// bucket reads a bucket, of which prefix is what its keys begin with, and returns how many rows there are.
func (r *reader) bucket(prefix []byte, b *bbolt.Bucket) (rows int, err error) {
	err = b.ForEach(func(name, value []byte) error {
		if value != nil {
			rows++
			return r.row(prefix, b, name, value)
		}
		inner := b.Bucket(name)
		if inner == nil { // bbolt returns nil only for the name of a bucket
			return out.Errorf(out.ErrRefused, "the bucket %q of %q cannot be read", name, prefix)
		}
		below, err := r.prefix(prefix, name)
		if err != nil {
			return err
		}
		n, err := r.bucket(below, inner)
		if n == 0 && err == nil {
			n, err = 1, r.w.Row(below, nil)
		}
		rows += n
		return err
	})
	return rows, err
}

// prefix returns what the keys of a bucket in another one begin with. Where the first separator is must be
// the end of the name.
func (r *reader) prefix(outer, name []byte) ([]byte, error) {
	prefix := append(r.append(bytes.Clone(outer), name), r.o.Separator...)
	if !r.o.Escape && bytes.Index(prefix[len(outer):], r.o.Separator) != len(name) {
		return nil, out.Errorf(out.ErrRefused, "the name of the bucket %q has the separator %q in it; choose another --separator, or --escape",
			name, r.o.Separator)
	}
	return prefix, nil
}

// row writes a row of a bucket. If its key begins like those of a bucket next to it, both could have the same key.
func (r *reader) row(prefix []byte, b *bbolt.Bucket, key, value []byte) error {
	if !r.o.Escape {
		if name, _, has := bytes.Cut(key, r.o.Separator); has && b.Bucket(name) != nil {
			return out.Errorf(out.ErrRefused, "the key %q could be one of the bucket %q next to it; choose another --separator, or --escape",
				key, name)
		}
	}
	r.key = r.append(append(r.key[:0], prefix...), key)
	return r.w.Row(r.key, value)
}

// append appends a name or a key, with escapes if there are to be any: then the first byte of a separator
// that is not escaped is where one is.
func (r *reader) append(dst, name []byte) []byte {
	if !r.o.Escape {
		return append(dst, name...)
	}
	for _, c := range name {
		if c == r.o.Separator[0] || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}
