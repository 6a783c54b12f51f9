// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func TestCrashKeepsWhatIsSynced(t *testing.T) {
	m := memfs.New()
	f := open(t, m, "/db")
	data := make([]byte, 20000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	write(t, f, 0, data)
	ok(t, f.Sync())
	ok(t, m.SyncDir("/db"))
	for seed := range 200 {
		for _, mode := range []memfs.CrashMode{memfs.CrashRandom, memfs.CrashLoseAll, memfs.CrashKeepAll} {
			if got := read(t, m.Crash(seeded(seed), mode), "/db"); !bytes.Equal(got, data) {
				t.Fatalf("seed %d, %v: synced content is different", seed, mode)
			}
		}
	}
}

func TestCrashDecidesEachUnsyncedSectorApart(t *testing.T) {
	const sectors = 24
	// A write from the middle of sector 3 to the middle of sector 20 touches those and
	// all between.
	const from, to = 3*sector + 100, 20*sector + 100
	old, recent := fill('o', sectors*sector), fill('o', sectors*sector)
	copy(recent[from:to], fill('n', to-from))

	m := memfs.New()
	ok(t, m.WriteFile("/db", old))
	write(t, open(t, m, "/db"), from, recent[from:to])

	var fates [sectors]struct{ kept, lost, garbage int }
	together := make(map[string]bool)
	for seed := range 600 {
		got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db")
		if len(got) != len(old) {
			t.Fatalf("seed %d: size is %d, which nobody changed", seed, len(got))
		}
		var pair string
		for i := range fates {
			s := got[i*sector : (i+1)*sector]
			switch {
			case bytes.Equal(s, recent[i*sector:(i+1)*sector]):
				fates[i].kept++
				pair += "k"
			case bytes.Equal(s, old[i*sector:(i+1)*sector]):
				fates[i].lost++
				pair += "l"
			default:
				fates[i].garbage++
				pair += "g"
			}
		}
		together[pair[10:12]] = true
	}
	for i, f := range fates {
		touched := i >= 3 && i <= 20
		if touched && (f.kept < 30 || f.lost < 30 || f.garbage < 30) {
			t.Errorf("sector %d, written: fates are too rare: %+v", i, f)
		}
		if !touched && (f.lost > 0 || f.garbage > 0) {
			t.Errorf("sector %d, left alone: fates are %+v", i, f)
		}
	}
	if len(together) != 9 {
		t.Errorf("two neighbours have only these fates together: %v", together)
	}
	if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"); !bytes.Equal(got, old) {
		t.Error("lose all: something is not lost")
	}
	if got := read(t, m.Crash(nil, memfs.CrashKeepAll), "/db"); !bytes.Equal(got, recent) {
		t.Error("keep all: something is not kept")
	}
}

func TestCrashLeavesTheNeighboursOfAnAlignedWriteAlone(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('o', 3*8*sector)))
	f := open(t, m, "/db")
	written := []int{2, 7, 8, 15, 17}
	for _, i := range written {
		write(t, f, int64(i*sector), fill('n', sector))
	}
	for seed := range 300 {
		got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db")
		for i := range 3 * 8 {
			if !slices.Contains(written, i) && !bytes.Equal(got[i*sector:(i+1)*sector], fill('o', sector)) {
				t.Fatalf("seed %d: sector %d changed, which nobody wrote", seed, i)
			}
		}
	}
}

func TestCrashLosesNewSectorsToZeros(t *testing.T) {
	m := memfs.New()
	f := open(t, m, "/db")
	ok(t, f.Truncate(4*sector))
	ok(t, f.Sync())
	ok(t, m.SyncDir("/db"))
	write(t, f, 0, fill('n', 4*sector))
	kept, lost, garbage := 0, 0, 0
	for seed := range 200 {
		got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db")
		for i := range 4 {
			switch s := got[i*sector : (i+1)*sector]; {
			case bytes.Equal(s, fill('n', sector)):
				kept++
			case bytes.Equal(s, make([]byte, sector)):
				lost++
			default:
				garbage++
			}
		}
	}
	if kept < 50 || lost < 50 || garbage < 50 {
		t.Errorf("%d kept, %d lost, %d garbage", kept, lost, garbage)
	}
}

func TestCrashLosesToTheLastSyncNotTheLastWrite(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('0', sector)))
	f := open(t, m, "/db")
	for _, c := range "123" {
		write(t, f, 0, fill(byte(c), sector))
	}
	if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"); got[0] != '0' {
		t.Errorf("found %q of writes that were not synced", got[0])
	}
	ok(t, f.Sync())
	if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"); got[0] != '3' {
		t.Errorf("found %q after a sync of 3", got[0])
	}
}

func TestCrashMayLoseASizeWithoutItsContent(t *testing.T) {
	cases := []struct {
		name   string
		synced int
		change func(t *testing.T, f vfs.File)
		sizes  []int // each must be found, and nothing else in steps of sectors between
	}{
		{"extended by a write", 1000, func(t *testing.T, f vfs.File) {
			write(t, f, 1000, fill('n', 4000))
		}, []int{1000, 5000}},
		{"truncated", 9000, func(t *testing.T, f vfs.File) {
			ok(t, f.Truncate(100))
		}, []int{100, 9000}},
		{"truncated and extended", 3000, func(t *testing.T, f vfs.File) {
			ok(t, f.Truncate(0))
			ok(t, f.Truncate(12000))
		}, []int{0, 3000, 12000}},
		{"extended and truncated", 3000, func(t *testing.T, f vfs.File) {
			write(t, f, 0, fill('n', 12000))
			ok(t, f.Truncate(5000))
		}, []int{3000, 5000, 12000}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := memfs.New()
			ok(t, m.WriteFile("/db", fill('o', c.synced)))
			f := open(t, m, "/db")
			c.change(t, f)
			found := make(map[int]int)
			for seed := range 500 {
				got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db")
				found[len(got)]++
				low, high := slices.Min(c.sizes), slices.Max(c.sizes)
				if n := len(got); n < low || n > high || n%sector != 0 && !slices.Contains(c.sizes, n) {
					t.Fatalf("seed %d: size is %d", seed, n)
				}
			}
			for _, size := range c.sizes {
				if found[size] < 20 {
					t.Errorf("size %d is found %d times in 500", size, found[size])
				}
			}
			lost := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db")
			if !bytes.Equal(lost, fill('o', c.synced)) {
				t.Error("lose all: the synced file is different")
			}
			ok(t, f.Sync())
			kept := read(t, m, "/db")
			for seed := range 20 {
				if got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db"); !bytes.Equal(got, kept) {
					t.Fatalf("seed %d: synced content is different", seed)
				}
			}
		})
	}
}

func TestCrashShowsZerosWhereNothingWasWritten(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('o', 700)))
	f := open(t, m, "/db")
	ok(t, f.Truncate(50000))
	for seed := range 50 {
		got := read(t, m.Crash(seeded(seed), memfs.CrashRandom), "/db")
		if !bytes.Equal(got[:700], fill('o', 700)) || !bytes.Equal(got[700:], make([]byte, len(got)-700)) {
			t.Fatalf("seed %d: extending changed content", seed)
		}
	}
}

// What a file has once found durable does not come back when it grows.
func TestCrashedFileGrowsWithZeros(t *testing.T) {
	for seed := range 100 {
		m := memfs.New()
		ok(t, m.WriteFile("/db", fill('o', 6000)))
		f := open(t, m, "/db")
		write(t, f, 0, fill('n', 9000))
		ok(t, f.Truncate(2100))
		crashed := m.Crash(seeded(seed), memfs.CrashRandom)
		before := read(t, crashed, "/db")
		ok(t, open(t, crashed, "/db").Truncate(20000))
		after := read(t, crashed, "/db")
		if !bytes.Equal(after[:len(before)], before) || !bytes.Equal(after[len(before):], make([]byte, 20000-len(before))) {
			t.Fatalf("seed %d: content after size %d is not zero", seed, len(before))
		}
	}
}

func TestFilesAfterACrashAreApart(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('a', 10000)))
	f := open(t, m, "/db")
	write(t, f, 5000, fill('b', 100))
	for _, mode := range []memfs.CrashMode{memfs.CrashRandom, memfs.CrashLoseAll, memfs.CrashKeepAll} {
		before := read(t, m, "/db")
		crashed := m.Crash(seeded(1), mode)
		found := read(t, crashed, "/db")
		write(t, open(t, crashed, "/db"), 0, fill('c', 10000))
		if !bytes.Equal(read(t, m, "/db"), before) {
			t.Errorf("%v: a write to the crashed files shows in the original", mode)
		}
		crashed = m.Crash(seeded(1), mode)
		write(t, f, 0, fill('d', 10000))
		if !bytes.Equal(read(t, crashed, "/db"), found) {
			t.Errorf("%v: a write to the original shows in the crashed files", mode)
		}
		write(t, f, 0, before)
		ok(t, f.Sync())
		write(t, f, 5000, fill('b', 100))
	}
}

func TestCloneKeepsTheDoubtAndDropsTheLocks(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", []byte("old")))
	f := open(t, m, "/db")
	write(t, f, 0, []byte("new"))
	ok(t, f.Lock(vfs.SlotDMS2, vfs.Exclusive))
	open(t, m, "/log")

	clone := m.Clone()
	g := open(t, clone, "/db")
	ok(t, g.Lock(vfs.SlotDMS2, vfs.Exclusive))
	if s := state(t, clone); s != "/db:new /log:" {
		t.Errorf("clone is %q", s)
	}
	if s := state(t, clone.Crash(nil, memfs.CrashLoseAll)); s != "/db:old" {
		t.Errorf("clone after power loss is %q", s)
	}
	ok(t, g.Sync())
	ok(t, clone.SyncDir("/db"))
	if s := state(t, clone.Crash(nil, memfs.CrashLoseAll)); s != "/db:new /log:" {
		t.Errorf("synced clone after power loss is %q", s)
	}
	if s := state(t, m.Crash(nil, memfs.CrashLoseAll)); s != "/db:old" {
		t.Errorf("a sync of the clone made the original durable: %q", s)
	}
}

func TestCrashIsTheSameForTheSameSeed(t *testing.T) {
	m := memfs.New()
	for i := range 20 {
		f := open(t, m, fmt.Sprintf("/%d", i))
		write(t, f, int64(i*100), fill(byte(i), 3000))
	}
	differ := 0
	for seed := range 50 {
		a := state(t, m.Crash(seeded(seed), memfs.CrashRandom))
		if b := state(t, m.Crash(seeded(seed), memfs.CrashRandom)); a != b {
			t.Fatalf("seed %d gives two results", seed)
		}
		if a != state(t, m.Crash(seeded(seed+1000), memfs.CrashRandom)) {
			differ++
		}
	}
	if differ < 40 {
		t.Errorf("only %d of 50 pairs of seeds give different results", differ)
	}
}
