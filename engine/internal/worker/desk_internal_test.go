// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var errFail = errors.New("failed on purpose")

// sick is a file whose writes and syncs fail while they are told to.
type sick struct {
	vfs.File
	write, sync error
	started     int // how often it was asked to begin to write
}

func (s *sick) StartWrite(int64, int64) { s.started++ }

func (s *sick) WriteAt(p []byte, off int64) (int, error) {
	if s.write != nil {
		return 0, s.write
	}
	return s.File.WriteAt(p, off)
}

func (s *sick) Sync() error {
	if s.sync != nil {
		return s.sync
	}
	return s.File.Sync()
}

// fakeLive is a live tree that is as full as a test says.
type fakeLive struct {
	fill    float64
	log     int64
	rotated int
}

func (l *fakeLive) Fill(*snapshot.State) float64 { return l.fill }
func (l *fakeLive) RotateIfFull() error          { l.rotated++; return nil }
func (l *fakeLive) LogSize() int64               { return l.log }

// desk is a worker over an empty database in memory, without a writer.
type desk struct {
	*Worker
	t        *testing.T
	data     *sick
	live     fakeLive
	notes    checkpoint.Notes
	tuning   tuning.Current
	stopped  atomic.Pointer[error]
	poisoned error
	commits  uint64
}

// newDesk makes one. change changes how it is set up.
func newDesk(t *testing.T, change func(*Config, *tuning.Values)) *desk {
	t.Helper()
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	must(t, err)
	geo, err := format.NewGeometry(1024, 64<<10)
	must(t, err)
	free, err := freelist.New(0, map[base.BlockNo]base.SnapshotID{}, nil)
	must(t, err)
	d := &desk{t: t, data: &sick{File: f}}
	file := blockfile.New(d.data, "/test.db", geo, nil, 1<<20)
	stored := ledger.Stored{Meta: 2, NewestID: base.EmptySnapshotID, Synced: base.EmptySnapshotID}
	books := ledger.New(file, free, stored, func() (bool, error) { return false, nil })
	books.First(snapshot.Empty(), memtree.New())
	loaded, err := checkpoint.Load(d.data, "/test.db")
	must(t, err)
	must(t, d.notes.Begin(file, &loaded, checkpoint.FoundLog{Exists: true, Name: func() string { return "test.db-log" }}))
	c := Config{Path: "/test.db", File: file, Ledger: books, Notes: &d.notes, Tuning: &d.tuning, Host: Host{
		Writable: func(string) error { return d.why() }, Stopped: d.why,
		Poisoned: func() error { return d.poisoned }, Poison: func(err error) error { d.poisoned = err; return err },
		BeforeStore: func() error { return nil },
	}}
	v := tuning.Values{AutoFlush: 1 << 20, AutoMerge: 4, MaxFreelist: 24, AutoWork: true, Log: true, Sync: tuning.Checkpoints}
	if change != nil {
		change(&c, &v)
	}
	d.tuning.Store(v)
	d.Worker = New(c)
	d.Attach(&d.live)
	return d
}

// stop lets nothing more be written, unless err is nil.
func (d *desk) stop(err error) { d.stopped.Store(&err) }

func (d *desk) why() error {
	if err := d.stopped.Load(); err != nil {
		return *err
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// setAside makes a tree of some rows and deleted keys the old one.
func (d *desk) setAside(rows int, size int, deleted ...string) {
	d.t.Helper()
	tree := memtree.New()
	for i := range rows {
		tree.Put(fmt.Appendf(nil, "%05d", i), slices.Repeat([]byte{byte(d.commits)}, size))
	}
	for _, key := range deleted {
		tree.Delete([]byte(key))
	}
	d.commits++
	d.Ledger.Show(ledger.Commit{Seq: d.commits, View: tree.Freeze()})
	d.Ledger.SetAside(tree.Freeze(), format.LogPos{Off: int64(d.commits) * 100}, memtree.New())
}

// work works with the worker's turn.
func (d *desk) work(o Order) (int, error) {
	d.t.Helper()
	if !d.Turn.Try() {
		d.t.Fatal("somebody has the turn")
	}
	defer d.Turn.Release()
	return d.Work(context.Background(), o)
}

// flush writes an old tree of some rows to a new level.
func (d *desk) flush(rows, size int, deleted ...string) {
	d.t.Helper()
	d.setAside(rows, size, deleted...)
	if _, err := d.work(Order{Pages: Unlimited, FlushOnly: true}); err != nil || d.Ledger.Newest().HasOld {
		d.t.Fatalf("an old tree: %t, %v", d.Ledger.Newest().HasOld, err)
	}
}

// holdTurn runs something that needs the worker's turn.
func (d *desk) holdTurn(do func()) {
	d.t.Helper()
	if !d.Turn.Try() {
		d.t.Fatal("somebody has the turn")
	}
	defer d.Turn.Release()
	do()
}

// levels returns the levels of the newest state.
func (d *desk) levels() []*snapshot.Level { return d.Ledger.Newest().Disk.Levels }

// expectRows looks how many rows the levels hold, and whether all are of the newest commit.
func (d *desk) expectRows(want int) {
	d.t.Helper()
	var c cursor.Cursor
	must(d.t, c.Init(memtree.View{}, d.Ledger.Newest()))
	n := 0
	for ok := c.First(); ok; ok = c.Next() {
		if string(c.Key()) != fmt.Sprintf("%05d", n) {
			d.t.Fatalf("row %d has key %q", n, c.Key())
		}
		n++
	}
	if c.Err() != nil || n != want {
		d.t.Errorf("%d rows, want %d; %v", n, want, c.Err())
	}
}
