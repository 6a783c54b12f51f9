package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
)

// Open opens a database, or makes an empty one, and brings it to the state of its last
// commit: it takes the newest checkpoint and replays the log behind it.
//
// While a handle of this process has the database open for writing, a read-only one shares
// it: it sees what is committed there, waits for nobody, and takes no other option into
// account, except that it asks for the same compression or none at all. It has to be closed first.
//
// A file that is not a database, that is damaged, or that another process has open is
// refused and left as it is.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	canonical, err := o.FS.Canonical(path)
	if err != nil {
		return nil, files.OpenError(path, err)
	}
	if o.ReadOnly {
		if db := openShared(o.FS, canonical); db != nil {
			if err := db.agrees(&o); err != nil {
				_ = db.Close()
				return nil, err
			}
			return db, nil
		}
	}
	db := &DB{core: &core{path: canonical, maxTx: maxTreeSize, writer: turn.New("writer"), worker: turn.New("worker"), checkpointer: turn.New("checkpointer")}}
	db.opts.Options = o
	db.opts.publish()
	db.pace.init()
	db.group.init()
	if obs := JoinObservers(o.Observer, logObserver(o.Logger)); obs != nil {
		db.obs = *obs
	}
	start := time.Now()
	err = db.open(ctx)
	db.opts.publish() // what the file itself has decided
	if err != nil {
		if db.files != nil {
			db.files.Undo()
		}
	}
	db.opened(start, err)
	db.reportFindings(err)
	if err != nil {
		return nil, err
	}
	db.startBackground()
	db.share()
	return db, nil
}

// filesConfig says how the files are opened.
func (db *DB) filesConfig() files.Config {
	o := &db.opts.Options
	return files.Config{
		FS: o.FS, Path: db.path, ReadOnly: o.ReadOnly, MustExist: o.MustExist, OptionalLocks: o.OptionalLocks, Perm: o.Perm,
		Syncs: func() bool { return db.opts.now().Safety != SafetyOff },
		Moved: func(err error) {
			if db.obs.Moved != nil {
				db.obs.Moved(MovedEvent{DB: db, Err: err})
			}
		},
	}
}

// opened tells the observer what came of Open.
func (db *DB) opened(start time.Time, err error) {
	if db.obs.Opened == nil {
		return
	}
	e := OpenEvent{
		Path: db.path, ReadOnly: db.opts.ReadOnly, Duration: time.Since(start), Err: err,
		RecoveredCommits: db.recovered.Commits, RecoveredRecords: db.recovered.Records, RecoveredBytes: db.recovered.Bytes,
	}
	if err == nil {
		e.DB, e.KeptLog = db, db.files.KeptLog()
	}
	db.obs.Opened(e)
}

// open does the work of Open:
//
//  1. Open and lock the database file.
//  2. Choose the checkpoint, and open the segments it lists.
//  3. Look at the log, and refuse what does not prove to be the newest state.
//  4. Make durable what has been found, as far as a sync can do that.
//  5. Replay the log, flushing as it grows.
//  6. Make all of it a checkpoint on both meta pages, and begin a new log.
//
// Until step 4 nothing is written.
func (db *DB) open(ctx context.Context) error {
	f, err := files.Open(db.filesConfig())
	if err != nil {
		return err
	}
	db.files = f
	loaded, err := checkpoint.Load(f.Data(), db.path)
	if err != nil {
		return err
	}
	if err := db.acceptMeta(loaded); err != nil {
		return err
	}
	s := &survey{Loaded: &loaded}
	if s.disk, err = db.loadSnapshot(loaded); err != nil {
		return err
	}
	if err := db.noteErasedMeta(s); err != nil {
		return err
	}
	if err := f.OpenLog(); err != nil {
		return err
	}
	if err := db.accept(ctx, s); err != nil {
		return err
	}
	if !s.log.Commits || s.log.AtStart {
		// The checkpoint's position means nothing in this log, which starts at 0: nothing
		// is reclaimed by it.
		if s.disk.Log.Off != 0 {
			s.disk.Log.Off = 0
			db.ledger.ForgetLog()
		}
	}
	if err := db.notes.Begin(db.bf, db.files.LogName, s.Loaded, s.log.Head); err != nil {
		return err
	}
	if err := db.firstState(s.disk); err != nil {
		return err
	}
	if db.opts.ReadOnly {
		return db.replay(ctx, s.disk.Log)
	}
	return db.openToWrite(ctx, s)
}

// openToWrite is the part of open that writes.
func (db *DB) openToWrite(ctx context.Context, s *survey) error {
	if err := db.prepareFiles(s.Loaded); err != nil {
		return err
	}
	if db.settled(s.Loaded) {
		return db.startLog()
	}
	if !s.OnlyEmpty() && s.Checkpoint != nil {
		db.ledger.Restore()
	}
	db.notes.Unsettled.Store(s.log.Commits)
	if !s.log.Commits && s.log.Size > 0 {
		db.found(RecoverLeftover, fmt.Sprintf("the log %s of %d bytes holds no transaction that the file does not", db.files.LogPath(), s.log.Size))
	}
	if err := db.replay(ctx, s.disk.Log); err != nil {
		return err
	}
	if db.recovered.Stale {
		if err := db.log.ForgetStale(); err != nil {
			return ioerr.Write("open", db.files.LogPath(), "", err)
		}
	}
	return db.settleLog(ctx)
}

// acceptMeta refuses a file whose meta pages cannot be those of a database. What is left
// open here is decided when the log has been read.
func (db *DB) acceptMeta(l checkpoint.Loaded) error {
	if l.Checkpoint != nil || l.Damaged == nil || db.neverWritten(&l) {
		return db.chooseCodec(l.Checkpoint)
	}
	if l.BothDamaged || !db.files.HasLogName() {
		return &Error{Code: CodeCorrupt, Op: "open", Path: db.path,
			Detail: db.files.NoDatabase(), Err: l.Damaged}
	}
	return db.chooseCodec(nil)
}

// neverWritten reports whether a file is what a crash leaves of one that was just made:
// its first bytes, the checkpoint of an empty database on meta page 2, half written. A
// file without a single data page has nothing to lose.
func (db *DB) neverWritten(l *checkpoint.Loaded) bool {
	size, err := db.files.Size()
	return err == nil && size <= 2*format.MetaPageSize && l.Checkpoint == nil && l.DamagedMeta == 2 && !l.BothDamaged
}

// loadSnapshot opens what the checkpoint lists.
func (db *DB) loadSnapshot(l checkpoint.Loaded) (*snapshot.Snapshot, error) {
	o := &db.opts.Options
	c := l.Checkpoint
	if c != nil {
		o.PageSize, o.BlockSize = int(c.PageSize), int(c.BlockSize)
	}
	geo, err := geometryOf(o.PageSize, o.BlockSize, db.codec)
	if err != nil {
		return nil, &Error{Code: CodeMisuse, Op: "open", Path: db.path, Err: err}
	}
	db.bf = blockfile.New(db.files.Data(), db.path, geo, db.codec, o.CacheSize)
	if m := db.files.Map(db.opts.Mmap); m != nil {
		db.bf.SetMapping(m)
	}
	stored := ledger.Stored{Synced: base.EmptySnapshotID}
	if c == nil {
		free, err := freelist.New(0, map[base.BlockNo]base.SnapshotID{}, nil)
		db.ledger = ledger.New(db.bf, free, stored, db.files.ForeignReader)
		return snapshot.Empty(), err
	}
	if err := format.CheckBlocks(uint64(c.Blocks)); err != nil {
		return nil, db.loadError(err)
	}
	db.bf.SetBlocks(c.Blocks)
	db.bf.SetWritten(c.Written)
	stored = ledger.Stored{Meta: l.Durable(), Synced: l.OldestID(), NewestID: l.NewestID(), Written: c.Written}
	if db.opts.ReadOnly {
		stored.Meta, stored.Synced = l.Meta, c.ID // it writes none
	}
	stored.Ref = l.Pages[stored.Meta-1].Ref
	if stored.Synced != stored.Ref.ID {
		stored.Ref = l.Pages[checkpoint.Other(stored.Meta)-1].Ref
	}
	db.pace.stored.Store(c.Written)
	disk, err := snapshot.Load(db.bf, c)
	if err != nil {
		return nil, db.loadError(err)
	}
	recorded, err := cursor.RecordedFree(disk)
	if err != nil {
		return nil, db.loadError(err)
	}
	free, err := freelist.New(c.Blocks, recorded, c.Free)
	if err != nil {
		return nil, db.loadError(err)
	}
	db.ledger = ledger.New(db.bf, free, stored, db.files.ForeignReader)
	db.ledger.KeepLog(c.Log)
	db.checkAppendPoints(disk)
	return disk, nil
}

// loadError names the file in what a decoder found wrong.
func (db *DB) loadError(err error) error {
	var ce *CorruptionError
	if errors.As(err, &ce) && ce.File == "" {
		ce.File = db.path
	}
	return err
}

// checkAppendPoints drops the append points that do not lie right behind the end of a
// segment, or at which a sector would have to be shared: writing there would not be
// safe. An append point is a help, never a must.
func (db *DB) checkAppendPoints(disk *snapshot.Snapshot) {
	geo := db.bf.Geometry()
	ends := make(map[base.PageNo]bool)
	for _, l := range disk.Levels {
		if l.Merging != nil {
			continue
		}
		ends[l.Seg.Last+1] = true
	}
	for i, p := range disk.Append {
		if p != 0 && (!ends[p] || geo.IsFirst(p) || geo.Offset(p)%int64(db.files.Data().SectorSize()) != 0) {
			disk.Append[i] = 0
		}
	}
}

// syncFiles syncs both files and their names.
func (db *DB) syncFiles() error {
	if err := db.bf.Sync(); err != nil {
		db.notes.NothingSynced()
		return err
	}
	return db.files.SyncLog()
}
