// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/index"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/survey"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// load opens what the accepted checkpoint lists, and refuses a file that is no database. A
// meta page that must have been written and is blank counts as damaged afterwards.
func (o *opener) load(ctx context.Context) error {
	db := o.db
	if !survey.IsDatabase(o.Loaded, o.Bytes, db.files.HasLogName()) {
		detail := db.files.NoDatabase()
		if o.KeysLost() {
			detail = keysLost
		}
		return &Error{Code: CodeCorrupt, Op: "open", Path: db.path, Detail: detail, Err: o.Damaged}
	}
	if err := o.unlock(ctx); err != nil {
		return err
	}
	codec, err := db.opts.fileCodec(db.path, o.Checkpoint, db.secret)
	if err != nil {
		return err
	}
	if err := o.openPages(codec); err != nil {
		return err
	}
	if o.Checkpoint == nil {
		o.disk = emptyDisk(db.secret)
		return o.openLedger(nil, ledger.Stored{Synced: base.EmptySnapshotID})
	}
	if err := o.loadCheckpoint(o.Checkpoint); err != nil {
		var ce *CorruptionError
		if errors.As(err, &ce) && ce.File == "" {
			ce.File = db.path // which a decoder does not know
		}
		return err
	}
	survey.NoteErased(o.Loaded, o.Bytes, o.hasOwnPages())
	return nil
}

// openPages opens the file as pages, of the sizes and the codec of the file.
func (o *opener) openPages(codec Codec) error {
	db, opts := o.db, &o.db.opts.Options
	if c := o.Checkpoint; c != nil {
		opts.PageSize, opts.BlockSize = int(c.PageSize), int(c.BlockSize)
	}
	geo, err := geometryOf(opts.PageSize, opts.BlockSize, codec, db.secret != nil)
	if err != nil {
		return &Error{Code: CodeMisuse, Op: "open", Path: db.path, Err: err}
	}
	db.codec, opts.Compression = codec, codecName(codec)
	db.bf = pagesOf(db, db.files.Data(), geo, codec)
	if m := db.files.Map(opts.Mmap); m != nil {
		db.bf.SetMapping(m)
	}
	return nil
}

// pagesOf returns a file of the database as pages.
func pagesOf(db *DB, f vfs.File, geo format.Geometry, codec Codec) *blockfile.File {
	if db.secret != nil {
		return blockfile.NewEncrypted(f, db.path, geo, codec, db.secret.Keys(), db.opts.CacheSize)
	}
	return blockfile.New(f, db.path, geo, codec, db.opts.CacheSize)
}

// loadCheckpoint opens the segments that a checkpoint lists, and the books that fit it.
func (o *opener) loadCheckpoint(c *format.Checkpoint) (err error) {
	db := o.db
	if err := format.CheckBlocks(uint64(c.Blocks)); err != nil {
		return err
	}
	db.bf.SetBlocks(c.Blocks)
	db.bf.SetWritten(c.Written)
	load := snapshot.Load
	if o.skips() {
		load = snapshot.LoadAround
	}
	if o.disk, err = load(db.bf, c); err != nil {
		return err
	}
	if err := o.openLedger(c, storedOf(o.Loaded, db.opts.ReadOnly)); err != nil {
		return err
	}
	db.ledger.KeepLog(c.Log)
	dropAppendPoints(o.disk, db.bf.Geometry(), int64(db.files.Data().SectorSize()))
	return nil
}

// skips reports whether the database is opened although it may be damaged: nothing will be written.
func (o *opener) skips() bool { return o.db.opts.ReadOnly && o.db.opts.now().SkipDamaged }

// openLedger makes the books of a file that holds a checkpoint, nil for none.
func (o *opener) openLedger(c *format.Checkpoint, stored ledger.Stored) error {
	var blocks uint32
	var delta []format.FreeEntry
	recorded := make(map[base.BlockNo]base.SnapshotID)
	if c != nil {
		var err error
		recorded, err = cursor.RecordedFree(o.disk)
		blocks, delta = c.Blocks, c.Free
		if err != nil && o.skips() { // nothing is written, so no block has to be known as free
			recorded, delta, err = make(map[base.BlockNo]base.SnapshotID), nil, nil
		}
		if err != nil {
			return err
		}
	}
	free, err := freelist.New(blocks, recorded, delta)
	if err != nil {
		return err
	}
	o.db.ledger = ledger.New(o.db.bf, free, stored, o.db.files.ForeignReader)
	o.db.index = index.New(o.db.ledger, int64(o.db.opts.IndexSize))
	o.db.slots = o.db.ledger.Readers().NewSlots()
	o.db.streams = newStreams(o.db)
	o.db.worker = newWorker(o.db)
	o.db.writer = newWriter(o.db)
	return nil
}

// storedOf returns what the meta pages hold, for a handle that writes them or only reads.
func storedOf(l *checkpoint.Loaded, readOnly bool) ledger.Stored {
	c := l.Checkpoint
	stored := ledger.Stored{Meta: l.Durable(), Synced: l.OldestID(), NewestID: l.NewestID(), Written: c.Written}
	if readOnly {
		stored.Meta, stored.Synced = l.Meta, c.ID
	}
	stored.Ref = l.Pages[stored.Meta-1].Ref
	if stored.Synced != stored.Ref.ID {
		stored.Ref = l.Pages[checkpoint.Other(stored.Meta)-1].Ref
	}
	return stored
}

// dropAppendPoints drops the append points that do not lie right after the end of a
// segment, or at which a sector would have to be shared: writing there would not be
// safe. An append point is a help, never a must.
func dropAppendPoints(disk *snapshot.Snapshot, geo format.Geometry, sector int64) {
	ends := make(map[base.PageNo]bool)
	for _, l := range disk.Levels {
		if l.Merging == nil {
			ends[l.Seg.Last+1] = true
		}
	}
	for i, p := range disk.Append {
		if p != 0 && (!ends[p] || geo.IsFirst(p) || geo.Offset(p)%sector != 0) {
			disk.Append[i] = 0
		}
	}
}
