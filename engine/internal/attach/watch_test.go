// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWatch: whatever a process that writes does is noticed, and what others do is not.
func TestWatch(t *testing.T) {
	write := func(name string, off int64) func(*testing.T, *memfs.FS) {
		return func(t *testing.T, mem *memfs.FS) {
			f, err := mem.Open(name, vfs.ReadWrite|vfs.Create, 0o600)
			ok(t, err)
			_, err = f.WriteAt([]byte("changed"), off)
			ok(t, err)
			ok(t, f.Close())
		}
	}
	lock := func(slot int, kind vfs.LockKind) func(*testing.T, *memfs.FS) {
		return func(t *testing.T, mem *memfs.FS) {
			f, err := mem.Open("/x", vfs.ReadWrite, 0)
			ok(t, err)
			t.Cleanup(func() { ok(t, f.Close()) })
			ok(t, f.Lock(slot, kind))
		}
	}
	for what, c := range map[string]struct {
		do   func(*testing.T, *memfs.FS)
		want bool
	}{
		"nothing":                     {func(*testing.T, *memfs.FS) {}, false},
		"a page":                      {write("/x", 2*format.MetaPageSize), false},
		"the first meta page":         {write("/x", 100), true},
		"the second meta page":        {write("/x", format.MetaPageSize+100), true},
		"the log":                     {write("/x-log", 0), true},
		"the live page":               {write("/x-live", 0), true},
		"a process that writes":       {lock(vfs.SlotDMS2, vfs.Exclusive), true},
		"a program of several":        {lock(vfs.SlotRWClient0+3, vfs.Exclusive), true},
		"a process that reads":        {lock(vfs.SlotROTrans, vfs.Shared), false},
		"a process that is opening":   {lock(vfs.SlotDMS1, vfs.Shared), false},
		"the live page is gone again": {func(t *testing.T, mem *memfs.FS) { write("/x-live", 0)(t, mem); ok(t, mem.Remove("/x-live")) }, false},
	} {
		t.Run(what, func(t *testing.T) {
			mem := memfs.New()
			write("/x", 3*format.MetaPageSize)(t, mem)
			w, err := attach.NewWatch(mem, "/x", "/x-log")
			ok(t, err)
			defer w.Close()
			c.do(t, mem)
			if got, err := w.Changed(); got != c.want || err != nil {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}

// TestWatchHoldsTheLivePage until it is left: a writer that ends must not remove it.
func TestWatchHoldsTheLivePage(t *testing.T) {
	mem := memfs.New()
	f, err := mem.Open("/x", vfs.ReadWrite|vfs.Create, 0o600)
	ok(t, err)
	defer f.Close()
	held := func() bool {
		_, held, err := f.(vfs.RangeLocker).RangeLocked(1<<61, 1<<40, vfs.Exclusive)
		ok(t, err)
		return held
	}
	w, err := attach.NewWatch(mem, "/x", "/x-log")
	ok(t, err)
	if !held() {
		t.Error("a watch holds nothing")
	}
	w.Leave()
	if held() {
		t.Error("a watch that was left holds something")
	}
	w.Close()
}
