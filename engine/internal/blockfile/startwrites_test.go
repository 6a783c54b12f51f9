// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// starter counts what is written to a file, and what of that it was asked to begin with.
type starter struct {
	vfs.File
	written, started map[int64]int64 // by offset, in sectors
	calls            int
	during           func() // called while it is begun, if not nil
}

const sector = 512

func (s *starter) WriteAt(p []byte, off int64) (int, error) {
	for i := off / sector; i <= (off+int64(len(p))-1)/sector; i++ {
		s.written[i]++
	}
	return s.File.WriteAt(p, off)
}

func (s *starter) StartWrite(off, n int64) {
	s.calls++
	if s.during != nil {
		s.during()
	}
	for i := off / sector; i <= (off+n-1)/sector; i++ {
		s.started[i]++
	}
}

// expectAllStarted wants that it was begun with what was written, and with nothing else.
func (s *starter) expectAllStarted(t *testing.T) {
	t.Helper()
	for i, n := range s.written {
		if s.started[i] != n {
			t.Fatalf("sector %d was written %d times, and begun %d times", i, n, s.started[i])
		}
	}
	for i := range s.started {
		if s.written[i] == 0 {
			t.Fatalf("sector %d was not written", i)
		}
	}
}

// newStarter makes a fixture that writes to a file that can begin to write.
func newStarter(x *fixture, codec compress.Codec) *starter {
	s := &starter{File: x.f, written: map[int64]int64{}, started: map[int64]int64{}}
	x.f, x.file = s, blockfile.New(s, name, x.geo, codec, 1<<20)
	x.file.SetBlocks(200)
	return s
}

// fillBlocks writes a segment of full blocks.
func fillBlocks(x *fixture, blocks ...base.BlockNo) {
	x.t.Helper()
	x.write(16*len(blocks)-1, 0, blocks...)
}

// TestStartWrites begins to write exactly what was written to pages, in few calls, once it is worth
// one.
func TestStartWrites(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	s := newStarter(x, nil)
	var blocks []base.BlockNo
	for b := range base.BlockNo(15) {
		blocks = append(blocks, 2+b)
	}
	fillBlocks(x, blocks...)
	if x.file.StartWrites(); s.calls != 0 {
		t.Errorf("%d calls for less than a MiB", s.calls)
	}
	fillBlocks(x, 40, 41, 42)
	if x.file.StartWrites(); s.calls != 2 {
		t.Errorf("%d calls for two runs", s.calls)
	}
	s.expectAllStarted(t)
	if x.file.StartWrites(); s.calls != 2 {
		t.Error("it is begun again")
	}
}

// TestStartWritesOfManyPlaces leaves the oldest to the sync.
func TestStartWritesOfManyPlaces(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	s := newStarter(x, nil)
	for b := range base.BlockNo(40) {
		fillBlocks(x, 2+2*b)
	}
	if x.file.StartWrites(); s.calls != 0 {
		t.Errorf("%d calls for 16 places of less than a MiB together", s.calls)
	}
	for b := range base.BlockNo(40) {
		fillBlocks(x, 2+3*b, 3+3*b)
	}
	if x.file.StartWrites(); s.calls != 16 {
		t.Errorf("%d calls, want one for each of the newest 16 places", s.calls)
	}
}

// TestStartWritesMayTakeLong: pages are written while the operating system begins with others.
func TestStartWritesMayTakeLong(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	s := newStarter(x, nil)
	for b := range base.BlockNo(17) {
		fillBlocks(x, 2+2*b, 3+2*b)
	}
	written := make(chan struct{})
	s.during = func() {
		s.during = nil
		go func() {
			defer close(written)
			fillBlocks(x, 100, 101)
		}()
		select {
		case <-written:
		case <-time.After(10 * time.Second):
			t.Error("nothing is written meanwhile")
		}
	}
	x.file.StartWrites()
	<-written
	if s.calls == 0 {
		t.Error("nothing is begun")
	}
}

// TestStartWritesOfACompressedFile begins with each piece of it, too.
func TestStartWritesOfACompressedFile(t *testing.T) {
	codec := compress.LZ4()
	x := packedFixture(t, codec, 4096, 1<<20)
	s := newStarter(x, codec)
	var blocks []base.BlockNo
	for b := range base.BlockNo(100) {
		blocks = append(blocks, 2+b)
	}
	x.pack(rand.New(rand.NewPCG(1, 2)), 1000, 0, blocks...)
	if x.file.StartWrites(); s.calls == 0 {
		t.Fatal("nothing is begun")
	}
	s.expectAllStarted(t)
}

// TestStartWritesIsNotNeeded: a file that cannot do it is written as ever.
func TestStartWritesIsNotNeeded(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	pages, _ := x.write(3, 0, 2)
	x.file.StartWrites()
	if n := x.file.Stats().PagesWritten; n != int64(len(pages)) {
		t.Errorf("%d pages", n)
	}
	if pages, bytes := x.file.Wrote(); pages != 3 || bytes != 3*4096 {
		t.Errorf("%d pages and %d bytes were written", pages, bytes)
	}
}
