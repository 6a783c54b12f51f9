// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files are the two files of one process.
type files struct {
	data vfs.RangeLocker
	page vfs.File
	all  []vfs.File
}

func open(t *testing.T, fsys vfs.FS, flag vfs.OpenFlag) files {
	t.Helper()
	data, err := fsys.Open("/db", flag, 0)
	ok(t, err)
	page, err := fsys.Open("/db"+live.Suffix, flag, 0)
	ok(t, err)
	return files{data.(vfs.RangeLocker), page, []vfs.File{data, page}}
}

func (f files) kill(t *testing.T) {
	t.Helper()
	for _, file := range f.all {
		ok(t, file.Close())
	}
}

func (f files) writer(salt uint32) *live.Writer {
	return live.NewWriter(live.WriterConfig{Locks: f.data, Page: f.page, Salt: salt})
}

func (f files) reader(t *testing.T, has ...base.SnapshotID) *live.Reader {
	return live.NewReader(live.ReaderConfig{Locks: f.data, Page: f.page, Find: func(n base.SnapshotID) (bool, error) {
		for _, id := range has {
			if id == n {
				return true, nil
			}
		}
		return len(has) == 0, nil
	}})
}

func at(stream int64) (p wal.Place) {
	p.Off, p.Stream = stream, stream
	return p
}

func committed(w *live.Writer, seq uint64, stream int64) error {
	end := at(stream)
	return w.Committed(seq, &end)
}

func checkpoint(id base.SnapshotID, stream int64) live.Checkpoint {
	return live.Checkpoint{ID: id, At: at(stream)}
}

const write = vfs.ReadWrite | vfs.Create

// expectPins checks which checkpoints below one a writer keeps.
func expectPins(t *testing.T, w *live.Writer, below base.SnapshotID, want ...base.SnapshotID) {
	t.Helper()
	got, err := w.Pins(nil, below)
	ok(t, err)
	if len(got.IDs) != len(want) || got.All {
		t.Fatalf("pins %+v, want %v", got, want)
	}
	for i := range want {
		if got.IDs[i] != want[i] {
			t.Fatalf("pins %+v, want %v", got, want)
		}
	}
}

func expectAlive(t *testing.T, h *live.Hold, want bool) {
	t.Helper()
	if got, err := h.Alive(); got != want || err != nil {
		t.Errorf("alive: %v, %v; want %v", got, err, want)
	}
}

func TestAttachAndMoveOn(t *testing.T) {
	fsys := memfs.New()
	wf := open(t, fsys, write)
	w := wf.writer(5)
	rf := open(t, fsys, vfs.ReadOnly)
	r := rf.reader(t)
	if _, err := r.Attach(); !errors.Is(err, live.ErrNoWriter) {
		t.Fatalf("before the writer has begun: %v", err)
	}
	ok(t, w.Begin(3, at(50), checkpoint(20, 0)))
	h, err := r.Attach()
	ok(t, err)
	if h.Page.Seq != 3 || h.Page.End != at(50) || h.Page.Checkpoint != checkpoint(20, 0) {
		t.Errorf("page says %+v", h.Page)
	}
	ok(t, committed(w, 4, 90))
	if p, err := r.Read(); p.End != at(90) || p.Seq != 4 || err != nil {
		t.Errorf("page says %+v, %v", p, err)
	}
	intact := func(stream int64, want bool) {
		t.Helper()
		if got, err := h.Intact(stream); got != want || err != nil {
			t.Errorf("intact from %d: %v, %v", stream, got, err)
		}
	}
	intact(0, true)
	w.Stored(checkpoint(21, 60))
	intact(0, false)
	intact(60, true)
	expectPins(t, w, 20)
	expectPins(t, w, 21, 20)
	second, err := r.Attach()
	ok(t, err)
	w.Stored(checkpoint(22, 70))
	expectPins(t, w, 22, 20, 21)
	ok(t, h.Release())
	expectPins(t, w, 22, 21)
	expectAlive(t, second, true)
	pinned, err := w.End()
	if !pinned || err != nil {
		t.Errorf("a pin is not seen at the end: %v", err)
	}
	expectAlive(t, second, false)
	ok(t, committed(w, 9, 900))
	w.Stored(checkpoint(23, 900))
	if p, err := r.Read(); p.End != at(90) || err != nil {
		t.Errorf("a writer that has ended writes %+v, %v", p, err)
	}
	if _, err := r.Attach(); !errors.Is(err, live.ErrNoWriter) {
		t.Errorf("after the end: %v", err)
	}
	ok(t, second.Release())
	if pinned, err := w.End(); pinned || err != nil {
		t.Errorf("pins are left: %v", err)
	}
	wf.kill(t)
	rf.kill(t)
}

// TestTwoHoldsOfOneCheckpoint share a lock, which ends with the second one.
func TestTwoHoldsOfOneCheckpoint(t *testing.T) {
	fsys := memfs.New()
	w := open(t, fsys, write).writer(5)
	ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
	r := open(t, fsys, vfs.ReadOnly).reader(t)
	a, err := r.Attach()
	ok(t, err)
	b, err := r.Attach()
	ok(t, err)
	ok(t, a.Release())
	expectPins(t, w, 21, 20)
	ok(t, b.Release())
	expectPins(t, w, 21)
}

// TestKilled kills both sides.
func TestKilled(t *testing.T) {
	fsys := memfs.New()
	wf := open(t, fsys, write)
	w := wf.writer(5)
	ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
	rf, other := open(t, fsys, vfs.ReadOnly), open(t, fsys, vfs.ReadOnly)
	h, err := rf.reader(t).Attach()
	ok(t, err)
	gone, err := other.reader(t).Attach()
	ok(t, err)
	other.kill(t)
	if _, err := gone.Alive(); err == nil {
		t.Error("a closed handle is of use")
	}
	expectPins(t, w, 21, 20)
	wf.kill(t)
	expectAlive(t, h, false)

	// Another run with the same checkpoint is not the one that the reader knows.
	before, err := fsys.ReadFile("/db" + live.Suffix)
	ok(t, err)
	salt, err := live.Salt(before)
	ok(t, err)
	if salt != 6 {
		t.Errorf("salt %d, want 6", salt)
	}
	w2 := open(t, fsys, write).writer(salt)
	ok(t, w2.Begin(0, at(0), checkpoint(20, 0)))
	expectAlive(t, h, false)
	if same, err := h.Intact(0); same || err != nil {
		t.Errorf("intact in another run: %v, %v", same, err)
	}
}

// TestDamagedPageOfADeadWriter: a page that cannot be read is waited for as long as a process may be writing it, and no
// longer.
func TestDamagedPageOfADeadWriter(t *testing.T) {
	mem := memfs.New()
	w := open(t, mem, write)
	ok(t, w.writer(7).Begin(0, at(0), checkpoint(20, 0)))
	var torn [live.PageBytes]byte
	_, err := w.page.ReadAt(torn[:], 0)
	ok(t, err)
	torn[100]++
	torn[live.SlotBytes+100]++
	_, err = w.page.WriteAt(torn[:], 0)
	ok(t, err)
	r := open(t, mem, vfs.ReadOnly)
	reader := r.reader(t)
	if _, err := reader.Attach(); !errors.Is(err, live.ErrAgain) {
		t.Errorf("while its writer lives: %v", err)
	}
	w.kill(t)
	if _, err := reader.Attach(); !errors.Is(err, live.ErrNoWriter) {
		t.Errorf("after its writer has died: %v", err)
	}
	r.kill(t)
}

// halves reads the page of a file slot by slot, with what happens in between.
type halves struct {
	vfs.File
	between func()
}

func (h *halves) ReadAt(p []byte, off int64) (int, error) {
	n, err := h.File.ReadAt(p[:live.SlotBytes], off)
	if err != nil {
		return n, err
	}
	h.between()
	m, err := h.File.ReadAt(p[n:], off+int64(n))
	return n + m, err
}

// TestPageReadSlowly: a reader that is interrupted between the slots, while one commit after the other is made, and
// goes on in the middle of the next one, sees none older than the newest when it began. What a writer leaves that dies
// in the middle of a slot is read as well.
func TestPageReadSlowly(t *testing.T) {
	for begin := range int64(2) { // with the newest commit in each slot
		mem := memfs.New()
		wf := open(t, mem, write)
		w := wf.writer(5)
		ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
		seq := uint64(0)
		commit := func() {
			seq++
			ok(t, committed(w, seq, int64(seq)*10))
		}
		for range 2 + begin {
			commit()
		}
		// tear leaves the slot as it is in the middle of the commit that comes into it next.
		tear := func() {
			var older, now [live.PageBytes]byte
			_, err := wf.page.ReadAt(older[:], 0)
			ok(t, err)
			commit()
			_, err = wf.page.ReadAt(now[:], 0)
			ok(t, err)
			for slot := 0; slot < len(now); slot += live.SlotBytes {
				copy(now[slot+100:slot+live.SlotBytes], older[slot+100:slot+live.SlotBytes])
			}
			_, err = wf.page.WriteAt(now[:], 0)
			ok(t, err)
		}
		rf := open(t, mem, vfs.ReadOnly)
		interrupted := false
		r := live.NewReader(live.ReaderConfig{Locks: rf.data, Page: &halves{rf.page, func() {
			if !interrupted {
				interrupted = true
				commit()
				tear()
			}
		}}})
		newest := seq
		if p, err := r.Read(); p.Seq < newest || err != nil {
			t.Errorf("commit %d, %v, after %d had returned", p.Seq, err, newest)
		}
		if p, err := r.Read(); p.Seq != seq-1 || err != nil {
			t.Errorf("commit %d, %v; want %d, while the writer hangs in the next one", p.Seq, err, seq-1)
		}
		wf.kill(t)
		if p, err := r.Read(); p.Seq != seq-1 || err != nil {
			t.Errorf("commit %d, %v; want %d, of a writer that died in the next one", p.Seq, err, seq-1)
		}
		rf.kill(t)
	}
}

// TestCheckpointThatIsNotThere is tried a few times only.
func TestCheckpointThatIsNotThere(t *testing.T) {
	fsys := memfs.New()
	w := open(t, fsys, write).writer(5)
	ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
	if _, err := open(t, fsys, vfs.ReadOnly).reader(t, 19, 21).Attach(); !errors.Is(err, live.ErrAgain) {
		t.Errorf("error is %v", err)
	}
	expectPins(t, w, 30)
}

// TestPageThatCannotBeWritten ends the run, and the next checkpoint begins another.
func TestPageThatCannotBeWritten(t *testing.T) {
	faults := faultfs.Wrap(memfs.New())
	wf := open(t, faults, write)
	var failed []error
	mu := new(sync.Mutex)
	w := live.NewWriter(live.WriterConfig{Locks: wf.data, Page: wf.page, Salt: 1<<21 - 1, Mutex: mu, Failed: func(err error) {
		if !mu.TryLock() {
			t.Error("a failure is reported with the mutex")
		}
		mu.Unlock()
		failed = append(failed, err)
	}})
	ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
	r := open(t, faults, vfs.ReadOnly).reader(t)
	h, err := r.Attach()
	ok(t, err)
	faults.Add(faultfs.Rule{On: faultfs.Write, Suffix: live.Suffix, Err: os.ErrDeadlineExceeded})
	failed = append(failed, committed(w, 1, 10))
	if len(failed) != 1 || !errors.Is(failed[0], os.ErrDeadlineExceeded) {
		t.Errorf("failures: %v", failed)
	}
	expectAlive(t, h, false)
	expectPins(t, w, 30)
	ok(t, committed(w, 2, 20))
	expectAlive(t, h, false)
	w.Stored(checkpoint(21, 20))
	expectAlive(t, h, false)
	again, err := r.Attach()
	ok(t, err)
	if again.Page.Salt != 0 || again.Page.Seq != 2 || again.Page.End != at(20) {
		t.Errorf("the next run says %+v", again.Page)
	}
	if len(failed) != 1 {
		t.Errorf("failures: %v", failed)
	}
	faults.Add(faultfs.Rule{On: faultfs.Write, Suffix: live.Suffix, Err: os.ErrDeadlineExceeded})
	w.Stored(checkpoint(22, 20))
	if len(failed) != 2 || !errors.Is(failed[1], os.ErrDeadlineExceeded) {
		t.Errorf("failures: %v", failed)
	}
	expectAlive(t, again, false)
}

// TestMorePinsThanCanBeListed are taken for all.
func TestMorePinsThanCanBeListed(t *testing.T) {
	fsys := memfs.New()
	w := open(t, fsys, write).writer(5)
	ok(t, w.Begin(0, at(0), checkpoint(20, 0)))
	f := open(t, fsys, vfs.ReadOnly)
	lock := func(n int64, kind vfs.LockKind) { ok(t, f.data.LockRange(1<<61+20, n, kind)) }
	lock(live.MaxPins, vfs.Shared)
	if p, err := w.Pins(nil, 1<<30); len(p.IDs) != live.MaxPins || p.All || err != nil {
		t.Errorf("%d pins, %v, %v", len(p.IDs), p.All, err)
	}
	lock(live.MaxPins+1, vfs.Shared)
	if p, err := w.Pins(nil, 1<<30); !p.All || err != nil {
		t.Errorf("%d pins, %v, %v", len(p.IDs), p.All, err)
	}
}

func TestLargeIDs(t *testing.T) {
	w := open(t, memfs.New(), write).writer(5)
	if err := w.Begin(0, at(0), checkpoint(live.MaxID+1, 0)); err == nil {
		t.Error("an id without a lock is let read")
	}
	ok(t, w.Begin(0, at(0), checkpoint(live.MaxID, 0)))
	w.Stored(checkpoint(live.MaxID+1, 0))
	if w.Live() {
		t.Error("an id without a lock is let read")
	}
}

func TestWhoWrites(t *testing.T) {
	fsys := memfs.New()
	wf, other := open(t, fsys, write), open(t, fsys, write)
	ok(t, live.LockWriter(wf.data, 4711))
	if pid, known := live.FindWriter(other.data); pid != 4711 || !known {
		t.Errorf("process %d, %v", pid, known)
	}
	if pid, known := live.FindWriter(wf.data); known {
		t.Errorf("the writer finds %d", pid)
	}
	wf.kill(t)
	if pid, known := live.FindWriter(other.data); known {
		t.Errorf("process %d is dead", pid)
	}
}
