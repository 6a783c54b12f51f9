// Package checkpoint stores and finds checkpoints: two meta pages, written in turn, of
// which the newest valid one is the state of the database file.
package checkpoint

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Loaded is what the two meta pages say.
type Loaded struct {
	Checkpoint *format.Checkpoint // nil if neither page is valid
	Meta       int                // the page it was found on: 1, 2, or 0 for neither
	NumValid   int                // how many pages hold a valid checkpoint
	// Damaged is set if a page that is not all zeros is no valid checkpoint: why, and
	// which. Such a page is what a crash leaves in the middle of writing it, or damage.
	Damaged     error
	DamagedMeta int
	BothDamaged bool // which no crash leaves
}

// Load reads both meta pages and takes the valid one with the larger id.
func Load(f vfs.File, path string) (Loaded, error) {
	var l Loaded
	for i := 1; i <= 2; i++ {
		meta, err := blockfile.ReadMeta(f, path, i)
		if err != nil {
			return Loaded{}, err
		}
		if format.AllZero(meta) {
			continue
		}
		c, err := format.DecodeCheckpoint(meta)
		if err == nil {
			l.NumValid++
		}
		switch {
		case err != nil:
			l.BothDamaged = l.Damaged != nil
			l.Damaged, l.DamagedMeta = fmt.Errorf("meta page %d: %w", i, err), i
		case l.Checkpoint == nil || c.ID > l.Checkpoint.ID:
			l.Checkpoint, l.Meta = c, i
		}
	}
	return l, nil
}

// StoreEmpty writes the checkpoint of an empty database to meta page 2, so that the
// first real one, which goes to page 1, never stands alone: should a crash cut it short,
// page 2 says where the log begins.
func StoreEmpty(f *blockfile.File) (int, error) {
	geo := f.Geometry()
	c := format.Checkpoint{
		ID: base.EmptySnapshotID, Log: format.LogPos{Sum: format.EmptyLogSum},
		PageSize: uint32(geo.PageSize), BlockSize: uint32(geo.BlockSize),
	}
	blob, err := c.Encode()
	if err != nil {
		return 0, err
	}
	return 2, f.WriteMeta(2, blob)
}

// Store writes a checkpoint durably to the meta page that does not hold the newest one,
// and returns that page's number. The order of the steps is what makes the database
// survive a crash at any moment:
//
//  1. Everything that the checkpoint refers to is synced.
//  2. The checkpoint is written over the older of the two.
//  3. It is synced.
//
// Only after that may the caller reuse what the older checkpoint needed. Without sync
// (safety off) steps 1 and 3 are left out, and a power failure may cost the database.
//
// An error for which SyncFailed holds leaves it unknown what is durable. After any other, a
// disk that is full for instance, the newest checkpoint is as it was, the other page may be
// torn, and Store may be called again: it writes that page anew.
func Store(f *blockfile.File, newest int, c *format.Checkpoint, sync bool) (int, error) {
	blob, err := c.Encode()
	if err != nil {
		return newest, &base.Error{Code: base.CodeFull, Op: "checkpoint", Path: f.Path(), Err: err}
	}
	if sync {
		if err := f.Sync(); err != nil {
			return newest, &syncError{err}
		}
	}
	target := newest%2 + 1
	if err := f.WriteMeta(target, blob); err != nil {
		return newest, err
	}
	if sync {
		if err := f.Sync(); err != nil {
			return newest, &syncError{err}
		}
	}
	return target, nil
}

// syncError is the error of a sync.
type syncError struct{ error }

func (e *syncError) Unwrap() error { return e.error }

// SyncFailed reports whether an error of Store is that of a sync.
func SyncFailed(err error) bool {
	var e *syncError
	return errors.As(err, &e)
}
