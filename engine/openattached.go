// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
)

// attachTries is how often a read-only Open tries both ways: a process that writes may open or close the database
// meanwhile.
const attachTries = 5

// openOrAttach opens the files at rest or, if another process has them open and lets others read, attaches to it.
func openOrAttach(ctx context.Context, path string, o Options) (opening *opener, err error) {
	patience := openPatience
	for range attachTries {
		// The watch begins first, so that it finds who comes in between. There is none where files cannot be locked as
		// that needs: then nobody can be attached to.
		watch, noWatch := attach.NewWatch(o.FS, path, path+files.LogSuffix)
		opening, err = openAtRest(ctx, path, o, patience)
		patience = 0
		if err == nil && noWatch == nil {
			foundAtRest(opening.db, o.Compression, watch)
			return opening, nil
		}
		if noWatch == nil {
			watch.Close()
		}
		if !errors.Is(err, ErrBusy) {
			return opening, err
		}
		second, attachErr := openAttached(ctx, path, o)
		if !errors.Is(attachErr, attach.ErrNoWriter) {
			return second, attachErr
		}
	}
	return opening, notShared(path, o.FS, err)
}

// openAttached opens a database that another process writes, and shows its newest state. It returns attach.ErrNoWriter
// if there is no such process that lets others read.
func openAttached(ctx context.Context, path string, o Options) (*opener, error) {
	db := newDB(path, o)
	opening := &opener{db: db}
	a := newAttached(db, o.Compression)
	err := opening.attach(ctx, a)
	db.publishOptions(db.opts.Options)
	if err != nil {
		a.follower.Close()
		opening.undo()
		return opening, err
	}
	a.start()
	return opening, nil
}

// attach does the work of openAttached:
//
//  1. Find the process that writes.
//  2. Read its meta pages, for the key, the codec and the sizes.
//  3. Make empty books, which nothing is ever taken from.
//  4. Show the newest state.
func (o *opener) attach(ctx context.Context, a *attached) (err error) {
	db := o.db
	if db.files, err = files.Attach(filesConfig(db)); err != nil {
		return err
	}
	if err := a.follower.Find(ctx); err != nil { // 1
		if errors.Is(err, attach.ErrNoWriter) {
			return err
		}
		return a.failed(err)
	}
	if err := o.loadLive(ctx, a); err != nil { // 2
		return err
	}
	a.follower.Unlocked(db.secret.Decode, db.secret.Keys())
	o.disk = emptyDisk(db.secret)
	if err := o.openLedger(nil, ledger.Stored{Synced: base.EmptySnapshotID}); err != nil { // 3
		return err
	}
	if err := db.writer.First(o.disk); err != nil {
		return err
	}
	a.follower.Publishes(db.ledger.Readers())
	if err := a.follower.Load(ctx); err != nil { // 4
		if errors.Is(err, attach.ErrNoWriter) {
			return err
		}
		return a.failed(err)
	}
	db.attached = a
	a.note(db.ledger.Newest().At)
	return db.CheckNotBefore(db.opts.NotBefore)
}

// loadTries is how often the meta pages are read that another process may be writing.
const loadTries = 10

// loadLive finds out from the meta pages how the file is to be read. What cannot be read there may be half written, so
// it is read again.
func (o *opener) loadLive(ctx context.Context, a *attached) (err error) {
	for range loadTries {
		var loaded checkpoint.Loaded
		if loaded, err = checkpoint.Load(a.follower.Data(), o.db.path); err != nil {
			return err
		}
		o.Loaded, o.Path = &loaded, o.db.path
		if o.Checkpoint == nil {
			err = &Error{Code: CodeCorrupt, Op: "open", Path: o.db.path, Detail: "no meta page holds a checkpoint", Err: o.Damaged}
			continue
		}
		if err = o.unlock(ctx); err == nil || !errors.Is(err, ErrCorrupt) {
			break
		}
	}
	if err != nil {
		return err
	}
	codec, err := o.db.opts.fileCodec(o.db.path, o.Checkpoint, o.db.secret)
	if err != nil {
		return err
	}
	return o.openPages(codec)
}

// newAttached makes the attached of a handle that is being opened. asked is the compression that its user has
// requested, which each file is compared with that it shows: a database in which nothing was stored yet may get any.
func newAttached(db *DB, asked string) *attached {
	a := &attached{db: db, asked: asked, turn: turn.New("attached"), done: make(chan struct{})}
	a.seen.Store(&Attachment{})
	a.view.Store(&view{})
	a.openFiles = func(ctx context.Context) (*DB, error) {
		o := *db.opts.now()
		o.ReadOnly, o.Observer, o.Logger, o.Compression = true, nil, nil, asked
		opening, err := openAtRest(ctx, db.path, o, 0) // next tries again
		return opening.db, err
	}
	a.closeFiles = (*DB).Close
	a.follower = attach.New(attach.Config{
		FS: db.opts.FS, Path: db.path, LogPath: db.path + files.LogSuffix, NewFile: a.newFile,
		Renewed: func(before, now *snapshot.Snapshot) { db.index.Renewed(before, now) },
		Publish: func(s *snapshot.State, v attach.View) { a.show(s, view{pages: v.Pages, run: v}) },
	})
	return a
}

// foundAtRest makes a handle follow the processes that will write the files, which it has opened while nobody does.
func foundAtRest(db *DB, asked string, watch *attach.Watch) {
	a := newAttached(db, asked)
	a.rest = &resting{db: db, disk: db.ledger.Newest().Disk, watch: watch}
	a.found.Store(true)
	a.view.Store(&view{pages: db.bf, rest: db})
	a.follower.Unlocked(db.secret.Decode, db.secret.Keys())
	a.follower.Publishes(db.ledger.Readers())
	db.attached = a
	a.note(db.ledger.Newest().At)
	a.start() // so that a handle that nobody uses lets the space go, too, for which the next process that writes waits
}
