package checkpoint_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

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
	return r, blockfile.New(r, "/test.db", geo, 1<<20)
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

func TestStoreAndLoad(t *testing.T) {
	r, f := open(t)
	expect(t, r, 0, 0, 0)
	meta := 0
	for i := range 5 {
		r.ops = nil
		var err error
		if meta, err = checkpoint.Store(f, meta, at(base.SnapshotID(11+i)), i < 4); err != nil {
			t.Fatal(err)
		}
		// The two pages take turns, so the newest checkpoint is never written over; what
		// it refers to is synced before it is written.
		want := []string{"sync", fmt.Sprintf("write %d+%d", i%2*4096, format.MetaSize), "sync"}
		if i == 4 {
			want = want[1:2] // without sync
		}
		if !slices.Equal(r.ops, want) || meta != i%2+1 {
			t.Errorf("checkpoint %d: page %d, %v, want %v", i, meta, r.ops, want)
		}
		expect(t, r, base.SnapshotID(11+i), meta, 0)
	}
}

// TestFailures fails each step: the older checkpoint is still there.
func TestFailures(t *testing.T) {
	for failAt := 1; failAt <= 3; failAt++ {
		r, f := open(t)
		meta, err := checkpoint.Store(f, 0, at(11), true)
		if err != nil {
			t.Fatal(err)
		}
		r.ops, r.failAt = nil, failAt
		got, err := checkpoint.Store(f, meta, at(12), true)
		if !errors.Is(err, errFail) || !errors.Is(err, base.ErrIO) || got != meta {
			t.Errorf("step %d: page %d, %v", failAt, got, err)
		}
		if failAt < 3 {
			expect(t, r, 11, 1, 0)
		}
	}
	// A checkpoint that does not fit is never begun.
	r, f := open(t)
	c := at(11)
	c.Levels = make([]format.Level, 100)
	if _, err := checkpoint.Store(f, 0, c, true); !errors.Is(err, base.ErrFull) || len(r.ops) != 0 {
		t.Errorf("100 levels: %v, %v", err, r.ops)
	}
}

func TestLoadDamaged(t *testing.T) {
	r, f := open(t)
	meta := 0
	for id := range base.SnapshotID(2) {
		var err error
		if meta, err = checkpoint.Store(f, meta, at(11+id), true); err != nil {
			t.Fatal(err)
		}
	}
	spoil := func(i int) {
		if _, err := r.WriteAt([]byte{0xFF}, int64(i-1)*4096+30); err != nil {
			t.Fatal(err)
		}
	}
	spoil(2)
	expect(t, r, 11, 1, 2)
	spoil(1)
	expect(t, r, 0, 0, 2)
	// A file that ends behind the first page, as C lsm1 may leave it.
	r, f = open(t)
	if _, err := checkpoint.Store(f, 0, at(10), true); err != nil {
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
