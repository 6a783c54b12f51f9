package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logSuffix makes the log's name of the database's.
const logSuffix = "-log"

func (db *DB) logPath() string {
	if db.logName != "" {
		return db.logName
	}
	return db.path + logSuffix
}

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
		return nil, openError(path, err)
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
	db := &DB{core: &core{path: canonical, fs: o.FS, maxTx: maxTreeSize, writer: newTurn(), worker: newTurn(), checkpointer: newTurn()}}
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
		db.undoOpen()
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
		e.DB, e.KeptLog = db, db.keptLog
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
	if err := db.openFile(); err != nil {
		return err
	}
	if err := db.lock(); err != nil {
		if errors.Is(err, ErrBusy) {
			db.made.file = false // it is somebody else's by now
		}
		return err
	}
	loaded, err := checkpoint.Load(db.file, db.path)
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
	if err := db.openLog(); err != nil {
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
			db.haveSyncedLog = false
		}
	}
	if err := db.takeNotes(s.Loaded, s.log.Head); err != nil {
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
	db.restore = !db.onlyEmpty(s.Loaded) && s.Checkpoint != nil
	db.unsettled.Store(s.log.Commits)
	if db.logFile != nil && !s.log.Commits && s.log.Size > 0 {
		db.found(RecoverLeftover, fmt.Sprintf("the log %s of %d bytes holds no transaction that the file does not", db.logPath(), s.log.Size))
	}
	if err := db.replay(ctx, s.disk.Log); err != nil {
		return err
	}
	if db.recovered.Stale {
		if err := db.log.ForgetStale(); err != nil {
			return db.logError("open", err)
		}
	}
	return db.settleLog(ctx)
}

// openError says why a file cannot be opened.
func openError(path string, err error) error {
	var typed *Error
	if errors.As(err, &typed) {
		return err
	}
	e := &Error{Code: CodeCantOpen, Op: "open", Path: path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Detail = "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		e.Detail = "no permission"
	case errors.Is(err, vfs.ErrLink):
		e.Detail = "the file is not opened, because its name may be a link to anybody's file; remove the link"
	}
	return e
}

// openFile opens the database file, making it if that is asked for. A new file and its
// directory entry are durable before anything is in its log (see createLog): a log that is
// not empty and has no database is therefore an orphan, of a database that was deleted, and
// is refused.
func (db *DB) openFile() error {
	o := &db.opts.Options
	flag := vfs.ReadWrite | db.lockFlag()
	if o.ReadOnly {
		flag = vfs.ReadOnly | db.lockFlag()
	}
	f, err := db.fs.Open(db.path, flag, 0)
	if errors.Is(err, fs.ErrNotExist) && !o.ReadOnly && !o.MustExist {
		if err := db.refuseOrphan(); err != nil {
			return err
		}
		f, err = db.fs.Open(db.path, flag|vfs.Create|vfs.MustCreate, o.Perm)
		db.made.file = err == nil
		if errors.Is(err, fs.ErrExist) { // by another handle, just now
			f, err = db.fs.Open(db.path, flag, 0)
		}
	}
	if err != nil {
		return openError(db.path, err)
	}
	db.file = f
	id, err := vfs.Identify(db.fs, f)
	if err == nil {
		err = db.expectName(id, db.path)
	}
	if err != nil {
		return openError(db.path, err)
	}
	db.names.file = id
	return nil
}

// refuseOrphan refuses to make a database beside something that has the name of its log.
func (db *DB) refuseOrphan() error {
	switch info, err := vfs.Lstat(db.fs, db.logPath()); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return openError(db.logPath(), err)
	case info.Mode()&fs.ModeSymlink != 0:
		return openError(db.logPath(), vfs.ErrLink)
	case info.Size() > 0 || info.IsDir():
		return &Error{Code: CodeCantOpen, Op: "open", Path: db.path,
			Detail: fmt.Sprintf("the file does not exist, but its log %s does: the log of a database that was deleted or moved; bring the database back, or remove the log if it is not needed", db.logPath())}
	}
	return nil
}

// lockFlag is the flag with which files are opened that are to be locked.
func (db *DB) lockFlag() vfs.OpenFlag {
	if db.opts.OptionalLocks {
		return vfs.OptionalLocks
	}
	return 0
}

// lock keeps other processes, C lsm1's among them, from writing the file while we use
// it, and from reading it while we write. The locks are those of lsm1's single-process
// mode, with two additions that nobody's code objects to: RWCLIENT(0) tells a C
// read-only client that the database is live, and ROTRANS is respected, which C's
// single-process mode does not.
func (db *DB) lock() error {
	busy := func(what string, err error) error {
		if errors.Is(err, vfs.ErrLocked) || err == nil {
			return &Error{Code: CodeBusy, Op: "open", Path: db.path, Detail: what}
		}
		e := &Error{Code: CodeProtocol, Op: "lock", Path: db.path, Err: err}
		if errors.Is(err, vfs.ErrLockUnsupported) {
			e.Detail = "other processes cannot be kept out; if none of them opens the file, say locking=optional (Options.OptionalLocks)"
		}
		return e
	}
	const other = "another process, or another handle of this one, has the database open"
	const remedy = "; close it there, or use the handle that is open"
	if db.opts.ReadOnly {
		if err := db.file.Lock(vfs.SlotDMS1, vfs.Shared); err != nil {
			return busy("another process is just opening or closing the database; try again", err)
		}
		for _, slots := range [][2]int{{vfs.SlotDMS2, 1}, {vfs.SlotRWClient0, vfs.NumRWClients}} {
			held, err := db.file.Locked(slots[0], slots[1], vfs.Shared)
			if held || err != nil {
				return busy(other+" for writing"+remedy, err)
			}
		}
		if err := db.file.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
			return busy(other+remedy, err)
		}
		return db.file.Lock(vfs.SlotDMS1, vfs.Unlock)
	}
	if err := db.file.Lock(vfs.SlotDMS1, vfs.Exclusive); err != nil {
		return busy("another process is just opening or closing the database; try again", err)
	}
	if err := db.file.Lock(vfs.SlotDMS2, vfs.Exclusive); err != nil {
		return busy(other+remedy, err)
	}
	if err := db.file.Lock(vfs.SlotRWClient0, vfs.Exclusive); err != nil {
		return busy(other+remedy, err)
	}
	return db.file.Lock(vfs.SlotDMS1, vfs.Unlock)
}

// acceptMeta refuses a file whose meta pages cannot be those of a database. What is left
// open here is decided when the log has been read.
func (db *DB) acceptMeta(l checkpoint.Loaded) error {
	if l.Checkpoint != nil || l.Damaged == nil || db.neverWritten(&l) {
		return db.chooseCodec(l.Checkpoint)
	}
	if _, err := db.fs.Stat(db.logPath()); err != nil || l.BothDamaged {
		return &Error{Code: CodeCorrupt, Op: "open", Path: db.path,
			Detail: db.foreignDetail(), Err: l.Damaged}
	}
	return db.chooseCodec(nil)
}

// neverWritten reports whether a file is what a crash leaves of one that was just made:
// its first bytes, the checkpoint of an empty database on meta page 2, half written. A
// file without a single data page has nothing to lose.
func (db *DB) neverWritten(l *checkpoint.Loaded) bool {
	size, err := db.file.Size()
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
	db.bf = blockfile.New(db.file, db.path, geo, db.codec, o.CacheSize)
	db.mapFile()
	db.synced = base.EmptySnapshotID
	if c == nil {
		db.free, err = freelist.New(0, map[base.BlockNo]base.SnapshotID{}, nil)
		return snapshot.Empty(), err
	}
	if err := format.CheckBlocks(uint64(c.Blocks)); err != nil {
		return nil, db.loadError(err)
	}
	db.bf.SetBlocks(c.Blocks)
	db.bf.SetWritten(c.Written)
	db.meta, db.synced, db.ckptWritten = l.Durable(), l.OldestID(), c.Written
	if db.opts.ReadOnly {
		db.meta, db.synced = l.Meta, c.ID // it writes none
	}
	db.syncedRef, db.storedID = l.Pages[db.meta-1].Ref, l.NewestID()
	if db.synced != db.syncedRef.ID {
		db.syncedRef = l.Pages[checkpoint.Other(db.meta)-1].Ref
	}
	db.pace.stored.Store(c.Written)
	db.syncedLog, db.haveSyncedLog = c.Log, true
	disk, err := snapshot.Load(db.bf, c)
	if err != nil {
		return nil, db.loadError(err)
	}
	recorded, err := cursor.RecordedFree(disk)
	if err != nil {
		return nil, db.loadError(err)
	}
	if db.free, err = freelist.New(c.Blocks, recorded, c.Free); err != nil {
		return nil, db.loadError(err)
	}
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
		if p != 0 && (!ends[p] || geo.IsFirst(p) || geo.Offset(p)%int64(db.file.SectorSize()) != 0) {
			disk.Append[i] = 0
		}
	}
}

// syncFiles syncs both files and their names.
func (db *DB) syncFiles() error {
	if err := db.bf.Sync(); err != nil {
		db.noteSyncFailed(true)
		return err
	}
	if db.logFile != nil {
		if err := db.logFile.Sync(); err != nil {
			return &Error{Code: CodeIO, Op: "sync", Path: db.logPath(), Err: err}
		}
	}
	return db.syncDir()
}

// releaseFiles closes the files and with them gives up all locks.
func (db *DB) releaseFiles() {
	_ = db.forgetLog()
	if db.mapping != nil {
		_ = db.mapping.Close()
	}
	if db.file != nil {
		db.length.close(db.file)
	}
}

// mapFile maps the database file if the options ask for it. A file or a platform that
// cannot be mapped is read.
func (db *DB) mapFile() {
	able, ok := db.file.(vfs.Mapper)
	if !ok || db.opts.Mmap == 0 {
		return
	}
	if m, err := able.Map(db.opts.Mmap); err == nil {
		db.mapping = m
		db.bf.SetMapping(m)
	}
}
