// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// CopyOptions say how Copy goes on. The zero value is a copy into an empty store.
type CopyOptions struct {
	// Resume lets the destination have rows: those of a copy that was interrupted, or of an earlier one.
	// Rows that only the destination has are deleted.
	Resume bool
	// ChunkBytes is about how many bytes of rows a transaction of the destination has at most, 4 MiB if it
	// is 0, and never more than half of the destination's Caps.MaxTx. A row that is longer has one of its own.
	ChunkBytes int
	// Patience is for how long the copy tries to write a transaction that others hinder (ErrBusy), before it
	// fails with ErrBusy; 1 minute if it is 0.
	Patience time.Duration
	// Passes is how many comparisons there are at most, 8 if it is 0.
	Passes int
	// Progress, if it is not nil, is called after each transaction of the destination, and now and then
	// while the stores are compared.
	Progress func(CopyProgress)
}

// CopyProgress is how far a copy is.
type CopyProgress struct {
	// Pass is 0 while rows are copied, and then the number of the comparison.
	Pass int
	// Rows and Bytes are how many rows of the source were copied or, in a comparison, looked at so far, and
	// their bytes.
	Rows, Bytes int64
	// Repaired is how many rows of the destination the comparison has changed.
	Repaired int64
}

// CopyResult is what a copy comes to.
type CopyResult struct {
	// Rows is how many rows the source has, and Sum their SHA-256: of each row, in order, the length of the
	// key as 8 bytes, the most significant first, the key, the length of the value in the same way, and the
	// value. The destination has the same.
	Rows int64
	Sum  [32]byte
	// Copied is how many rows were copied in order, and Repaired how many were changed by comparisons.
	Copied, Repaired int64
	// Passes is how many comparisons there were, the last of which found no difference.
	Passes int
	// Snapshots is how many states of the two stores that comparison has looked at, one after the other: more
	// than one if a store does not keep a state for so long. If nothing was written meanwhile that is the
	// same.
	Snapshots int
}

const (
	defaultChunkBytes = 4 << 20
	defaultPasses     = 8
	defaultPatience   = time.Minute
)

// Copy makes dst hold the rows of src, and proves it.
//
//  1. It copies rows in ascending order of their keys, in transactions of about ChunkBytes, each from a new state
//     of the source. So the greatest key in the destination says where to resume.
//  2. It walks over states of both, side by side, and repairs what differs, again in transactions, until a
//     comparison finds no difference.
//
// The source may be in use. What is written to it meanwhile is found by the comparisons, unless it goes on: after
// Passes of them Copy fails with ErrBusy. To move an application, copy while it runs, stop what writes, and copy
// again with Resume. Nothing else may write to the destination.
//
// If Copy fails, call it again with Resume. The result is then how far it came. After ErrUndetermined wait until
// the destination is reachable again, so that the last transaction has ended.
func Copy(ctx context.Context, dst, src Store, o CopyOptions) (CopyResult, error) {
	c := &copier{dst: dst, src: src, o: o}
	if c.o.ChunkBytes <= 0 {
		c.o.ChunkBytes = defaultChunkBytes
	}
	if limit := dst.Caps().MaxTx; limit > 0 {
		c.o.ChunkBytes = int(min(int64(c.o.ChunkBytes), max(limit/2, 1)))
	}
	if c.o.Patience <= 0 {
		c.o.Patience = defaultPatience
	}
	if c.o.Passes <= 0 {
		c.o.Passes = defaultPasses
	}
	err := c.copyAll(ctx)
	for err == nil {
		c.result.Passes++
		var differences int64
		if differences, err = c.compareAll(ctx); err == nil && differences == 0 {
			break
		}
		if err == nil && c.result.Passes == c.o.Passes {
			err = &engine.Error{Code: engine.CodeBusy, Op: "copy", Detail: fmt.Sprintf(
				"the last of %d comparisons has still repaired %d rows: stop what writes to the source, and to the destination, "+
					"and copy again with Resume", c.result.Passes, differences)}
		}
	}
	return c.result, err
}

// copier is a copy that is being made.
type copier struct {
	dst, src Store
	o        CopyOptions
	result   CopyResult
	at       CopyProgress
}

func (c *copier) report() {
	if c.o.Progress != nil {
		c.o.Progress(c.at)
	}
}

// copyAll copies the rows after the greatest key of the destination.
func (c *copier) copyAll(ctx context.Context) error {
	last, any, err := greatest(ctx, c.dst)
	switch {
	case err != nil:
		return fmt.Errorf("read the destination: %w", err)
	case any && !c.o.Resume:
		return &engine.Error{Code: engine.CodeMisuse, Op: "copy",
			Detail: "the destination has rows; copy with Resume to go on, which deletes rows that only the destination has"}
	}
	for more := true; more; {
		var b batch
		if more, err = c.read(ctx, &b, last, any); err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		if len(b.rows) == 0 {
			return nil
		}
		if err := b.apply(ctx, c.dst, c.o.Patience); err != nil {
			return fmt.Errorf("write to the destination: %w", err)
		}
		last, any = b.rows[len(b.rows)-1].key, true
		c.result.Copied += int64(len(b.rows))
		c.at.Rows, c.at.Bytes = c.result.Copied, c.at.Bytes+int64(b.bytes)
		c.report()
	}
	return nil
}

// greatest returns the last key of a store, if it has one.
func greatest(ctx context.Context, s Store) (key []byte, any bool, err error) {
	cur, err := s.Cursor(ctx)
	if err != nil {
		return nil, false, err
	}
	any = cur.Seek(ctx, &Range{Reverse: true, KeysOnly: true, Limit: 1})
	key = append([]byte{}, cur.Key()...)
	return key, any, errors.Join(cur.Err(), cur.Close())
}

// read fills a batch with rows of the source, after a key if there is one, and reports whether there may be more.
func (c *copier) read(ctx context.Context, b *batch, after []byte, any bool) (more bool, err error) {
	cur, err := c.src.Cursor(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, cur.Close()) }()
	r := Range{Lo: after, HasLo: any, LoOpen: true}
	for more = cur.Seek(ctx, &r); more && b.bytes < c.o.ChunkBytes; more = cur.Next(ctx) {
		value, err := cur.Value(ctx)
		if err != nil {
			return false, err
		}
		if b.full(len(cur.Key())+len(value), c.o.ChunkBytes) {
			return true, nil
		}
		b.put(cur.Key(), value)
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	return more, cur.Err()
}
