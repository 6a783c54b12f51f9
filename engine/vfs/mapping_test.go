// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"bytes"
	"errors"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func bytesFrom(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + rng.IntN(255))
	}
	return b
}

// openMapped makes a file and maps it, or skips what cannot be mapped.
func openMapped(t testing.TB, fsys vfs.FS, name string, limit int64) (vfs.File, vfs.Mapping) {
	t.Helper()
	f, err := fsys.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	t.Cleanup(func() { _ = f.Close() })
	able, is := f.(vfs.Mapper)
	if !is {
		t.Skip("files cannot be mapped on this platform")
	}
	m, err := able.Map(limit)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("files cannot be mapped on this platform")
	}
	ok(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return f, m
}

// TestMapping reads through mappings of all file systems: what is written, as the file
// grows, and is cut, and grows again. What cannot be had is ErrNotMapped and nothing worse.
func TestMapping(t *testing.T) {
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS, "memfs": memfs.New(), "faultfs": faultfs.Wrap(memfs.New())} {
		t.Run(name, func(t *testing.T) {
			f, m := openMapped(t, fsys, filepath.Join(t.TempDir(), "a"), 100_000)
			read := func(off, n int, want []byte) {
				t.Helper()
				got := make([]byte, n)
				k, err := m.ReadAt(got, int64(off))
				switch {
				case want == nil && !errors.Is(err, vfs.ErrNotMapped):
					t.Errorf("%d bytes at %d: %d, %v; want none", n, off, k, err)
				case want != nil && (err != nil || k != n || !bytes.Equal(got, want)):
					t.Errorf("%d bytes at %d: %d, %v, or the wrong ones", n, off, k, err)
				}
			}
			write := func(data []byte, off int64) {
				t.Helper()
				_, err := f.WriteAt(data, off)
				ok(t, err)
			}
			read(0, 10, nil) // an empty file
			data := bytesFrom(1, 70_000)
			write(data, 0)
			read(0, 70_000, data)
			read(69_990, 10, data[69_990:])
			read(69_990, 11, nil) // behind the end, on its page
			read(80_000, 10, nil) // and far behind
			read(-1, 10, nil)
			write(data[:100], 300)
			read(300, 100, data[:100])
			write(data, 60_000)
			read(99_990, 10, data[39_990:40_000])
			read(99_990, 11, nil) // behind the limit
			for _, size := range []int64{50_000, 49_152, 4_100, 1, 0} {
				ok(t, f.Truncate(size))
				read(int(size), 10, nil)
				read(int(size)-1, 2, nil)
				read(60_000, 4096, nil)
				read(4096, 60_000, nil)
			}
			write(data, 0)
			read(0, 70_000, data)
		})
	}
}

// TestMappingOfZeros reads bytes that end with zeros. Zeros are also what a mapping shows after the
// end of a file: they are believed where the file goes on after them, up to the end of a chunk, too.
func TestMappingOfZeros(t *testing.T) {
	f, m := openMapped(t, vfs.OS, filepath.Join(t.TempDir(), "a"), 64<<20+40_000)
	page := int64(os.Getpagesize())
	size := 64<<20 + 2*page
	ok(t, f.Truncate(size))
	read := func(off, n int64) error {
		got := bytes.Repeat([]byte{1}, int(n))
		_, err := m.ReadAt(got, off)
		if err == nil && !bytes.Equal(got, make([]byte, n)) {
			t.Errorf("%d bytes at %d: not the zeros of the file", n, off)
		}
		return err
	}
	for _, at := range [][2]int64{{0, 10}, {0, page}, {10, 3 * page}, {64<<20 - page, page}, {64<<20 - 10, 20}, {64 << 20, page}} {
		if err := read(at[0], at[1]); err != nil {
			t.Errorf("%d bytes at %d, long before the end: %v", at[1], at[0], err)
		}
	}
	for _, n := range []int64{1, page, 2 * page} { // there may be nothing but the rest of a page in memory
		if err := read(size-n, n+1); !errors.Is(err, vfs.ErrNotMapped) {
			t.Errorf("%d bytes and one after the end: %v", n, err)
		}
		if err := read(size-n, n); !errors.Is(err, vfs.ErrNotMapped) {
			t.Errorf("the last %d bytes: %v", n, err)
		}
	}
	for _, cut := range []int64{size - 1, size - page + 1, page + 100, 100} {
		ok(t, f.Truncate(cut))
		if err := read(cut-50, 51); !errors.Is(err, vfs.ErrNotMapped) {
			t.Errorf("cut to %d: %v", cut, err)
		}
	}
}

// TestMappingOfLargeFile reads far behind what is mapped at once.
func TestMappingOfLargeFile(t *testing.T) {
	f, m := openMapped(t, vfs.OS, filepath.Join(t.TempDir(), "a"), vfs.MapAll)
	data := bytesFrom(2, 9000)
	for _, off := range []int64{0, 64<<20 - 4000, 200 << 20, 1 << 32} {
		mapped := off < 1<<30 || bits.UintSize == 64 // addresses of 32 bits end earlier
		_, err := f.WriteAt(data, off)
		if err != nil {
			t.Skipf("no sparse files: %v", err)
		}
		got := make([]byte, len(data))
		_, err = m.ReadAt(got, off)
		if mapped && (err != nil || !bytes.Equal(got, data)) || !mapped && !errors.Is(err, vfs.ErrNotMapped) {
			t.Errorf("at %d: %v, or wrong bytes", off, err)
		}
	}
	if _, err := m.ReadAt(data, 1<<62); !errors.Is(err, vfs.ErrNotMapped) {
		t.Errorf("behind everything: %v", err)
	}
}

// TestMappingMeetsFaults wants faults of reads to reach reads through a mapping.
func TestMappingMeetsFaults(t *testing.T) {
	ffs := faultfs.Wrap(memfs.New())
	f, m := openMapped(t, ffs, "/a", vfs.MapAll)
	data := bytesFrom(3, 1000)
	_, err := f.WriteAt(data, 0)
	ok(t, err)
	ffs.Add(faultfs.Rule{On: faultfs.Read, Err: os.ErrInvalid})
	got := make([]byte, 1000)
	if _, err := m.ReadAt(got, 0); !errors.Is(err, vfs.ErrNotMapped) {
		t.Errorf("a read that fails: %v", err)
	}
	ffs.Add(faultfs.Rule{On: faultfs.Read, Damage: faultfs.FlipBit(5, 0)})
	if _, err := m.ReadAt(got, 0); err != nil || got[5] != data[5]^1 {
		t.Errorf("a damaged read: %v", err)
	}
}

// BenchmarkReadPage compares ways to get at a page of 4 KiB of a file: a read, a copy out
// of a mapping, and a look into the mapping; of a file that is in the kernel's memory, and
// of one that is on the disk.
func BenchmarkReadPage(b *testing.B) {
	const page, pages = 4096, 16 << 10
	name := filepath.Join(b.TempDir(), "a")
	f, m := openMapped(b, vfs.OS, name, vfs.MapAll)
	data := bytesFrom(4, 1<<20)
	for off := int64(0); off < page*pages; off += 1 << 20 {
		_, err := f.WriteAt(data, off)
		ok(b, err)
	}
	ok(b, errors.Join(f.Sync(), m.Close())) // what is mapped is not dropped from memory
	buf := make([]byte, page)
	sum := 0
	type get func(off int64) error
	for _, way := range []struct {
		name string
		open func() (get, func())
	}{
		{"read", func() (get, func()) {
			return func(off int64) error { _, err := f.ReadAt(buf, off); return err }, func() {}
		}},
		{"mapped copy", func() (get, func()) {
			m, err := f.(vfs.Mapper).Map(vfs.MapAll)
			ok(b, err)
			return func(off int64) error { _, err := m.ReadAt(buf, off); return err }, func() { ok(b, m.Close()) }
		}},
		{"mapped look", func() (get, func()) {
			whole, unmap := mapWhole(b, name, page*pages)
			return func(off int64) error { sum += int(whole[off] + whole[off+page-1]); return nil }, unmap
		}},
	} {
		b.Run("warm/"+way.name, func(b *testing.B) {
			get, end := way.open()
			defer end()
			for off := int64(0); off < page*pages; off += page {
				ok(b, get(off))
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				if err := get(rng.Int64N(pages) * page); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("cold/"+way.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			get, end := way.open()
			for n := 0; b.Loop(); n++ {
				if n%500 == 0 {
					b.StopTimer()
					end()
					dropFromMemory(b, name)
					get, end = way.open()
					b.StartTimer()
				}
				if err := get(rng.Int64N(pages) * page); err != nil {
					b.Fatal(err)
				}
			}
			end()
		})
	}
}
