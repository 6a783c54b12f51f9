// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// failSync makes a sync of the file fail.
func failSync(f vfs.File, unit int) { f.(interface{ FailSync(int) }).FailSync(unit) }

// dropped returns files of which sectors 1 and 9 were written before a sync that failed
// and a sync that succeeded.
func dropped(t *testing.T, unit int) (*memfs.FS, vfs.File) {
	t.Helper()
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('o', 16*sector)))
	f := open(t, m, "/db")
	write(t, f, 1*sector, fill('n', sector))
	write(t, f, 9*sector, fill('n', sector))
	failSync(f, unit)
	ok(t, f.Sync())
	return m, f
}

// sectors writes the first byte of each sector.
func sectors(t *testing.T, m *memfs.FS) string {
	t.Helper()
	var s []byte
	for p := read(t, m, "/db"); len(p) > 0; p = p[sector:] {
		if !bytes.Equal(p[:sector], fill(p[0], sector)) {
			return "garbage"
		}
		s = append(s, p[0])
	}
	return string(s)
}

func TestWhatAFailedSyncDropsIsReadAndThenLost(t *testing.T) {
	for _, unit := range []int{512, 4096} {
		m, f := dropped(t, unit)
		for range 2 {
			if got := sectors(t, m); got != "onooooooonoooooo" {
				t.Errorf("unit %d: read is %s", unit, got)
			}
			if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != "oooooooooooooooo" {
				t.Errorf("unit %d: found is %s", unit, got)
			}
			m = m.Clone() // a kill changes nothing
		}
		fates := make(map[string]bool)
		for seed := range 300 {
			fates[sectors(t, m.Crash(seeded(seed), memfs.CrashRandom))] = true
		}
		for _, want := range []string{"oooooooooooooooo", "onoooooooooooooo", "ooooooooonoooooo", "onooooooonoooooo", "garbage"} {
			if !fates[want] {
				t.Errorf("unit %d: %s is never found", unit, want)
			}
		}
		ok(t, f.Close())
	}
}

func TestWhatIsWrittenAgainAfterAFailedSyncIsSynced(t *testing.T) {
	for unit, want := range map[int][2]string{
		512:  {"ooxooooooooooooo", "onxooooooooooooo"},
		4096: {"onxooooooooooooo", "onxooooooooooooo"},
	} {
		m, f := dropped(t, unit)
		write(t, f, 2*sector, fill('x', sector))
		if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != "oooooooooooooooo" {
			t.Errorf("unit %d: before the sync found is %s", unit, got)
		}
		ok(t, f.Sync())
		if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != want[0] {
			t.Errorf("unit %d: found is %s, want %s", unit, got, want[0])
		}
		write(t, f, 1*sector, fill('n', sector))
		ok(t, f.Sync())
		if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != want[1] {
			t.Errorf("unit %d: written again, found is %s, want %s", unit, got, want[1])
		}
		if got := sectors(t, m); got != "onxoooooonoooooo" {
			t.Errorf("unit %d: read is %s", unit, got)
		}
	}
}

func TestSizesAfterAFailedSync(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", fill('o', 3*sector)))
	f := open(t, m, "/db")
	write(t, f, 3*sector, fill('n', 20*sector))
	failSync(f, 4096)
	if got := sectors(t, m.Crash(nil, memfs.CrashLoseAll)); got != "ooo" {
		t.Errorf("found is %s", got)
	}
	ok(t, f.Sync())
	got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db")
	if want := append(fill('o', 3*sector), make([]byte, 20*sector)...); !bytes.Equal(got, want) {
		t.Errorf("found after growing are %d bytes", len(got))
	}
	ok(t, f.Truncate(2*sector))
	failSync(f, 512)
	ok(t, f.Sync())
	ok(t, f.Truncate(23*sector))
	ok(t, f.Sync())
	got = read(t, m.Crash(nil, memfs.CrashLoseAll), "/db")
	if want := append(fill('o', 2*sector), make([]byte, 21*sector)...); !bytes.Equal(got, want) {
		t.Error("what was cut off is back")
	}
}
