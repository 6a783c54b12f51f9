// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// database is files of which the meta pages, the live page and the locks are those of a database.
type database struct {
	t   *testing.T
	mem *memfs.FS
}

const path = "/x.lsm"

func newDatabase(t *testing.T) *database {
	d := &database{t, memfs.New()}
	for _, name := range []string{path, path + "-log"} {
		f, err := d.mem.Open(name, vfs.ReadWrite|vfs.Create, 0o600)
		ok(t, err)
		ok(t, f.Close())
	}
	return d
}

func (d *database) open(name string, flag vfs.OpenFlag) vfs.File {
	d.t.Helper()
	f, err := d.mem.Open(name, flag, 0o600)
	ok(d.t, err)
	return f
}

// store writes a checkpoint to a meta page.
func (d *database) store(page int, id base.SnapshotID, blocks uint32) {
	d.t.Helper()
	c := format.Checkpoint{ID: id, PageSize: 4096, BlockSize: 1 << 20, Blocks: blocks, Compression: format.CompressionNone}
	b, err := c.Encode()
	ok(d.t, err)
	f := d.open(path, vfs.ReadWrite)
	_, err = f.WriteAt(b, int64(page-1)*format.MetaPageSize)
	ok(d.t, err)
	ok(d.t, f.Close())
}

// tear makes the checkpoint of a meta page one that cannot be read.
func (d *database) tear(page int) {
	d.t.Helper()
	f := d.open(path, vfs.ReadWrite)
	_, err := f.WriteAt([]byte{0xFF, 0xFF}, int64(page-1)*format.MetaPageSize+20)
	ok(d.t, err)
	ok(d.t, f.Close())
}

// writer is a process that has the database open for writing.
type writer struct {
	*live.Writer
	d          *database
	data, page vfs.File
}

// write opens the database for writing, and lets others read if that is said.
func (d *database) write(newest base.SnapshotID, readers bool) *writer {
	d.t.Helper()
	w := &writer{d: d, data: d.open(path, vfs.ReadWrite)}
	ok(d.t, w.data.Lock(vfs.SlotDMS2, vfs.Exclusive))
	ok(d.t, w.data.Lock(vfs.SlotRWClient0, vfs.Exclusive))
	if readers {
		w.page = d.open(path+live.Suffix, vfs.ReadWrite|vfs.Create)
		before := make([]byte, live.PageBytes)
		n, _ := w.page.ReadAt(before, 0)
		salt, err := live.Salt(before[:n])
		ok(d.t, err)
		w.Writer = live.NewWriter(live.WriterConfig{Locks: w.data.(vfs.RangeLocker), Page: w.page, Salt: salt})
		ok(d.t, w.Begin(0, wal.Place{}, live.Checkpoint{ID: newest}))
	}
	return w
}

// end ends the process, without another word.
func (w *writer) end() {
	w.d.t.Helper()
	ok(w.d.t, w.data.Close())
	if w.page != nil {
		ok(w.d.t, w.page.Close())
	}
}

// claim is a reader's on the newest checkpoint, which is shown.
func (d *database) claim() *claim {
	d.t.Helper()
	r, err := openRun(&Config{FS: d.mem, Path: path, LogPath: path + "-log"})
	ok(d.t, err)
	d.t.Cleanup(r.close)
	return d.again(r)
}

// again is one more claim of the same run.
func (d *database) again(r *run) *claim {
	d.t.Helper()
	c, _, err := r.attach(format.DecodeCheckpoint)
	ok(d.t, err)
	c.shown.Store(true)
	return c
}

// held reports whether space is kept for readers of the files at rest.
func (d *database) held() bool {
	d.t.Helper()
	f := d.open(path, vfs.ReadWrite)
	defer f.Close()
	held, err := f.Locked(vfs.SlotROTrans, 1, vfs.Exclusive)
	ok(d.t, err)
	return held
}

func (d *database) expect(c *claim, honoured bool) {
	d.t.Helper()
	err := c.honoured()
	if honoured && err != nil || !honoured && !errors.Is(err, errs.ErrSnapshotGone) {
		d.t.Errorf("checkpoint %d is honoured %v: %v", c.ref.ID, honoured, err)
	}
}

// TestClaimIsKept: after the end of a run, the newest checkpoint, on whichever page it is, until it is dropped.
func TestClaimIsKept(t *testing.T) {
	for what, end := range map[string]func(d *database, w *writer){
		"ended":                             func(_ *database, w *writer) { w.end() },
		"ended while the next was stored":   func(d *database, w *writer) { d.tear(2); w.end() },
		"ended, and another came and ended": func(d *database, w *writer) { w.end(); d.write(20, false).end() },
	} {
		t.Run(what, func(t *testing.T) {
			d := newDatabase(t)
			d.store(1, 20, 7)
			d.store(2, 19, 6)
			w := d.write(20, true)
			c := d.claim()
			d.expect(c, true)
			second := d.again(c.run)
			if d.held() {
				t.Error("the files are held while their writer lives")
			}
			end(d, w)
			d.expect(c, true)
			second.keepIfFree()
			next := d.write(20, true) // which has the checkpoint, too, and stores the next one
			d.store(2, 21, 8)
			next.Stored(live.Checkpoint{ID: 21})
			d.expect(c, true)
			d.expect(second, true)
			c.drop(nil)
			if !d.held() {
				t.Error("one of two claims was dropped, and nothing is held")
			}
			d.expect(second, true)
			second.drop(nil)
			if d.held() {
				t.Error("the files are held although nobody reads")
			}
			d.expect(second, false)
			next.end()
			d.expect(second, false)
			if d.held() {
				t.Error("a claim that was dropped holds the files")
			}
		})
	}
}

// TestClaimIsGone: if the checkpoint is not the newest one, or not the one that was shown, or another process writes.
func TestClaimIsGone(t *testing.T) {
	for what, end := range map[string]func(d *database, w *writer){
		"a newer checkpoint":            func(d *database, w *writer) { d.store(2, 21, 7); w.end() },
		"another one of that number":    func(d *database, w *writer) { d.store(1, 20, 8); w.end() },
		"none":                          func(d *database, w *writer) { d.tear(1); d.tear(2); w.end() },
		"another process":               func(d *database, w *writer) { w.end(); t := d.write(20, false); d.t.Cleanup(t.end) },
		"another process with readers":  func(d *database, w *writer) { w.end(); t := d.write(20, true); d.t.Cleanup(t.end) },
		"the same process, for another": func(d *database, w *writer) { ok(d.t, w.begin()) },
	} {
		t.Run(what, func(t *testing.T) {
			d := newDatabase(t)
			d.store(1, 20, 7)
			d.store(2, 19, 6)
			w := d.write(20, true)
			c := d.claim()
			end(d, w)
			d.expect(c, false)
			if d.held() {
				t.Error("the files are held")
			}
			if !c.isGone() {
				t.Error("it may come back")
			}
			c.drop(nil)
		})
	}
}

// begin ends the run, and begins another one in the same process.
func (w *writer) begin() error {
	_, err := w.End()
	w.Writer = live.NewWriter(live.WriterConfig{Locks: w.data.(vfs.RangeLocker), Page: w.page, Salt: 77})
	return errors.Join(err, w.Begin(0, wal.Place{}, live.Checkpoint{ID: 20}))
}

// TestClaimThatIsNotShown is kept by nothing: what is being opened is opened again.
func TestClaimThatIsNotShown(t *testing.T) {
	d := newDatabase(t)
	d.store(1, 20, 7)
	w := d.write(20, true)
	c := d.claim()
	c.shown.Store(false)
	w.end()
	d.expect(c, false)
	if d.held() || c.isGone() {
		t.Error("the files are held, or the claim was decided")
	}
}

// TestRegions: what was read of a log makes three parts at most.
func TestRegions(t *testing.T) {
	var r regions
	for _, lies := range [][3]wal.Region{
		{{Start: 500, End: 510}}, {{Start: 510, End: 600}, {Start: 0, End: 40}}, {{Start: 40, End: 50}}, {},
	} {
		r.add(lies)
	}
	if want := (regions{{Start: 500, End: 600}, {Start: 0, End: 50}}); r != want {
		t.Errorf("%v, want %v", r, want)
	}
	r.add([3]wal.Region{{Start: 50, End: 60}, {Start: 600, End: 610}, {Start: 5, End: 9}})
	if want := (regions{{Start: 0, End: 60}, {Start: 600, End: 610}, {Start: 5, End: 9}}); r != want {
		t.Errorf("%v, want %v", r, want)
	}
}

// TestNoRun: a database that nobody lets others read, for each of the reasons.
func TestNoRun(t *testing.T) {
	d := newDatabase(t)
	c := &Config{FS: d.mem, Path: path, LogPath: path + "-log"}
	expect := func(what string, want error) {
		t.Helper()
		if r, err := openRun(c); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
			r.close()
		}
	}
	expect("no live page", ErrNoWriter)
	for content, want := range map[string]error{"": ErrNoWriter, "some other file": ErrNoWriter, "lsmlive\x02" + string(make([]byte, 600)): errs.ErrProtocol} {
		ok(t, d.mem.WriteFile(path+live.Suffix, []byte(content)))
		expect("a live page of "+content, want)
	}
	ok(t, d.mem.Remove(path+live.Suffix))
	d.store(1, 20, 7)
	w := d.write(20, true)
	ok(t, d.mem.Remove(c.LogPath))
	expect("no log", ErrNoWriter)
	w.end()
}
