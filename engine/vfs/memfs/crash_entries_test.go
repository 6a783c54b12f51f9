// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func TestCrashDecidesEachDirectoryEntryApart(t *testing.T) {
	// Each file's content is its own name, so a state is a map of names.
	setup := func(t *testing.T, durable ...string) *memfs.FS {
		m := memfs.New()
		for _, name := range durable {
			ok(t, m.WriteFile(name, []byte(name)))
		}
		return m
	}
	create := func(t *testing.T, m *memfs.FS, name string) {
		f := open(t, m, name)
		write(t, f, 0, []byte(name))
		ok(t, f.Sync())
	}
	cases := []struct {
		name    string
		durable []string
		change  func(t *testing.T, m *memfs.FS)
		now     string
		lost    string
		others  []string
	}{
		{"create", nil, func(t *testing.T, m *memfs.FS) { create(t, m, "/a") }, "/a:/a", "", nil},
		{"remove", []string{"/a"}, func(t *testing.T, m *memfs.FS) { ok(t, m.Remove("/a")) }, "", "/a:/a", nil},
		{"rename is one step", []string{"/a", "/b"}, func(t *testing.T, m *memfs.FS) { ok(t, m.Rename("/a", "/b")) },
			"/b:/a", "/a:/a /b:/b", nil},
		{"rename across directories is two", []string{"/a", "/d/b"},
			func(t *testing.T, m *memfs.FS) { ok(t, m.Rename("/a", "/d/b")) },
			"/d/b:/a", "/a:/a /d/b:/b", []string{"/d/b:/d/b", "/a:/a /d/b:/a"}},
		{"creates are independent", nil, func(t *testing.T, m *memfs.FS) { create(t, m, "/a"); create(t, m, "/b") },
			"/a:/a /b:/b", "", []string{"/a:/a", "/b:/b"}},
		{"remove and create again", []string{"/a", "/b"}, func(t *testing.T, m *memfs.FS) {
			ok(t, m.Remove("/a"))
			ok(t, m.Rename("/b", "/a"))
		}, "/a:/b", "/a:/a /b:/b", []string{"/b:/b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := setup(t, c.durable...)
			c.change(t, m)
			if c.name == "rename across directories is two" {
				c.lost = "/a:/a /d/b:/d/b"
			}
			want := append([]string{c.now, c.lost}, c.others...)
			found := make(map[string]int)
			for seed := range 300 {
				found[state(t, m.Crash(seeded(seed), memfs.CrashRandom))]++
			}
			for _, s := range want {
				if found[s] < 10 {
					t.Errorf("state %q is found %d times in 300", s, found[s])
				}
				delete(found, s)
			}
			if len(found) > 0 {
				t.Errorf("these states are possible too: %v", found)
			}
			if s := state(t, m.Crash(nil, memfs.CrashLoseAll)); s != c.lost {
				t.Errorf("lose all: %q, want %q", s, c.lost)
			}
			if s := state(t, m.Crash(nil, memfs.CrashKeepAll)); s != c.now {
				t.Errorf("keep all: %q, want %q", s, c.now)
			}
			ok(t, m.SyncDir("/any"))
			ok(t, m.SyncDir("/d/any"))
			for seed := range 20 {
				if s := state(t, m.Crash(seeded(seed), memfs.CrashRandom)); s != c.now {
					t.Fatalf("seed %d: after SyncDir %q, want %q", seed, s, c.now)
				}
			}
		})
	}
}

// state writes all files of m as name:content.
func state(t *testing.T, m *memfs.FS) string {
	t.Helper()
	var s string
	for i, name := range m.Names() {
		if i > 0 {
			s += " "
		}
		s += name + ":" + string(read(t, m, name))
	}
	return s
}

func TestSyncOfAFileIsNotSyncOfItsEntry(t *testing.T) {
	m := memfs.New()
	f := open(t, m, "/dir/log")
	write(t, f, 0, []byte("x"))
	ok(t, f.Sync())
	ok(t, m.SyncDir("/other/log"))
	_, err := m.Crash(nil, memfs.CrashLoseAll).Stat("/dir/log")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat gives %v", err)
	}
	ok(t, m.SyncDir("/dir/log"))
	if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/dir/log"); string(got) != "x" {
		t.Errorf("content is %q", got)
	}
}

func TestSyncThroughAReadOnlyHandlePromisesNothing(t *testing.T) {
	m := memfs.New()
	ok(t, m.WriteFile("/db", []byte("old")))
	write(t, open(t, m, "/db"), 0, []byte("new"))
	r, err := m.Open("/db", vfs.ReadOnly, 0)
	ok(t, err)
	ok(t, r.Sync())
	if got := read(t, m.Crash(nil, memfs.CrashLoseAll), "/db"); string(got) != "old" {
		t.Errorf("content is %q", got)
	}
}
