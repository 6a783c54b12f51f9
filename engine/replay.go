package engine

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// replayer applies the commits of the log to the tree when a database is opened, within the
// same bounds of memory as writing: a log may be much longer than what it leads to, and than
// memory. Whenever the tree has grown by autoflush it is looked at: if most of it has been
// overwritten or deleted since, it is folded, else it is flushed. What may write nothing
// only folds.
type replayer struct {
	db       *DB
	ctx      context.Context
	inMemory bool // nothing can be flushed
	limit    int  // size of the tree at which it is looked at
	records  int
}

// replay reads the log into the tree, and publishes the state that it leads to.
func (o *opener) replay(ctx context.Context) error {
	db := o.db
	r := &replayer{db: db, ctx: ctx, inMemory: db.opts.ReadOnly, limit: db.opts.now().AutoFlush}
	var file wal.File
	if f := db.files.Log(); f != nil {
		file = f
	}
	log, rec, err := wal.RecoverSteps(file, o.disk.Log, r.apply, r.committed)
	if err != nil {
		return fmt.Errorf("replay log %s: %w", errs.Cut(db.files.LogPath()), err)
	}
	db.log, db.recovered = log, rec
	db.ledger.Replayed(db.tree, rec.Regions)
	return nil
}

func (r *replayer) apply(rec format.LogRecord) error {
	if r.records++; r.records%1024 == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	switch tree := r.db.tree; rec.Op {
	case format.LogWrite:
		if rec.Load != nil {
			return tree.PutFunc(rec.Key, rec.ValueLen, rec.Load)
		}
		tree.Put(rec.Key, rec.Value)
	case format.LogDelete:
		tree.Delete(rec.Key)
	case format.LogDeleteRange:
		tree.DeleteRange(rec.Key, rec.Value)
	}
	return nil
}

// committed is called after each transaction, with the position in the log after it.
func (r *replayer) committed(pos format.LogPos) error {
	db := r.db
	if db.tree.Size() < r.limit {
		return nil
	}
	limit := db.opts.now().AutoFlush
	live := db.tree.Live()
	switch garbage := db.tree.Size() - live; {
	case garbage > live || r.inMemory && garbage >= limit:
		db.tree = db.tree.Fold()
	case !r.inMemory:
		if err := r.flush(pos); err == nil {
			live = 0
		} else if isFull(err) {
			r.inMemory = true
			live = db.tree.Size()
		} else {
			return err
		}
	}
	// To fold costs as much as is live, so that has to come in between at least by half.
	r.limit = live + max(limit, live/2)
	if !r.inMemory {
		r.limit = max(limit, 2*live)
	}
	return nil
}

// flush makes the tree the old one, which reaches up to a position in the log, and
// flushes it. An old tree that could not be flushed is flushed first.
func (r *replayer) flush(pos format.LogPos) error {
	db := r.db
	replayed := db.tree.Freeze()
	db.tree = memtree.New()
	db.ledger.SetAside(replayed, pos, db.tree)
	watch := db.watchWork(byOpen)
	_, err := db.work(r.ctx, unlimited, db.opts.now().AutoMerge, true)
	watch.end(err)
	return err
}

// firstState publishes the state of the checkpoint, without the log, and with a log that
// nothing can be written to.
func (o *opener) firstState() error {
	db := o.db
	if (!o.Log.Commits || o.Log.AtStart) && o.disk.Log.Off != 0 {
		// The checkpoint's position means nothing in this log, which starts at 0: nothing
		// is reclaimed by it.
		o.disk.Log.Off = 0
		db.ledger.ForgetLog()
	}
	if err := db.notes.Begin(db.bf, db.files.LogName, o.Loaded, o.Log.Head); err != nil {
		return err
	}
	log, _, err := wal.Recover(nil, o.disk.Log, nil)
	if err != nil {
		return err
	}
	db.log, db.tree = log, memtree.New()
	db.ledger.First(o.disk, db.tree)
	return nil
}
