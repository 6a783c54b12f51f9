// SPDX-License-Identifier: Apache-2.0

package faultfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fixture is a faulty file system over memory with an open file that holds content.
func fixture(t *testing.T, content string) (*faultfs.FS, *memfs.FS, vfs.File) {
	t.Helper()
	inner := memfs.New()
	ok(t, inner.WriteFile("/db", []byte(content)))
	f := faultfs.Wrap(inner)
	file, err := f.Open("/db", vfs.ReadWrite, 0)
	ok(t, err)
	return f, inner, file
}

// everyKind asks for one operation of each kind, in the order of the kinds.
var everyKind = []struct {
	kind faultfs.Kind
	do   func(f *faultfs.FS, file vfs.File) error
}{
	{faultfs.Open, func(f *faultfs.FS, _ vfs.File) error { _, err := f.Open("/db", 0, 0); return err }},
	{faultfs.Create, func(f *faultfs.FS, _ vfs.File) error { _, err := f.Open("/new", vfs.Create, 0); return err }},
	{faultfs.Read, func(_ *faultfs.FS, file vfs.File) error { _, err := file.ReadAt(make([]byte, 4), 0); return err }},
	{faultfs.Write, func(_ *faultfs.FS, file vfs.File) error { _, err := file.WriteAt([]byte("new"), 0); return err }},
	{faultfs.Truncate, func(_ *faultfs.FS, file vfs.File) error { return file.Truncate(4) }},
	{faultfs.Sync, func(_ *faultfs.FS, file vfs.File) error { return file.Sync() }},
	{faultfs.SyncDir, func(f *faultfs.FS, _ vfs.File) error { return f.SyncDir("/db") }},
	{faultfs.Remove, func(f *faultfs.FS, _ vfs.File) error { return f.Remove("/old") }},
	{faultfs.Rename, func(f *faultfs.FS, _ vfs.File) error { return f.Rename("/db", "/moved") }},
	{faultfs.Stat, func(_ *faultfs.FS, file vfs.File) error { _, err := file.Size(); return err }},
	{faultfs.Close, func(_ *faultfs.FS, file vfs.File) error { return file.Close() }},
}

func TestEveryKindFailsWhenToldAndLeavesThingsAsTheyWere(t *testing.T) {
	for _, op := range everyKind {
		t.Run(op.kind.String(), func(t *testing.T) {
			f, inner, file := fixture(t, "content")
			ok(t, inner.WriteFile("/old", nil))
			_, err := file.WriteAt([]byte("C"), 0)
			ok(t, err)
			fault := f.Add(faultfs.Rule{On: op.kind, Err: syscall.EIO})
			err = op.do(f, file)
			var pe *fs.PathError
			if !errors.Is(err, syscall.EIO) || !errors.As(err, &pe) || pe.Path == "" || pe.Op != op.kind.String() {
				t.Errorf("error is %v", err)
			}
			if fault.Hits() != 1 || fault.First().Kind != op.kind {
				t.Errorf("%d hits, the first %v", fault.Hits(), fault.First())
			}
			got, err := inner.ReadFile("/db")
			if string(got) != "Content" || err != nil {
				t.Errorf("content is %q, %v", got, err)
			}
			if names := inner.Names(); !slices.Equal(names, []string{"/db", "/old"}) {
				t.Errorf("files are %q", names)
			}
			got, err = inner.Crash(nil, memfs.CrashLoseAll).ReadFile("/db")
			if string(got) != "content" || err != nil {
				t.Errorf("durable content is %q, %v", got, err)
			}
			if op.kind == faultfs.Close {
				if err := op.do(f, file); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("after a Close that failed, Close gives %v", err)
				}
				return
			}
			ok(t, op.do(f, file)) // the fault came once
		})
	}
}

func TestEveryKindIsCounted(t *testing.T) {
	f, inner, file := fixture(t, "content")
	ok(t, inner.WriteFile("/old", nil))
	var seen []faultfs.Kind
	f.OnOp(func(op faultfs.Op) { seen = append(seen, op.Kind) })
	var want []faultfs.Kind
	for i, op := range everyKind {
		before := f.Count(op.kind)
		ok(t, op.do(f, file))
		if f.Count(op.kind) != before+1 || f.Count(faultfs.Any) != i+2 { // with the fixture's Open
			t.Errorf("%v: counts are %d, %d", op.kind, f.Count(op.kind), f.Count(faultfs.Any))
		}
		if op.kind&faultfs.Mutating != 0 {
			want = append(want, op.kind)
		}
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the hook saw %v, want %v", seen, want)
	}
	if len(want) != 7 || f.Count(faultfs.Mutating) != 7 {
		t.Errorf("%d mutating operations, counted as %d", len(want), f.Count(faultfs.Mutating))
	}
	_, err := f.Stat("/moved")
	ok(t, err)
	if f.Count(faultfs.Stat) != 2 {
		t.Errorf("Stat is counted %d times", f.Count(faultfs.Stat))
	}
}

func TestRulesChooseOperations(t *testing.T) {
	eio := syscall.EIO
	cases := []struct {
		name string
		rule faultfs.Rule
		want string // of eight writes, at offsets 0, 10, 20, …, to /a and /a-log in turn
	}{
		{"the first of all", faultfs.Rule{Err: eio}, "x......."},
		{"the n-th of a kind", faultfs.Rule{On: faultfs.Write, Nth: 3, Err: eio}, "..x....."},
		{"from the n-th on", faultfs.Rule{On: faultfs.Write, Nth: 3, Forever: true, Err: eio}, "..xxxxxx"},
		{"by name", faultfs.Rule{Suffix: "-log", Nth: 2, Forever: true, Err: eio}, "...x.x.x"},
		{"by offset", faultfs.Rule{Match: func(op faultfs.Op) bool { return op.Off >= 50 }, Err: eio}, ".....x.."},
		{"another kind", faultfs.Rule{On: faultfs.Sync | faultfs.Read, Err: eio}, "........"},
		{"without an error", faultfs.Rule{Forever: true}, "........"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := faultfs.Wrap(memfs.New())
			var files [2]vfs.File
			for i, name := range []string{"/a", "/a-log"} {
				var err error
				files[i], err = f.Open(name, vfs.ReadWrite|vfs.Create, 0)
				ok(t, err)
			}
			fault := f.Add(c.rule)
			var got string
			for i := range 8 {
				if _, err := files[i%2].WriteAt([]byte("x"), int64(10*i)); err != nil {
					got += "x"
				} else {
					got += "."
				}
			}
			if got != c.want {
				t.Errorf("failed are %s, want %s", got, c.want)
			}
			if c.rule.Err != nil && fault.Hits() != strings.Count(c.want, "x") {
				t.Errorf("%d hits", fault.Hits())
			}
			f.Clear()
			if _, err := files[1].WriteAt([]byte("x"), 70); err != nil {
				t.Errorf("after Clear: %v", err)
			}
		})
	}
}

func TestTheFirstRuleDecidesHowAnOperationFails(t *testing.T) {
	f, _, file := fixture(t, "")
	f.Add(faultfs.Rule{Forever: true, Err: syscall.ENOSPC})
	f.Add(faultfs.Rule{Forever: true, Err: syscall.EIO})
	if err := file.Sync(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error is %v", err)
	}
}

func TestPartOfAWriteOrRead(t *testing.T) {
	for part, want := range map[float64]string{0: "........", 0.5: "abcd....", 0.99: "abcdefg.", 1: "abcdefgh", 7: "abcdefgh", -1: "........"} {
		f, inner, file := fixture(t, "........")
		f.Add(faultfs.Rule{On: faultfs.Write, Err: syscall.ENOSPC, Part: part})
		n, err := file.WriteAt([]byte("abcdefgh"), 0)
		if !errors.Is(err, syscall.ENOSPC) || n != len(strings.TrimRight(want, ".")) {
			t.Errorf("part %v: WriteAt = %d, %v", part, n, err)
		}
		if got, _ := inner.ReadFile("/db"); string(got) != want {
			t.Errorf("part %v: content is %q, want %q", part, got, want)
		}
		f.Add(faultfs.Rule{On: faultfs.Read, Err: syscall.EIO, Part: part})
		p := make([]byte, 8)
		if m, err := file.ReadAt(p, 0); m != n || !errors.Is(err, syscall.EIO) || string(p[:m]) != want[:m] {
			t.Errorf("part %v: ReadAt = %d, %v, %q", part, m, err, p[:m])
		}
	}
}

func TestFlippedBitsAreReadNotStored(t *testing.T) {
	f, inner, file := fixture(t, "abcdefgh")
	f.Add(faultfs.Rule{On: faultfs.Read, Forever: true, Damage: faultfs.FlipBit(3, 0)})
	for _, c := range []struct {
		off  int64
		want string
	}{{0, "abceefgh"}, {3, "eefgh"}, {4, "efgh"}, {2, "ceefgh"}} {
		p := make([]byte, len(c.want))
		if _, err := file.ReadAt(p, c.off); err != nil || string(p) != c.want {
			t.Errorf("ReadAt(%d) gives %q, %v; want %q", c.off, p, err, c.want)
		}
	}
	p := make([]byte, 3)
	if n, err := file.ReadAt(p, 6); n != 2 || err != io.EOF || string(p[:n]) != "gh" {
		t.Errorf("ReadAt at the end gives %q, %v", p[:n], err)
	}
	if got, _ := inner.ReadFile("/db"); string(got) != "abcdefgh" {
		t.Errorf("content is %q", got)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, file := fixture(t, "")
		f.Add(faultfs.Rule{On: faultfs.Sync, Delay: time.Second})
		f.Add(faultfs.Rule{On: faultfs.Sync, Delay: time.Minute})
		for _, want := range []time.Duration{61 * time.Second, 0} {
			start := time.Now()
			ok(t, file.Sync())
			if took := time.Since(start); took != want {
				t.Errorf("Sync took %v, want %v", took, want)
			}
		}
	})
}

// A scenario in small: replace a file's content in a way that power loss and errors
// cannot break, then one in a way that they can.
func replaceSafely(f vfs.FS, content string) error {
	if err := create(f, "/new", content); err != nil {
		return err
	}
	if err := f.Rename("/new", "/db"); err != nil {
		return err
	}
	return f.SyncDir("/db")
}

func replaceInPlace(f vfs.FS, content string) error { return create(f, "/db", content) }

func create(f vfs.FS, name, content string) error {
	file, err := f.Open(name, vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		return err
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt([]byte(content), 0)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// check accepts the old or the new content, and the new one only if it must be there.
func check(m *memfs.FS, done bool) error {
	got, err := m.ReadFile("/db")
	if err != nil {
		return err
	}
	if !bytes.Equal(got, []byte("new")) && (done || !bytes.Equal(got, []byte("old"))) {
		return fmt.Errorf("content is %q", got)
	}
	return nil
}

func fresh() vfs.FS {
	m := memfs.New()
	if err := m.WriteFile("/db", []byte("old")); err != nil {
		panic(err)
	}
	return m
}

func TestForEachFault(t *testing.T) {
	rule := faultfs.Rule{Err: syscall.EIO, Part: 0.5}
	scenario := func(replace func(vfs.FS, string) error) func(f *faultfs.FS) error {
		return func(f *faultfs.FS) error {
			err := replace(f, "new")
			m := f.Inner().(*memfs.FS)
			return errors.Join(check(m, err == nil), check(m.Crash(nil, memfs.CrashLoseAll), err == nil))
		}
	}
	// Create, truncate, write, sync, close, rename, sync of the directory.
	if n, err := faultfs.ForEachFault(rule, fresh, scenario(replaceSafely)); n != 7 || err != nil {
		t.Errorf("the safe way: %d faults, %v", n, err)
	}
	n, err := faultfs.ForEachFault(rule, fresh, scenario(replaceInPlace))
	if n != 3 || err == nil || !strings.Contains(err.Error(), "operation 3: write /db offset 0 length 3") {
		t.Errorf("the unsafe way: %d faults, %v", n, err)
	}
	wrong := errors.New("wrong")
	n, err = faultfs.ForEachFault(rule, fresh, func(*faultfs.FS) error { return wrong })
	if n != 0 || !errors.Is(err, wrong) {
		t.Errorf("wrong without a fault: %d faults, %v", n, err)
	}
}

func TestCrashBeforeEachOperation(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace func(vfs.FS, string) error
		safe    bool
	}{{"safely", replaceSafely, true}, {"in place", replaceInPlace, false}} {
		t.Run(c.name, func(t *testing.T) {
			m := fresh().(*memfs.FS)
			f := faultfs.Wrap(m)
			tries, bad := 0, 0
			f.OnOp(func(faultfs.Op) {
				for seed := range 50 {
					tries++
					if check(m.Crash(rand.New(rand.NewPCG(uint64(seed), 1)), memfs.CrashRandom), false) != nil {
						bad++
					}
				}
			})
			ok(t, c.replace(f, "new"))
			if tries < 200 || c.safe != (bad == 0) {
				t.Errorf("%d of %d crashes broke the file", bad, tries)
			}
		})
	}
}

func TestASyncThatFailsDropsWhatItShouldMakeDurable(t *testing.T) {
	for drop, want := range map[int]string{0: "new....", 512: "content", 4096: "content"} {
		f, inner, file := fixture(t, "content")
		_, err := file.WriteAt([]byte("new...."), 0)
		ok(t, err)
		f.Add(faultfs.Rule{On: faultfs.Sync, Err: syscall.EIO, Drop: drop})
		if err := file.Sync(); !errors.Is(err, syscall.EIO) {
			t.Errorf("drop %d: error is %v", drop, err)
		}
		ok(t, file.Sync())
		got, err := inner.Crash(nil, memfs.CrashLoseAll).ReadFile("/db")
		if string(got) != want || err != nil {
			t.Errorf("drop %d: durable content is %q, %v", drop, got, err)
		}
	}
}

// TestOnCall wants the function to come before each operation, of whatever kind, while it is not counted yet.
func TestOnCall(t *testing.T) {
	for _, op := range everyKind {
		f, inner, file := fixture(t, "content")
		ok(t, inner.WriteFile("/old", nil))
		var called []faultfs.Op
		before := f.Count(faultfs.Any)
		f.OnCall(func(o faultfs.Op) {
			if called = append(called, o); f.Count(faultfs.Any) != before {
				t.Errorf("%v is counted already", o)
			}
		})
		ok(t, op.do(f, file))
		if len(called) != 1 || called[0].Kind != op.kind || f.Count(faultfs.Any) != before+1 {
			t.Errorf("%v: called for %v", op.kind, called)
		}
		f.OnCall(nil)
	}
}

// TestKill wants a process that is killed to hold no lock, to change nothing, and to leave what it had written.
func TestKill(t *testing.T) {
	for _, c := range everyKind {
		f, inner, file := fixture(t, "old content")
		ok(t, file.Lock(1, vfs.Exclusive))
		_, err := file.WriteAt([]byte("written"), 0)
		ok(t, err)
		other, err := inner.Open("/db", vfs.ReadWrite, 0)
		ok(t, err)
		if err := other.Lock(1, vfs.Exclusive); !errors.Is(err, vfs.ErrLocked) {
			t.Fatalf("another process gets the lock of one that lives: %v", err)
		}
		killed := errors.New("killed")
		f.Kill(killed)
		ok(t, other.Lock(1, vfs.Exclusive))
		if err := c.do(f, file); !errors.Is(err, killed) && !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%v after the kill: %v", c.kind, err)
		}
		if err := file.Lock(2, vfs.Shared); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a lock after the kill: %v", err)
		}
		got, err := inner.ReadFile("/db")
		ok(t, err)
		if string(got) != "writtentent" {
			t.Errorf("%v after the kill: the file has %q", c.kind, got)
		}
	}
}
