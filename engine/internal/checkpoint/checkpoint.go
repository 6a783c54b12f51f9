// SPDX-License-Identifier: Apache-2.0

// Package checkpoint stores and finds checkpoints. Both meta pages hold the newest one: it is
// written to one page, and when it is durable there, also to the other. So each page alone leads,
// with the log, to everything that was acknowledged.
package checkpoint

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
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
	BothDamaged bool    // which no crash leaves
	Pages       [2]Page // what was found on meta pages 1 and 2
}

// Load reads both meta pages and takes the valid one with the larger id.
func Load(f vfs.File, path string) (Loaded, error) {
	var l Loaded
	for i := 1; i <= 2; i++ {
		meta, err := blockfile.ReadMeta(f, path, i)
		if err != nil {
			return Loaded{}, err
		}
		p := readPage(meta)
		l.Pages[i-1] = p
		switch {
		case p.Blank:
		case p.Checkpoint == nil:
			l.BothDamaged = l.Damaged != nil
			l.Damaged, l.DamagedMeta = fmt.Errorf("meta page %d: %w", i, p.err), i
		default:
			l.NumValid++
			if l.Checkpoint != nil && l.Checkpoint.ID != p.Checkpoint.ID {
				mark.Hit(mark.MetaApart)
			}
			if l.Checkpoint == nil || p.Checkpoint.ID > l.Checkpoint.ID {
				l.Checkpoint, l.Meta = p.Checkpoint, i
			}
		}
	}
	if l.Checkpoint != nil && l.Damaged != nil {
		mark.Hit(mark.MetaTorn)
	}
	return l, nil
}

// EmptyCheckpoint returns the checkpoint of an empty database, which the first meta page
// that is written holds: should a crash cut the first real checkpoint short, it says where
// the log begins.
func EmptyCheckpoint(geo format.Geometry) *format.Checkpoint {
	return &format.Checkpoint{
		ID: base.EmptySnapshotID, Log: format.LogPos{Sum: format.EmptyLogSum},
		PageSize: uint32(geo.PageSize), BlockSize: uint32(geo.BlockSize),
	}
}

// Stage says how far store has come.
type Stage uint8

const (
	Nothing Stage = iota // the durable page is what it was
	First                // the other page is durable now; the one that was may be half written
	Both                 // both pages are durable
)

// SyncError is the error of a sync: nobody knows what of the file is durable, and trying
// again would not help. After any other error of store, it would.
type SyncError struct{ Err error }

func (e *SyncError) Error() string { return e.Err.Error() }
func (e *SyncError) Unwrap() error { return e.Err }

// store writes a checkpoint to both meta pages, of which durable is known to hold one that
// is on the disk (0 if there is none yet). write puts the new checkpoint on a page. The
// order of the steps is what makes the database survive a crash at any moment:
//
//  1. Everything that the checkpoint refers to is synced (rule DATA_SYNCED_BEFORE_FIRST).
//  2. The checkpoint is written to the other page (rule DURABLE_PAGE_LAST),
//  3. which is synced (rule FIRST_SYNCED_BEFORE_COPY). Then half is called, if it is not nil.
//  4. It is written to the durable page as well,
//  5. which is synced (rule COPY_SYNCED_BEFORE_REUSE).
//
// Only after that may the caller reuse what the older checkpoint needed. Without sync
// (safety off) steps 1, 3 and 5 are left out, and a power failure may cost the database.
func store(f *blockfile.File, durable int, sync bool, write func(page int, second bool) error,
	half func()) (Stage, error) {
	syncFile := func() error {
		if !sync {
			return nil
		}
		if err := f.Sync(); err != nil {
			return &SyncError{err}
		}
		return nil
	}
	if !mutant.Is(mutant.DataNotSynced) {
		if err := syncFile(); err != nil {
			return Nothing, err
		}
	}
	first := Other(durable)
	if durable != 0 && mutant.Is(mutant.DurablePageFirst) {
		first = durable
	}
	if first == 1 {
		mark.Hit(mark.CheckpointPage1)
	} else {
		mark.Hit(mark.CheckpointPage2)
	}
	for i, page := range []int{first, Other(first)} {
		if err := write(page, i == 1); err != nil {
			return Stage(i), err
		}
		if i == 0 && mutant.Is(mutant.FirstNotSynced) {
			continue
		}
		if err := syncFile(); err != nil {
			return Stage(i), err
		}
		if i == 0 && half != nil {
			half()
		}
	}
	return Both, nil
}
