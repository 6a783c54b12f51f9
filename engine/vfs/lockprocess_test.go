// SPDX-License-Identifier: Apache-2.0

package vfs_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// The environment variables that make the test program lock instead of running tests. Both
// hold the name of an FS of lockers, and a file. The holder locks DMS2 Exclusive and ROTRANS
// Shared, says so, and waits for its input to end. The asker says which locks of these two
// slots it would get: exclusive, shared or none.
const (
	lockHolder = "VFS_TEST_LOCK_HOLDER"
	lockAsker  = "VFS_TEST_LOCK_ASKER"
)

// lockers are the file systems of which other processes see the locks, by name.
func lockers() map[string]vfs.FS {
	all := make(map[string]vfs.FS)
	if vfs.HasLocks {
		all["OS"] = vfs.OS
	}
	if vfs.RecordOS != nil {
		all["records"] = vfs.RecordOS
	}
	return all
}

func TestMain(m *testing.M) {
	for env, run := range map[string]func(vfs.File) error{lockHolder: holdLocks, lockAsker: askLocks, rangeHolder: holdRanges} {
		if how, name, ok := strings.Cut(os.Getenv(env), "="); ok {
			f, err := lockers()[how].Open(name, vfs.ReadWrite, 0)
			if err == nil {
				err = run(f)
			}
			if err != nil {
				fmt.Println(err)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

func holdLocks(f vfs.File) error {
	err := errors.Join(f.Lock(vfs.SlotDMS2, vfs.Exclusive), f.Lock(vfs.SlotROTrans, vfs.Shared))
	fmt.Println("holding:", err)
	_, copyErr := io.Copy(io.Discard, os.Stdin)
	return copyErr
}

func askLocks(f vfs.File) error {
	var free []string
	for _, slot := range []int{vfs.SlotDMS2, vfs.SlotROTrans} {
		strongest := "none"
		for _, kind := range []vfs.LockKind{vfs.Shared, vfs.Exclusive} {
			held, err := f.Locked(slot, 1, kind)
			if err != nil {
				return err
			}
			if got := f.Lock(slot, kind); (got == nil) == held {
				return fmt.Errorf("Locked says %v, Lock %v", held, got)
			}
			if err := f.Lock(slot, vfs.Unlock); err != nil { // Windows has no answer about a slot that this handle holds
				return err
			}
			if !held {
				strongest = kind.String()
			}
		}
		free = append(free, strongest)
	}
	fmt.Println(strings.Join(free, " "))
	return nil
}

// lockProcess is the command that runs the test program as a holder or an asker.
func lockProcess(env, how, name string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+how+"="+name)
	return cmd
}

// expectFree checks which locks of DMS2 and ROTRANS another process gets.
func expectFree(t *testing.T, how, name, dms2, roTrans string) {
	t.Helper()
	out, err := lockProcess(lockAsker, how, name).CombinedOutput()
	if got := strings.TrimSpace(string(out)); got != dms2+" "+roTrans || err != nil {
		t.Errorf("another process gets %q, want %q and %q (%v)", got, dms2, roTrans, err)
	}
}

// eachLocker runs a test with each file system whose locks other processes see, in this
// process and in the other one.
func eachLocker(t *testing.T, run func(t *testing.T, fsys vfs.FS, other, name string)) {
	if len(lockers()) == 0 {
		t.Skip("locks do not reach other processes here")
	}
	for how, fsys := range lockers() {
		for other := range lockers() {
			t.Run(how+" and "+other, func(t *testing.T) { run(t, fsys, other, filepath.Join(t.TempDir(), "a")) })
		}
	}
}

func TestLocksOfTwoProcesses(t *testing.T) {
	eachLocker(t, func(t *testing.T, fsys vfs.FS, other, name string) {
		f, err := fsys.Open(name, vfs.ReadWrite|vfs.Create, 0)
		ok(t, err)
		defer f.Close()

		holder := lockProcess(lockHolder, other, name)
		stdin, err := holder.StdinPipe()
		ok(t, err)
		stdout, err := holder.StdoutPipe()
		ok(t, err)
		ok(t, holder.Start())
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if strings.TrimSpace(line) != "holding: <nil>" {
			t.Errorf("the other process says %q, %v", line, err)
		}

		expectError(t, f.Lock(vfs.SlotDMS2, vfs.Exclusive), vfs.ErrLocked)
		expectError(t, f.Lock(vfs.SlotDMS2, vfs.Shared), vfs.ErrLocked)
		expectError(t, f.Lock(vfs.SlotROTrans, vfs.Exclusive), vfs.ErrLocked)
		expectLocked(t, f, vfs.SlotROTrans, 1, vfs.Exclusive, true)
		expectLocked(t, f, vfs.SlotROTrans, 1, vfs.Shared, false)
		expectLocked(t, f, vfs.SlotDMS2, 2, vfs.Shared, true)
		ok(t, f.Lock(vfs.SlotDMS1, vfs.Exclusive))
		// A step that fails leaves the lock, for other handles of this process, too.
		g, err := fsys.Open(name, vfs.ReadOnly, 0)
		ok(t, err)
		defer g.Close()
		ok(t, f.Lock(vfs.SlotROTrans, vfs.Shared))
		expectError(t, f.Lock(vfs.SlotROTrans, vfs.Exclusive), vfs.ErrLocked)
		expectLocked(t, g, vfs.SlotROTrans, 1, vfs.Exclusive, true)
		expectLocked(t, g, vfs.SlotDMS2, 1, vfs.Shared, true)

		ok(t, stdin.Close())
		ok(t, holder.Wait())
		ok(t, f.Lock(vfs.SlotDMS2, vfs.Exclusive))
		ok(t, f.Lock(vfs.SlotROTrans, vfs.Exclusive))
	})
}

// The classic locks of Unix belong to the process, and go when it closes any descriptor of
// the file. Other processes must see nothing of that.
func TestOtherProcessesSeeTheLocksOfEachHandle(t *testing.T) {
	eachLocker(t, func(t *testing.T, fsys vfs.FS, other, name string) {
		open := func(flag vfs.OpenFlag) vfs.File {
			f, err := fsys.Open(name, flag, 0)
			ok(t, err)
			return f
		}
		a, b := open(vfs.ReadWrite|vfs.Create), open(vfs.ReadOnly)
		ok(t, a.Lock(vfs.SlotDMS2, vfs.Exclusive))
		ok(t, a.Lock(vfs.SlotROTrans, vfs.Shared))
		ok(t, b.Lock(vfs.SlotROTrans, vfs.Shared))
		expectFree(t, other, name, "none", "shared")
		for _, flag := range []vfs.OpenFlag{vfs.ReadOnly, vfs.ReadWrite, vfs.ReadWrite | vfs.Create} {
			ok(t, open(flag).Close())
			expectFree(t, other, name, "none", "shared")
		}
		ok(t, os.Link(name, name+"2"))
		f, err := fsys.Open(name+"2", vfs.ReadWrite, 0)
		ok(t, err)
		ok(t, f.Close())
		expectFree(t, other, name, "none", "shared")
		ok(t, a.Lock(vfs.SlotDMS2, vfs.Shared))
		ok(t, a.Lock(vfs.SlotROTrans, vfs.Unlock))
		expectFree(t, other, name, "shared", "shared")
		ok(t, a.Close())
		expectFree(t, other, name, "exclusive", "shared")
		ok(t, b.Close())
		expectFree(t, other, name, "exclusive", "exclusive")
	})
}
