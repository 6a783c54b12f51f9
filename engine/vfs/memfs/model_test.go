// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// modelFile is a file as plain bytes: newest, and at the last sync.
type modelFile struct{ now, synced []byte }

func (f *modelFile) write(p []byte, off int) {
	if need := off + len(p); need > len(f.now) {
		f.now = append(f.now, make([]byte, need-len(f.now))...)
	}
	copy(f.now[off:], p)
}

func (f *modelFile) truncate(size int) {
	if size > len(f.now) {
		f.now = append(f.now, make([]byte, size-len(f.now))...)
	}
	f.now = f.now[:size:size]
}

// Random operations on one file agree with a model in plain bytes, also as found by
// a clone and after power loss.
func TestRandomOperationsAgreeWithPlainBytes(t *testing.T) {
	const limit = 30000
	for seed := range 60 {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		m := memfs.New()
		ok(t, m.WriteFile("/db", nil))
		f := open(t, m, "/db")
		var model modelFile
		for step := range 120 {
			switch rng.IntN(10) {
			case 0, 1, 2, 3, 4:
				off := rng.IntN(limit)
				p := fill(byte(rng.IntN(256)), rng.IntN(limit-off)/(1+rng.IntN(50)))
				if len(p) > 0 {
					model.write(p, off)
				}
				write(t, f, int64(off), p)
			case 5, 6:
				size := rng.IntN(limit)
				if rng.IntN(2) == 0 {
					size = size / sector * sector
				}
				model.truncate(size)
				ok(t, f.Truncate(int64(size)))
			case 7:
				model.synced = bytes.Clone(model.now)
				ok(t, f.Sync())
			case 8:
				m = m.Clone()
				f = open(t, m, "/db")
			case 9:
				if rng.IntN(4) > 0 {
					break
				}
				m = m.Crash(rng, memfs.CrashRandom)
				f = open(t, m, "/db")
				model.now = read(t, m, "/db")
				model.synced = bytes.Clone(model.now)
			}
			if got := read(t, m, "/db"); !bytes.Equal(got, model.now) {
				t.Fatalf("seed %d, step %d: content differs", seed, step)
			}
			if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"); !bytes.Equal(got, model.synced) {
				t.Fatalf("seed %d, step %d: synced content differs", seed, step)
			}
		}
	}
}

func TestAWriteFarAwayIsRefused(t *testing.T) {
	f := open(t, memfs.New(), "/db")
	if _, err := f.WriteAt([]byte("x"), 1<<62); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("WriteAt gives %v", err)
	}
	if err := f.Truncate(1<<63 - 1); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("Truncate gives %v", err)
	}
}

func TestARemovedFileLivesInItsHandles(t *testing.T) {
	m := memfs.New()
	f := open(t, m, "/db")
	write(t, f, 0, []byte("one"))
	ok(t, m.Remove("/db"))
	g := open(t, m, "/db")
	write(t, g, 0, []byte("two"))
	p := make([]byte, 3)
	if _, err := f.ReadAt(p, 0); err != nil || string(p) != "one" {
		t.Errorf("the removed file reads %q, %v", p, err)
	}
	if got := read(t, m, "db"); string(got) != "two" {
		t.Errorf("the new file reads %q", got)
	}
}

func TestNamesOfBothKindsOfSlash(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile(`C:\data\db`, []byte("x")))
	if got := read(t, m, "/C:/data/db"); string(got) != "x" {
		t.Errorf("content is %q", got)
	}
}

func BenchmarkCrash(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"file=1MB", 1 << 20}, {"file=50MB", 50 << 20}} {
		m := memfs.New()
		if err := m.WriteFile("/db", make([]byte, c.size)); err != nil {
			b.Fatal(err)
		}
		f, err := m.Open("/db", vfs.ReadWrite, 0)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 64<<10), 4096); err != nil {
			b.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		b.Run(c.name+"/unsynced=64KB", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Crash(rng, memfs.CrashRandom)
			}
		})
	}
}

func BenchmarkAppendAndSync(b *testing.B) {
	for _, size := range []int{0, 50 << 20} {
		name := "file=0"
		if size > 0 {
			name = "file=50MB"
		}
		m := memfs.New()
		if err := m.WriteFile("/log", make([]byte, size)); err != nil {
			b.Fatal(err)
		}
		f, err := m.Open("/log", vfs.ReadWrite, 0)
		if err != nil {
			b.Fatal(err)
		}
		p, off := make([]byte, 116), int64(size)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.WriteAt(p, off)
				f.Sync()
				off += int64(len(p))
			}
		})
	}
}
