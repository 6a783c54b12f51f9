// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var errFail = errors.New("failed on purpose")

// slowFS is a file system whose log is synced, and written, as a test wants it.
type slowFS struct {
	*memfs.FS
	sync    func() error // of the log; may be nil
	write   error        // of the log
	onWrite func() error // to the log; may be nil
	data    error        // of a write to the database file
	voided  atomic.Bool  // a write to the log has failed, and what voids it is not synced
	looks   atomic.Int64 // at the name of the database file
}

func (s *slowFS) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := s.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &slowFile{f, s, strings.HasSuffix(name, files.LogSuffix)}, nil
}

func (s *slowFS) Lstat(name string) (fs.FileInfo, error) {
	if !strings.HasSuffix(name, files.LogSuffix) {
		s.looks.Add(1)
	}
	return s.FS.Lstat(name)
}

type slowFile struct {
	vfs.File
	fs  *slowFS
	log bool
}

// Sync of what voids a commit that could not be written does not wait for the test.
func (f *slowFile) Sync() error {
	if f.log && f.fs.voided.Swap(false) {
		return f.File.Sync()
	}
	if f.log && f.fs.sync != nil {
		if err := f.fs.sync(); err != nil {
			return err
		}
	}
	return f.File.Sync()
}

// Stat lets the file be known again.
func (f *slowFile) Stat() (fs.FileInfo, error) { return f.File.(vfs.Stater).Stat() }

func (f *slowFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fs.write; f.log && err != nil {
		f.fs.voided.Store(true)
		return 0, err
	}
	if f.log && f.fs.onWrite != nil {
		if err := f.fs.onWrite(); err != nil {
			f.fs.voided.Store(true)
			return 0, err
		}
	}
	if err := f.fs.data; !f.log && err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

// desk is a writer and a worker over an empty database in memory.
type desk struct {
	*Writer
	t        *testing.T
	fs       slowFS
	notes    checkpoint.Notes
	tuning   tuning.Current
	poisoned atomic.Pointer[error]
	poisons  atomic.Int64
	inside   atomic.Int64 // transactions
}

// newDesk makes one. change changes its settings.
func newDesk(t *testing.T, change func(*tuning.Values)) *desk {
	t.Helper()
	d := &desk{t: t, fs: slowFS{FS: memfs.New()}}
	v := tuning.Values{AutoFlush: 1 << 20, AutoMerge: 4, MaxFreelist: 24, AutoWork: true, Log: true, Sync: tuning.Commits}
	if change != nil {
		change(&v)
	}
	d.tuning.Store(v)
	f, err := files.Open(context.Background(), files.Config{FS: &d.fs, Path: "/test.db", Syncs: func() bool { return true }})
	must(t, err)
	geo, err := format.NewGeometry(1024, 64<<10)
	must(t, err)
	free, err := freelist.New(0, map[base.BlockNo]base.SnapshotID{}, nil)
	must(t, err)
	bf := blockfile.New(f.Data(), "/test.db", geo, nil, 1<<20)
	stored := ledger.Stored{Meta: 2, NewestID: base.EmptySnapshotID, Synced: base.EmptySnapshotID}
	books := ledger.New(bf, free, stored, f.ForeignReader)
	loaded, err := checkpoint.Load(f.Data(), "/test.db")
	must(t, err)
	must(t, d.notes.Begin(bf, &loaded, checkpoint.FoundLog{Exists: true, Name: f.LogName}))
	k := worker.New(worker.Config{Path: "/test.db", File: bf, Ledger: books, Notes: &d.notes, Tuning: &d.tuning, Host: worker.Host{
		Writable: func(string) error { return d.why() }, Stopped: d.why, Poisoned: d.why, Poison: d.poison,
		BeforeStore: func() error { return nil },
	}})
	d.Writer = New(Config{Path: "/test.db", Files: f, Ledger: books, Worker: k, Notes: &d.notes, Tuning: &d.tuning, MaxTx: MaxTx})
	d.Host = Host{
		Enter: func(string) error { d.inside.Add(1); return nil }, Leave: func() { d.inside.Add(-1) },
		Writable: func(string) error { return d.why() }, Stopped: d.why, Poisoned: d.why, Poison: d.poison,
	}
	must(t, d.First(snapshot.Empty()))
	must(t, f.OpenLog())
	must(t, f.ReplaceLog())
	must(t, d.StartLog(format.LogMark{1}))
	return d
}

func (d *desk) why() error {
	if err := d.poisoned.Load(); err != nil {
		return *err
	}
	return nil
}

func (d *desk) poison(err error) error {
	d.poisons.Add(1)
	d.poisoned.CompareAndSwap(nil, &err)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hold does something that needs the writer's turn.
func (d *desk) hold(do func()) {
	d.t.Helper()
	must(d.t, d.Turn.Take(context.Background()))
	defer d.Turn.Release()
	do()
}

// full reports what of the database is full.
func (d *desk) full() (trees, log bool) {
	d.t.Helper()
	d.hold(func() { trees, log = d.treesFull(), d.logIsFull() })
	return trees, log
}

// set changes the settings.
func (d *desk) set(change func(*tuning.Values)) {
	v := *d.tuning.Load()
	change(&v)
	d.tuning.Store(v)
}

// put commits a key with a value of some bytes.
func (d *desk) put(key string, size int) error {
	var tx Tx
	if err := d.Begin(context.Background(), &tx); err != nil {
		return err
	}
	if err := tx.Put([]byte(key), make([]byte, size)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit(context.Background())
}

// sees reports whether the trees of the newest state have a key.
func (d *desk) sees(key string) bool {
	st := d.Ledger.Acquire()
	defer d.Ledger.Release(st)
	_, live := st.Live.Get([]byte(key))
	_, old := st.Old.Get([]byte(key))
	return live == memtree.Found || live == memtree.Unknown && old == memtree.Found
}

// has reports whether the newest state has a key, flushed or not.
func (d *desk) has(key string) bool {
	st := d.Ledger.Acquire()
	defer d.Ledger.Release(st)
	_, found, err := cursor.Get(nil, []byte(key), &st.Live, st)
	must(d.t, err)
	return found
}
