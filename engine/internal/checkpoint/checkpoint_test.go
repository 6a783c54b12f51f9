// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// recorder is a file that notes writes and syncs, and fails at the n-th of them.
type recorder struct {
	vfs.File
	ops    []string
	failAt int
}

var errFail = errors.New("failed on purpose")

func (r *recorder) op(name string) error {
	r.ops = append(r.ops, name)
	if len(r.ops) == r.failAt {
		return errFail
	}
	return nil
}

func (r *recorder) WriteAt(b []byte, off int64) (int, error) {
	if err := r.op(fmt.Sprintf("write %d+%d", off, len(b))); err != nil {
		return 0, err
	}
	return r.File.WriteAt(b, off)
}

func (r *recorder) Sync() error {
	if err := r.op("sync"); err != nil {
		return err
	}
	return r.File.Sync()
}

func open(t *testing.T) (*recorder, *blockfile.File) {
	t.Helper()
	f, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	geo, err := format.NewGeometry(1024, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{File: f}
	return r, blockfile.New(r, "/test.db", geo, nil, 1<<20)
}

func at(id base.SnapshotID) *format.Checkpoint {
	return &format.Checkpoint{ID: id, Compression: 1, BlockSize: 64 << 10, PageSize: 1024}
}

func expect(t *testing.T, r *recorder, id base.SnapshotID, meta, damaged int) {
	t.Helper()
	l, err := checkpoint.Load(r, "/test.db")
	if err != nil {
		t.Fatal(err)
	}
	got := base.SnapshotID(0)
	if l.Checkpoint != nil {
		got = l.Checkpoint.ID
	}
	if got != id || l.Meta != meta || l.DamagedMeta != damaged || (l.Damaged != nil) != (damaged != 0) {
		t.Errorf("found checkpoint %d on page %d, page %d damaged (%v); want %d, %d, %d", got, l.Meta, l.DamagedMeta, l.Damaged, id, meta, damaged)
	}
}

// store stores a checkpoint with notes and returns how far it came.
func store(f *blockfile.File, durable int, c *format.Checkpoint, sync bool) (checkpoint.Stage, error) {
	blob, err := c.Encode()
	if err != nil {
		return checkpoint.Nothing, err
	}
	return checkpoint.Store(f, durable, sync, func(page int, second bool) error {
		n := format.Note{Copy: second, DataSynced: sync, For: format.RefOf(blob), Log: c.Log}
		return f.WriteMeta(page, blob, n.Encode())
	}, half)
}

// half is called by store.
var half func()

func TestStoreAndLoad(t *testing.T) {
	r, f := open(t)
	expect(t, r, 0, 0, 0)
	durable := 0
	for i := range 5 {
		r.ops = nil
		half = func() { r.ops = append(r.ops, "half") }
		stage, err := store(f, durable, at(base.SnapshotID(11+i)), i < 4)
		half = nil
		if err != nil || stage != checkpoint.Both {
			t.Fatal(stage, err)
		}
		// A durable page is written over only when the other one is durable, too, and what
		// the checkpoint refers to is synced before it is written.
		first := checkpoint.Other(durable)
		write := func(page int) string { return fmt.Sprintf("write %d+%d", (page-1)*4096, format.MetaSize) }
		want := []string{"sync", write(first), "sync", "half", write(checkpoint.Other(first)), "sync"}
		if i == 4 {
			want = []string{want[1], "half", want[4]} // without sync
		}
		if !slices.Equal(r.ops, want) {
			t.Errorf("checkpoint %d: %v, want %v", i, r.ops, want)
		}
		durable = first
		expect(t, r, base.SnapshotID(11+i), 1, 0)
		l, err := checkpoint.Load(r, "/test.db")
		if err != nil || !l.Pair() || !l.Ours() || l.Durable() != first || l.Conflict() || l.SyncFailed() {
			t.Errorf("checkpoint %d: pair %v, page %d is durable, %v", i, l.Pair(), l.Durable(), err)
		}
	}
}

// TestFailures fails each step: a page that was durable still is, and the caller learns
// which one that is.
func TestFailures(t *testing.T) {
	for failAt := 1; failAt <= 5; failAt++ {
		r, f := open(t)
		if _, err := store(f, 0, at(11), true); err != nil {
			t.Fatal(err)
		}
		r.ops, r.failAt = nil, failAt
		stage, err := store(f, 1, at(12), true)
		want := checkpoint.Nothing
		if failAt > 3 {
			want = checkpoint.First
		}
		var failed *checkpoint.SyncError
		if !errors.Is(err, errFail) || !errors.Is(err, errs.ErrIO) || stage != want || errors.As(err, &failed) != (failAt%2 == 1) {
			t.Errorf("step %d: stage %d, %v", failAt, stage, err)
		}
		l, err := checkpoint.Load(r, "/test.db")
		if err != nil {
			t.Fatal(err)
		}
		// After a failed sync somebody has noted that.
		if failAt == 3 {
			n := *l.Pages[1].Note
			n.SyncFailed = true
			r.ops = make([]string, 9)
			if err := f.WriteNote(2, n.Encode()); err != nil {
				t.Fatal(err)
			}
			if l, err = checkpoint.Load(r, "/test.db"); err != nil {
				t.Fatal(err)
			}
		}
		if durable := map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 5: 2}[failAt]; l.Durable() != durable {
			t.Errorf("step %d: page %d is durable, want %d", failAt, l.Durable(), durable)
		}
	}
}

func TestLoadDamaged(t *testing.T) {
	r, f := open(t)
	if _, err := store(f, 0, at(11), true); err != nil {
		t.Fatal(err)
	}
	if _, err := store(f, 1, at(12), true); err != nil {
		t.Fatal(err)
	}
	spoil := func(i int) {
		if _, err := r.WriteAt([]byte{0xFF}, int64(i-1)*4096+30); err != nil {
			t.Fatal(err)
		}
	}
	spoil(2)
	expect(t, r, 12, 1, 2)
	spoil(1)
	expect(t, r, 0, 0, 2)
	// A file that ends within the first page, as C lsm1 may leave it.
	r, f = open(t)
	blob, err := at(10).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteMeta(1, blob, nil); err != nil {
		t.Fatal(err)
	}
	if size, err := r.Size(); err != nil || size != format.MetaSize {
		t.Fatal(size, err)
	}
	expect(t, r, 10, 1, 0)
	if err := r.Truncate(90); err != nil {
		t.Fatal(err)
	}
	expect(t, r, 0, 0, 1)
}
