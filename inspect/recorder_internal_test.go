// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"testing"
	"time"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestRecorderIsCheap: a commit that is recorded allocates nothing, and all samples are as large as
// the documents say.
func TestRecorderIsCheap(t *testing.T) {
	db, err := engine.Open(t.Context(), "/x.lsm", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := NewRecorder()
	observe := r.Observer().Committed
	observe(engine.CommitEvent{DB: db}) // takes the first sample
	if n := testing.AllocsPerRun(1000, func() { observe(engine.CommitEvent{DB: db, Duration: time.Millisecond}) }); n > 0.1 {
		t.Errorf("%v allocations for each commit", n)
	}
	if size := HistorySamples*unsafe.Sizeof(wire.Sample{}) + unsafe.Sizeof(*r); size > 200<<10 {
		t.Errorf("a recorder takes %d bytes", size)
	}
}

func BenchmarkRecorder(b *testing.B) {
	db, err := engine.Open(b.Context(), "/x.lsm", engine.Options{FS: memfs.New()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	observe := NewRecorder().Observer().Committed
	b.ReportAllocs()
	for b.Loop() {
		observe(engine.CommitEvent{DB: db, Duration: time.Millisecond})
	}
}
