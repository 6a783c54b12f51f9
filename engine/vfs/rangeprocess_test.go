// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package vfs_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// rangeHolder is the environment variable that makes the test program lock ranges of a file, as
// lockHolder does with slots. One lock is a classic one of the process, such as C programs take.
const rangeHolder = "VFS_TEST_RANGE_HOLDER"

const (
	heldByte    = 1 << 60
	heldShared  = 1<<61 + 7
	heldToEnd   = 1<<62 + 1<<40
	heldClassic = 1<<62 - 1
)

func holdRanges(f vfs.File) error {
	able := f.(vfs.RangeLocker)
	err := errors.Join(able.LockRange(heldByte+int64(os.Getpid()), 1, vfs.Exclusive),
		able.LockRange(heldShared, 1, vfs.Shared), able.LockRange(heldToEnd, math.MaxInt64-heldToEnd+1, vfs.Exclusive))
	file, openErr := os.OpenFile(os.Getenv(rangeHolder)[len("OS="):], os.O_RDWR, 0)
	if openErr != nil {
		return openErr
	}
	lk := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: heldClassic, Len: 1}
	err = errors.Join(err, syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lk))
	lk.Start = 4096 - vfs.SlotDMS2 // as C lsm1 does it
	err = errors.Join(err, syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lk))
	fmt.Println("holding:", err)
	_, copyErr := io.Copy(io.Discard, os.Stdin)
	return errors.Join(copyErr, file.Close())
}

// TestRangesOfAProcess takes locks in another process, finds them, and kills it.
func TestRangesOfAProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	s := suite{vfs.OS, filepath.Dir(name)}
	f := s.make(t, "a", "").(vfs.RangeLocker)
	holder := lockProcess(rangeHolder, "OS", name)
	stdin, err := holder.StdinPipe()
	ok(t, err)
	defer stdin.Close()
	stdout, err := holder.StdoutPipe()
	ok(t, err)
	ok(t, holder.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if strings.TrimSpace(line) != "holding: <nil>" {
		t.Errorf("the other process says %q, %v", line, err)
	}

	pid := holder.Process.Pid
	at, all := int64(vfs.FirstRangeByte), []vfs.ByteLock(nil)
	for {
		got, held, err := f.RangeLocked(at, math.MaxInt64-at+1, vfs.Exclusive)
		ok(t, err)
		if !held {
			break
		}
		all = append(all, got)
		if got.Off+(got.Len-1) == math.MaxInt64 {
			break
		}
		at = got.Off + got.Len
	}
	want := []vfs.ByteLock{
		{Off: heldByte + int64(pid), Len: 1, Kind: vfs.Exclusive},
		{Off: heldShared, Len: 1, Kind: vfs.Shared},
		{Off: heldClassic, Len: 1, Kind: vfs.Exclusive, PID: pid},
		{Off: heldToEnd, Len: math.MaxInt64 - heldToEnd + 1, Kind: vfs.Exclusive},
	}
	if fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("found %+v, want %+v", all, want)
	}
	holders := f.(vfs.SlotHolder)
	if other, free := holders.SlotHolder(vfs.SlotDMS2), holders.SlotHolder(vfs.SlotDMS1); other != pid || free != 0 {
		t.Errorf("processes %d and %d have slots, want %d and none", other, free, pid)
	}
	expectError(t, f.LockRange(heldShared, 1, vfs.Exclusive), vfs.ErrLocked)
	ok(t, f.LockRange(heldShared, 1, vfs.Shared))
	expectError(t, f.LockRange(math.MaxInt64, 1, vfs.Shared), vfs.ErrLocked)
	expectError(t, f.LockRange(heldClassic, 1, vfs.Shared), vfs.ErrLocked)

	ok(t, holder.Process.Kill())
	_ = holder.Wait() // killed, as it should be
	if got, held, err := f.RangeLocked(vfs.FirstRangeByte, 1<<62, vfs.Exclusive); held || err != nil {
		t.Errorf("a killed process leaves %+v, %v", got, err)
	}
	ok(t, f.LockRange(vfs.FirstRangeByte, math.MaxInt64-vfs.FirstRangeByte+1, vfs.Exclusive))
}
