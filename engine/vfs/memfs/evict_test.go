// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestEvictedPagesAreReadFromTheDisk: what a failed sync has dropped is read as the disk has it, and stays so.
func TestEvictedPagesAreReadFromTheDisk(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range 500 {
		m, _ := dropped(t, 4096)
		n := m.Evict(seeded(seed))
		got := sectors(t, m)
		if n == 0 && got != "onooooooonoooooo" {
			t.Errorf("seed %d: nothing is evicted, and read is %s", seed, got)
		}
		seen[got] = true
		if n < 2 {
			continue
		}
		now := read(t, m, "/db")
		for _, c := range []*memfs.FS{m.Crash(nil, memfs.CrashLoseAll), m.Crash(seeded(seed), memfs.CrashRandom)} {
			if !bytes.Equal(read(t, c, "/db"), now) {
				t.Errorf("seed %d: what was read from the disk is lost with the power", seed)
			}
		}
		if m.Evict(seeded(seed)) > 0 {
			t.Errorf("seed %d: a page is evicted twice", seed)
		}
	}
	for _, want := range []string{"oooooooooooooooo", "onoooooooooooooo", "ooooooooonoooooo", "onooooooonoooooo", "garbage"} {
		if !seen[want] {
			t.Errorf("%s is never read", want)
		}
	}
}

// TestOnlyCleanPagesAreEvicted: what was written since, or not synced at all, stays in the cache.
func TestOnlyCleanPagesAreEvicted(t *testing.T) {
	for seed := range 50 {
		m, f := dropped(t, 512)
		write(t, f, 2*sector, fill('x', sector)) // next to one that is dropped
		write(t, f, 15*sector, fill('y', sector))
		m.Evict(seeded(seed))
		if got := sectors(t, m); got != "onxoooooonoooooy" {
			t.Errorf("seed %d: read is %s", seed, got)
		}
		ok(t, f.Sync())
		if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != "ooxooooooooooooy" {
			t.Errorf("seed %d: found is %s", seed, got)
		}
	}
	m := memfs.New()
	f := open(t, m, "/db")
	write(t, f, 0, fill('n', sector))
	if m.Evict(seeded(1)) > 0 {
		t.Error("a page is evicted that no sync has tried to write")
	}
}

// TestEvictedAtTheEnd evicts the last page of a file that was grown over it.
func TestEvictedAtTheEnd(t *testing.T) {
	zeros := false
	for seed := range 100 {
		m := memfs.New()
		ok(t, m.WriteFile("/db", fill('o', 100)))
		f := open(t, m, "/db")
		write(t, f, 100, fill('n', 1000))
		failSync(f, 4096)
		evicted := m.Evict(seeded(seed)) > 0
		got := read(t, m, "/db")
		if len(got) != 1100 {
			t.Fatalf("seed %d: the file has %d bytes", seed, len(got))
		}
		zeros = zeros || bytes.Equal(got, append(fill('o', 100), make([]byte, 1000)...))
		ok(t, f.Truncate(3000))
		if tail := read(t, m, "/db")[1100:]; !bytes.Equal(tail, make([]byte, 1900)) {
			t.Fatalf("seed %d: what is after the end is not zero", seed)
		}
		ok(t, f.Sync())
		if evicted && !bytes.Equal(read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"), read(t, m, "/db")) {
			t.Errorf("seed %d: what was synced is lost", seed)
		}
	}
	if !zeros {
		t.Error("the old content is never read")
	}
}
