// SPDX-License-Identifier: Apache-2.0

// Package backup copies a database into a new file or a stream: the rows that a state shows
// as one segment, or the blocks of a checkpoint as they are.
//
// It owns the copy and nothing of the database. The caller pins what is copied, so that none
// of its blocks is written over meanwhile, and releases it afterwards; nothing else must be kept
// from changing. A Copy belongs to one goroutine and makes one copy.
package backup

import (
	"context"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Options say what is copied, and what the copy is like. There are no defaults.
type Options struct {
	Source string // the path of the database, for errors
	// Geometry and Codec are those of the copy; Codec is nil for none. CodecID is the
	// number by which the copy names the codec.
	Geometry format.Geometry
	Codec    compress.Codec
	CodecID  uint32
	// Secret is that of the copy, nil for a copy in clear. CodecID is the one of its checkpoints.
	Secret *checkpoint.Secret
	// Own says that nobody else uses the secret: Close overwrites its keys.
	Own bool

	// Progress is called about once for each MiB written and once at the end. It may be
	// nil.
	Progress func(Progress)
}

// Progress is how far a copy has come.
type Progress struct {
	Rows  int64 // rows copied; 0 if blocks are
	Bytes int64 // bytes written
	Total int64 // about how many it will be, at most; at the end, Bytes
}

// Copy is one copy being made.
type Copy struct {
	ctx      context.Context
	o        Options
	progress Progress
	reported int64 // progress.Bytes at the last report
}

// New returns a copy that ends when ctx does. Close must be called when it has ended.
func New(ctx context.Context, o Options) *Copy { return &Copy{ctx: ctx, o: o} }

// Close gives up the keys of the copy.
func (c *Copy) Close() {
	if c.o.Own {
		c.o.Secret.Wipe()
	}
}

// RowsToFile copies the rows that a state shows into a new file.
func (c *Copy) RowsToFile(st *snapshot.State, to Target) error {
	return c.toFile(to, func(f vfs.File) error { return c.rows(st, f) })
}

// RowsTo copies the rows that a state shows into a stream. The meta pages come first, so
// the segment is written twice: the first time to nowhere, to learn where it ends.
func (c *Copy) RowsTo(st *snapshot.State, w io.Writer) error {
	if err := c.rowsTo(st, w); err != nil {
		return err
	}
	return c.report(true)
}

// BlocksToFile copies the blocks of a checkpoint into a new file.
func (c *Copy) BlocksToFile(k Checkpoint, to Target) error {
	return c.toFile(to, func(f vfs.File) error { return c.blocks(k, f) })
}

// BlocksTo copies the blocks of a checkpoint into a stream. Free blocks are zeros in it.
func (c *Copy) BlocksTo(k Checkpoint, w io.Writer) error {
	if err := c.blocks(k, &stream{w: w}); err != nil {
		return err
	}
	return c.report(true)
}

// reportBytes is how much is written between two reports of progress.
const reportBytes = 1 << 20

// report reports progress, if it is time to, and returns an error if the copy is to end.
func (c *Copy) report(end bool) error {
	if end {
		c.progress.Total = c.progress.Bytes
	} else {
		c.progress.Total = max(c.progress.Total, c.progress.Bytes)
		if c.progress.Bytes-c.reported < reportBytes {
			return c.ctx.Err()
		}
	}
	c.reported = c.progress.Bytes
	if c.o.Progress != nil {
		c.o.Progress(c.progress)
	}
	return c.ctx.Err()
}
