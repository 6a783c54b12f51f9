package engine

import "context"

// settleLater is opener.settle for a database that could be opened only without. The log goes
// on where it is: nothing before its end is needed any more. The caller has the writer's
// turn.
func (db *DB) settleLater(ctx context.Context) error {
	if !db.notes.Unsettled.Load() {
		return nil
	}
	if err := db.takeWorker(ctx, "begin"); err != nil {
		return err
	}
	defer db.worker.Release()
	if err := db.bringIn(ctx, byBegin); err != nil {
		return err
	}
	db.notes.Unsettled.Store(false)
	return nil
}

// bringIn makes everything that was committed part of a checkpoint that both meta pages
// hold. The caller has both turns.
func (db *DB) bringIn(ctx context.Context, by string) error {
	db.dropJobs()
	watch := db.watchWork(by)
	err := db.flushAll(ctx)
	if err == nil {
		err = db.rewriteSuspect(ctx)
	}
	watch.end(err)
	if err != nil {
		return err
	}
	db.dropJobs()
	if err := db.fitFreelist(ctx); err != nil {
		return err
	}
	// The log holds nothing any more that the levels do not, and nobody can commit.
	claimed := db.notes.NothingInLog()
	was := db.notes.Unsettled.Swap(false)
	if claimed {
		db.ledger.Restore()
	}
	if err := db.checkpointer.Take(ctx); err != nil {
		return waitError("checkpoint", db.path, "the checkpointer's turn", err)
	}
	defer db.checkpointer.Release()
	e := db.ledger.Next()
	if e.Checkpoint == nil {
		return db.syncResult(db.notes.UnclaimFirst(e.Durable, db.opts.now().Safety != SafetyOff))
	}
	if _, err := db.storeExported(e, true); err != nil {
		db.notes.Unsettled.Store(was)
		return err
	}
	return nil
}

// rewriteSuspect writes everything anew, to other blocks, if what is read of the file may
// be in the cache only. The caller has the worker's turn.
func (db *DB) rewriteSuspect(ctx context.Context) error {
	if !db.notes.Suspect() || db.opts.now().Safety == SafetyOff {
		return nil
	}
	if len(db.ledger.Newest().Disk.Levels) > 0 {
		if err := db.rewrite(ctx); err != nil {
			return err
		}
	}
	db.notes.Rewritten()
	return nil
}

// syncPages syncs the database file. If that fails, the next session must not take what it
// reads of it for durable.
func syncPages(db *DB) error {
	err := db.bf.Sync()
	if err != nil {
		db.notes.NothingSynced()
	}
	return err
}
