// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestPinsAreLetGo holds some pins for too long, others not.
func TestPinsAreLetGo(t *testing.T) {
	fsys := memfs.New()
	open := func(flag vfs.OpenFlag, name string) vfs.File {
		f, err := fsys.Open(name, flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	data, page := open(vfs.ReadWrite|vfs.Create, "/db"), open(vfs.ReadWrite|vfs.Create, "/db-live")
	w := NewWriter(WriterConfig{Locks: data.(vfs.RangeLocker), Page: page, Hold: time.Minute})
	now := time.Unix(1000, 0)
	w.now = func() time.Time { return now }
	if err := w.Begin(0, place(0), Checkpoint{ID: 20, At: place(0)}); err != nil {
		t.Fatal(err)
	}
	r := NewReader(ReaderConfig{Locks: open(vfs.ReadOnly, "/db").(vfs.RangeLocker), Page: page,
		Find: func(base.SnapshotID) (bool, error) { return true, nil }})
	attach := func() *Hold {
		h, err := r.Attach()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	expect := func(below base.SnapshotID, want ...base.SnapshotID) {
		t.Helper()
		p, err := w.Pins(nil, below)
		if fmt.Sprint(p.IDs) != fmt.Sprint(want) || p.All || err != nil {
			t.Errorf("pins %+v, %v; want %v", p, err, want)
		}
	}
	alive := func(h *Hold, want bool) {
		t.Helper()
		if got, err := h.Alive(); got != want || err != nil {
			t.Errorf("checkpoint %d is alive: %v, %v; want %v", h.Page.Checkpoint.ID, got, err, want)
		}
	}
	first := attach()
	now = now.Add(time.Hour) // in nobody's way
	w.Stored(Checkpoint{ID: 25, At: place(0)})
	second := attach()
	expect(25, 20)
	now = now.Add(time.Minute - 1)
	expect(25, 20)
	w.Stored(Checkpoint{ID: 30, At: place(0)})
	expect(30, 20, 25)
	now = now.Add(1)
	expect(30, 25)
	alive(first, false)
	alive(second, true)
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	expect(30)
	now = now.Add(time.Hour)
	third := attach()
	w.Stored(Checkpoint{ID: 31, At: place(0)})
	expect(31, 30)
	alive(third, true)

	// More pins than can be listed go, too.
	if err := r.Locks.LockRange(pinOf(31), MaxPins+1, vfs.Shared); err != nil {
		t.Fatal(err)
	}
	w.Stored(Checkpoint{ID: 5000, At: place(0)})
	if p, err := w.Pins(nil, 5000); !p.All || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	now = now.Add(time.Minute)
	expect(5000)
	alive(third, false)
	alive(attach(), true)
}
