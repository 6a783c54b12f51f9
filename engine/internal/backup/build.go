// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Build is a new file that is made of rows of the caller's, in the order of their keys. It is what
// a copy of a database with these rows would be. It belongs to one goroutine, which must end it by
// Finish or Discard.
type Build struct {
	c    *Copy
	to   Target
	u    *unfinished // nil once it has ended
	out  *copyFile
	w    *segment.Writer
	last []byte // the greatest key
	rows int64
	err  error // of the write that failed
}

// ErrOrder is what Add returns for a key that is not greater than the one before it, and ErrEnded
// what a Build returns after its end.
var (
	ErrOrder = errors.New("the key is not greater than the one before it")
	ErrEnded = errors.New("the new file is finished or discarded")
)

// NewBuild begins a file. Nothing has its name before it is finished.
func NewBuild(to Target, o Options) (*Build, error) {
	b := &Build{c: New(context.Background(), o), to: to}
	var err error
	if b.u, err = b.c.begin(&b.to); err != nil {
		b.c.Close()
		return nil, err
	}
	b.out = &copyFile{File: o.file(b.u.file, b.to.Path)}
	b.out.seal = format.MakeSeal(sched.Uint64(), sched.Uint64())
	b.w = segment.NewWriter(b.out.File, b.out, 0)
	b.w.SetSeal(b.out.seal)
	return b, nil
}

// Add adds a row. After ErrOrder, the row is left out and others may follow.
func (b *Build) Add(key, value []byte) error {
	switch {
	case b.u == nil:
		return ErrEnded
	case b.err != nil:
		return b.err
	case b.rows > 0 && bytes.Compare(key, b.last) <= 0:
		return ErrOrder
	}
	if err := b.w.Add(base.Insert, key, value); err != nil {
		b.err = b.c.fail("write", b.to.Path, err)
		return b.err
	}
	b.last = append(b.last[:0], key...)
	b.rows++
	return nil
}

// Rows returns how many rows there are, and Bytes how many bytes the pages written so far take.
func (b *Build) Rows() int64  { return b.rows }
func (b *Build) Bytes() int64 { return b.w.Bytes() }

// Finish makes the file durable and gives it its name. If that fails, nothing is left of it. When
// ctx ends before the file has its name, that is a failure.
func (b *Build) Finish(ctx context.Context) error {
	u := b.u
	switch {
	case u == nil:
		return ErrEnded
	case b.err != nil:
		b.Discard()
		return b.err
	}
	b.u = nil
	defer b.c.Close()
	b.c.ctx = ctx
	return b.c.end(u, &b.to, func(f vfs.File) (err error) {
		if b.out.seg, b.out.wrote, err = b.w.Finish(); err != nil {
			return err
		}
		b.out.point = b.w.AppendPoint()
		b.c.progress.Rows, b.c.progress.Bytes = b.rows, b.w.Bytes()+2*format.MetaPageSize
		return b.out.storeMeta(f, &b.c.o)
	})
}

// Discard removes the unfinished file, unless the Build has ended.
func (b *Build) Discard() {
	if b.u != nil {
		b.u.discard()
		b.u = nil
		b.c.Close()
	}
}
