// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lsmlite/lsmlite-go/bench/meter"
)

// spin uses CPU time on this thread, as much as the thread's own clock shows.
func spin(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var begun, now unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &begun)
	for time.Duration(now.Nano()-begun.Nano()) < d {
		unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	}
}

// TestCost spends CPU time in two goroutines, memory and writes that are known.
func TestCost(t *testing.T) {
	const each = 100 * time.Millisecond
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mark, err := meter.Start()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() { spin(each) })
	}
	group.Wait()
	kept := make([][]byte, 1000)
	for i := range kept {
		kept[i] = make([]byte, 1024)
	}
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	cost, err := mark.Cost()
	if err != nil {
		t.Fatal(err)
	}
	if cost.CPU < 2*each || cost.CPU > 20*each {
		t.Errorf("CPU time %v; two goroutines have spent %v each", cost.CPU, each)
	}
	if cost.Wall < each/2 || cost.Allocs < 1000 || cost.Allocs > 2000 || cost.AllocBytes < 1000<<10 || cost.AllocBytes > 4<<20 {
		t.Errorf("%+v after 1,000 allocations of 1 KiB", cost)
	}
	if cost.WrittenBytes < 1<<20 || cost.WrittenBytes > 8<<20 {
		t.Errorf("%d bytes written; 1 MiB was", cost.WrittenBytes)
	}
	if len(kept[999]) != 1024 {
		t.Error("an allocation is gone")
	}
}

// TestDropCache drops a file that was just written. Where the file system keeps everything in memory
// that is not possible, and the share says so.
func TestDropCache(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), bytes.Repeat([]byte{1}, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := meter.DropCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	switch inMemory := fs.Type == unix.TMPFS_MAGIC; {
	case inMemory && left < 0.9:
		t.Errorf("%.2f of a file in memory is left", left)
	case !inMemory && left > 0.2:
		t.Errorf("%.2f of the file is left in the page cache", left)
	}
}

// TestSettle waits for a goroutine that works for a while.
func TestSettle(t *testing.T) {
	const busy = 300 * time.Millisecond
	begun := time.Now()
	go spin(busy)
	if !meter.Settle(20 * time.Second) {
		t.Fatal("the process does not come to rest")
	}
	if waited := time.Since(begun); waited < busy {
		t.Errorf("settled after %v, while a goroutine worked for %v", waited, busy)
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				spin(time.Millisecond)
			}
		}
	}()
	if meter.Settle(200 * time.Millisecond) {
		t.Error("settled while a goroutine works")
	}
	close(stop)
	<-done
}
