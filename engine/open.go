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
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logSuffix makes the log's name of the database's.
const logSuffix = "-log"

func (db *DB) logPath() string { return db.path + logSuffix }

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
	db.opts.init(o)
	db.pace.init()
	db.group.init()
	if obs := JoinObservers(o.Observer, logObserver(o.Logger)); obs != nil {
		db.obs = *obs
	}
	start := time.Now()
	err = db.open(ctx)
	if err != nil {
		db.undoOpen()
	}
	db.opened(start, err)
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
//  2. Choose the checkpoint, and refuse what is not ours.
//  3. Open the segments it lists and read the free list from them.
//  4. Replay the log.
//  5. Make durable what has been found, and make what is missing.
//  6. Publish the first state.
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
	disk, err := db.loadSnapshot(loaded)
	if err != nil {
		return err
	}
	if err := db.noteErasedMeta(&loaded, disk); err != nil {
		return err
	}
	if err := db.openLog(); err != nil {
		return err
	}
	rec, err := db.replay(ctx, disk)
	if err != nil {
		return err
	}
	if err := db.acceptRecovery(loaded, rec); err != nil {
		return err
	}
	if loaded.Damaged != nil {
		if err := db.acceptDamagedMeta(ctx, loaded, disk); err != nil {
			return err
		}
	}
	keep := false
	if db.logFile != nil && rec.Commits == 0 {
		if keep, err = db.acceptLog(); err != nil {
			return err
		}
		// Beside a damaged meta page the log has to stay until that page has been replaced.
		keep = keep && loaded.Damaged == nil
	}
	if !db.opts.ReadOnly {
		if rec.Stale {
			if err := db.log.ForgetStale(); err != nil {
				return db.logError("open", err)
			}
		}
		if err := db.settleFiles(loaded); err != nil {
			return err
		}
		if keep {
			if err := db.keepLog(); err != nil {
				return err
			}
		}
		if db.logFile == nil {
			if err := db.createLog(); err != nil {
				return err
			}
			if _, err := db.replay(ctx, disk); err != nil {
				return err
			}
		}
	}
	db.recovered, db.logRegions = rec, rec.Regions
	db.reg.Publish(&snapshot.State{Live: db.tree.Freeze(), Disk: disk, Tree: db.tree})
	return nil
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
// directory entry are durable before its log is made (see settleFiles): a log without a
// database is therefore an orphan, of a database that was deleted, and is refused.
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
	if l.Checkpoint != nil || l.Damaged == nil || db.neverWritten(l) {
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
func (db *DB) neverWritten(l checkpoint.Loaded) bool {
	size, err := db.file.Size()
	return err == nil && size <= 2*format.MetaPageSize && l.Checkpoint == nil && l.DamagedMeta == 2 && !l.BothDamaged
}

// acceptRecovery refuses a file that would open as an empty database though it is not
// empty: an empty one is followed by a log that begins at its beginning.
func (db *DB) acceptRecovery(l checkpoint.Loaded, rec wal.Recovered) error {
	if l.Checkpoint != nil || rec.Commits > 0 || db.neverWritten(l) {
		return nil
	}
	size, err := db.file.Size()
	if err != nil {
		return openError(db.path, err)
	}
	if l.Damaged == nil {
		// Meta pages never written: pages may follow that no checkpoint ever knew,
		// unless there is no log and so nobody was at work here.
		if size <= 2*format.MetaPageSize || db.logFile != nil {
			return nil
		}
		return &Error{Code: CodeCorrupt, Op: "open", Path: db.path,
			Detail: fmt.Sprintf("a file of %d bytes without a checkpoint and without a log is not a database", size)}
	}
	return &Error{Code: CodeCorrupt, Op: "open", Path: db.path,
		Detail: "the meta pages are damaged, and the log holds no transaction that follows an empty database", Err: l.Damaged}
}

// acceptDamagedMeta decides about a file of which one meta page is damaged. That is what
// a crash leaves while a checkpoint is being written, and then the log of that session
// is still there and the older checkpoint is sound; on a database that was closed it is
// damage, and taking the older checkpoint would silently lose data.
func (db *DB) acceptDamagedMeta(ctx context.Context, l checkpoint.Loaded, disk *snapshot.Snapshot) error {
	refuse := func(detail string, err error) error {
		return &Error{Code: CodeCorrupt, Op: "open", Path: db.path,
			Detail: fmt.Sprintf("meta page %d is damaged, and %s: the newest checkpoint may be lost; recover from a backup, or use the recover command", l.DamagedMeta, detail), Err: err}
	}
	if l.Checkpoint == nil {
		return nil // acceptRecovery has seen that the log begins at the beginning
	}
	if db.logFile == nil {
		return refuse("there is no log of a session that was writing it", l.Damaged)
	}
	for problem := range db.checkSnapshot(ctx, disk) {
		return refuse("the other checkpoint is not sound", errors.New(problem.String()))
	}
	return ctx.Err()
}

// noteErasedMeta notices a meta page that is all zeros though it must have been written
// once. Page 1 is always written before page 2, except for the empty checkpoint that our
// own files begin with on page 2; so page 2 is never blank where our own pages are, and
// where page 1 is, there are no pages (or the log of a session that wrote them).
func (db *DB) noteErasedMeta(l *checkpoint.Loaded, disk *snapshot.Snapshot) error {
	if l.Damaged != nil || l.Checkpoint == nil || l.NumValid == 2 {
		return nil
	}
	size, err := db.file.Size()
	if err != nil {
		return openError(db.path, err)
	}
	erased := l.Meta == 2 && (l.Checkpoint.ID > base.EmptySnapshotID || size > 2*format.MetaPageSize)
	for _, level := range disk.Levels {
		erased = erased || l.Meta == 1 && !level.Seg.MayLink
	}
	if erased {
		l.DamagedMeta = 3 - l.Meta
		l.Damaged = fmt.Errorf("meta page %d is blank, though it has been written before", l.DamagedMeta)
	}
	return nil
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
	if db.codec != nil {
		db.bf = blockfile.NewCompressed(db.file, db.path, geo, db.codec, o.CacheSize)
	} else {
		db.bf = blockfile.New(db.file, db.path, geo, o.CacheSize)
	}
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
	db.meta, db.synced, db.ckptWritten = l.Meta, c.ID, c.Written
	db.pace.stored.Store(c.Written)
	db.syncedLog, db.haveSyncedLog = c.Log, true
	disk, err := snapshot.Load(db.bf, c)
	if err != nil {
		return nil, db.loadError(err)
	}
	recorded, err := recordedFree(disk)
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

// recordedFree reads the free-list entries that are stored in the segments.
func recordedFree(disk *snapshot.Snapshot) (map[base.BlockNo]base.SnapshotID, error) {
	recorded := make(map[base.BlockNo]base.SnapshotID)
	var c cursor.Cursor
	if err := c.InitSystem(disk); err != nil {
		return nil, err
	}
	for ok := c.First(); ok; ok = c.Next() {
		value, err := c.Value()
		if err != nil {
			return nil, err
		}
		e, err := format.DecodeFreeRecord(c.Key(), value)
		if err != nil {
			return nil, err
		}
		recorded[e.Block] = e.ID
	}
	return recorded, c.Err()
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

// settleFiles makes sure that what the files say holds. What a process wrote that was
// killed since may be in the kernel's memory only, the checkpoint that has just been
// read included, and so may the names of the files: nothing may be trusted, reused or
// acknowledged before it is synced.
func (db *DB) settleFiles(l checkpoint.Loaded) (err error) {
	db.damagedMeta = l.DamagedMeta
	if l.Checkpoint == nil {
		if db.meta, err = checkpoint.StoreEmpty(db.bf); err != nil {
			return err
		}
		if db.damagedMeta == db.meta {
			db.damagedMeta = 0
		}
	}
	if db.opts.Safety == SafetyOff {
		return nil
	}
	return db.syncFiles()
}

// syncFiles syncs both files and their names.
func (db *DB) syncFiles() error {
	if err := db.bf.Sync(); err != nil {
		return err
	}
	if db.logFile != nil {
		if err := db.logFile.Sync(); err != nil {
			return &Error{Code: CodeIO, Op: "sync", Path: db.logPath(), Err: err}
		}
	}
	if err := db.fs.SyncDir(db.path); err != nil {
		return &Error{Code: CodeIO, Op: "sync directory of", Path: db.path, Err: err}
	}
	return nil
}

// replay reads the log into a new tree.
func (db *DB) replay(ctx context.Context, disk *snapshot.Snapshot) (wal.Recovered, error) {
	db.tree = memtree.New()
	n := 0
	apply := func(r format.LogRecord) error {
		if n++; n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		switch r.Op {
		case format.LogWrite:
			if r.Load != nil {
				return db.tree.PutFunc(r.Key, r.ValueLen, r.Load)
			}
			db.tree.Put(r.Key, r.Value)
		case format.LogDelete:
			db.tree.Delete(r.Key)
		case format.LogDeleteRange:
			db.tree.DeleteRange(r.Key, r.Value)
		}
		return nil
	}
	var file wal.File
	if db.logFile != nil {
		file = db.logFile
	}
	log, rec, err := wal.Recover(file, disk.Log, apply)
	if err != nil {
		return rec, fmt.Errorf("replay log %s: %w", base.Cut(db.logPath()), err)
	}
	db.log = log
	if rec.Rebased {
		// The checkpoint's position means nothing in this log, which starts at 0:
		// nothing is reclaimed by it.
		disk.Log.Off = 0
		db.haveSyncedLog = false
	}
	return rec, nil
}

// releaseFiles closes the files and with them gives up all locks.
func (db *DB) releaseFiles() {
	switch {
	case db.log != nil:
		_ = db.log.Close()
	case db.logFile != nil:
		_ = db.logFile.Close()
	}
	if db.mapping != nil {
		_ = db.mapping.Close()
	}
	if db.file != nil {
		_ = db.file.Close()
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
