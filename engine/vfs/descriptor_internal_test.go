// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// broken is an open file whose descriptor was closed under it, so that each call of the system fails.
func broken(t *testing.T, fsys FS, flag OpenFlag, before func(f *osFile)) *osFile {
	t.Helper()
	opened, err := fsys.Open(filepath.Join(t.TempDir(), "a"), ReadWrite|Create|flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := opened.(*osFile)
	if _, err := f.WriteAt([]byte("content"), 0); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(f)
	}
	if err := f.f.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	})
	return f
}

// fails reports whether err is a failure, and none that says that something else has to be done.
func fails(err error) bool {
	return err != nil && !errors.Is(err, ErrLocked) && !errors.Is(err, ErrLockUnsupported) && !errors.Is(err, errors.ErrUnsupported)
}

// TestFailingCallsAreErrors wants an error of each call whose call of the system fails.
func TestFailingCallsAreErrors(t *testing.T) {
	f := broken(t, OS, 0, nil)
	info, err := os.Stat(filepath.Dir(f.name))
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"ReadAt":      func() error { _, err := f.ReadAt(make([]byte, 1), 0); return err },
		"WriteAt":     func() error { _, err := f.WriteAt(make([]byte, 1), 0); return err },
		"Size":        func() error { _, err := f.Size(); return err },
		"Truncate":    func() error { return f.Truncate(0) },
		"Sync":        f.Sync,
		"Stat":        func() error { _, err := f.Stat(); return err },
		"Location":    func() error { _, err := f.Location(); return err },
		"OwnAs":       func() error { return f.OwnAs(info) },
		"Lock":        func() error { return f.Lock(SlotDMS2, Shared) },
		"Unlock":      func() error { return f.Lock(SlotDMS2, Unlock) },
		"Locked":      func() error { _, err := f.Locked(SlotDMS2, 1, Shared); return err },
		"LockRange":   func() error { return f.LockRange(1<<40, 1, Shared) },
		"RangeLocked": func() error { _, _, err := f.RangeLocked(1<<40, 1, Shared); return err },
		"Identify":    func() error { _, err := Identify(OS, f); return err },
		"MapWrite":    func() error { _, err := f.MapWrite(1); return err },
	} {
		if err := call(); !fails(err) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := f.Map(1 << 20); !errors.Is(err, errors.ErrUnsupported) { // it is read then
		t.Errorf("Map: error is %v", err)
	}
	if kind, remote := f.Remote(); kind != "" || remote {
		t.Errorf("Remote = %q, %v", kind, remote)
	}
	if pid := f.SlotHolder(SlotDMS2); pid != 0 {
		t.Errorf("SlotHolder = %d", pid)
	}
}

// TestALockThatFailsIsNotHeld: with locks of the process, a handle that could not lock excludes no other one.
func TestALockThatFailsIsNotHeld(t *testing.T) {
	opener := new(recordOpener)
	f := broken(t, osFS{opener}, 0, func(f *osFile) {
		if err := f.Lock(SlotDMS1, Shared); err != nil {
			t.Fatal(err)
		}
	})
	if err := f.Lock(SlotDMS2, Exclusive); !fails(err) {
		t.Errorf("Lock: error is %v", err)
	}
	if err := f.Lock(SlotDMS1, Exclusive); !fails(err) {
		t.Errorf("Lock, Exclusive instead of Shared: error is %v", err)
	}
	if _, err := f.Locked(SlotReader0, 1, Shared); !fails(err) {
		t.Errorf("Locked: error is %v", err)
	}
	r := f.locks.(*recordFile)
	if got := r.wanted.strongest(SlotDMS2); got != Unlock {
		t.Errorf("slot %d is wanted with %v", SlotDMS2, got)
	}
	if got := r.wanted.strongest(SlotDMS1); got != Shared {
		t.Errorf("slot %d is wanted with %v", SlotDMS1, got)
	}
}

// TestOptionalLocksDoNotHideFailures: only a file that cannot be locked at all is locked by a table of the process.
func TestOptionalLocksDoNotHideFailures(t *testing.T) {
	f := broken(t, OS, OptionalLocks, nil)
	if err := f.Lock(SlotDMS2, Shared); !fails(err) {
		t.Errorf("Lock: error is %v", err)
	}
	if _, err := f.Locked(SlotDMS2, 1, Shared); !fails(err) {
		t.Errorf("Locked: error is %v", err)
	}
	none := broken(t, osFS{unlockedOpener{}}, OptionalLocks, nil)
	if err := none.Lock(SlotDMS2, Shared); err == nil {
		t.Error("a file is locked by a table though it is not known which file it is")
	}
	if held, err := none.Locked(SlotDMS2, 1, Shared); err == nil || held {
		t.Errorf("Locked = %v, %v", held, err)
	}
	if n := LocalFiles(); n != 0 {
		t.Errorf("%d tables are left", n)
	}
}

func TestWhatErrorsOfLocksMean(t *testing.T) {
	f := &osFile{name: "/db"}
	for cause, want := range map[error]error{
		syscall.EAGAIN:     ErrLocked,
		syscall.EACCES:     ErrLocked,
		syscall.EINVAL:     ErrLockUnsupported,
		syscall.ENOLCK:     ErrLockUnsupported,
		syscall.ENOSYS:     ErrLockUnsupported,
		syscall.EOPNOTSUPP: ErrLockUnsupported,
		syscall.EIO:        syscall.EIO,
		syscall.EBADF:      syscall.EBADF,
	} {
		err := f.lockFailed("lock", cause)
		if !errors.Is(err, want) || errors.Is(err, ErrLocked) != (want == ErrLocked) || errors.Is(err, ErrLockUnsupported) != (want == ErrLockUnsupported) {
			t.Errorf("%v means %v, want %v", cause, err, want)
		}
		var pe *fs.PathError
		if want != ErrLocked && (!errors.Is(err, cause) || !errors.As(err, &pe) || pe.Path != "/db" || pe.Op != "lock") {
			t.Errorf("%v is %v, without its cause, operation or name", cause, err)
		}
	}
	if err := f.lockFailed("lock", nil); err != nil {
		t.Errorf("no error is %v", err)
	}
}

// TestARefusedMappingIsNotAskedForAgain: what the system refuses once is read from then on.
func TestARefusedMappingIsNotAskedForAgain(t *testing.T) {
	f := broken(t, OS, 0, nil)
	m := &osMapping{f: f, limit: 1 << 20}
	m.chunks.Store(new([][]byte))
	if n, err := m.ReadAt(make([]byte, 4), 0); n != 0 || !errors.Is(err, ErrNotMapped) {
		t.Errorf("ReadAt of a mapping that the system refuses = %d, %v", n, err)
	}
	if !m.failed {
		t.Error("the system is asked again at each read")
	}
	if n, err := m.ReadAt(make([]byte, 4), 0); n != 0 || !errors.Is(err, ErrNotMapped) {
		t.Errorf("the second ReadAt = %d, %v", n, err)
	}
}
