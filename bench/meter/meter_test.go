// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lsmlite/lsmlite-go/bench/meter"
)

// TestQuantiles compares quantiles with those of the sorted durations themselves.
func TestQuantiles(t *testing.T) {
	var h, other meter.Histogram
	var all []time.Duration
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 100_000 {
		d := time.Duration(1) << random.IntN(36)
		d += time.Duration(random.Int64N(int64(d)))
		all = append(all, d)
		if i%3 == 0 {
			other.Add(d)
		} else {
			h.Add(d)
		}
	}
	h.Merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*(1+1.0/64)+1 {
			t.Errorf("quantile %g is %d, and it should be in the 1/64 above %d", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != uint64(len(all)) {
		t.Errorf("max %d, count %d", h.Max(), h.Count())
	}
	var empty meter.Histogram
	if q := empty.Quantile(0.5); q != 0 {
		t.Errorf("the median of nothing is %v", q)
	}
}

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

// TestPeak holds 64 MiB for a moment; the peak has them when they are gone.
func TestPeak(t *testing.T) {
	before, err := meter.Anonymous()
	if err != nil {
		t.Fatal(err)
	}
	p := meter.StartPeak()
	b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	time.Sleep(100 * time.Millisecond)
	if err := unix.Munmap(b); err != nil {
		t.Fatal(err)
	}
	if peak, err := p.Stop(); err != nil || peak < before+60<<20 || peak > before+100<<20 {
		t.Errorf("peak %d, %v after %d and 64 MiB", peak, err, before)
	}
}

// TestDiskBytes wants what is written to count, and holes not.
func TestDiskBytes(t *testing.T) {
	dir := t.TempDir()
	full, err := os.Create(filepath.Join(dir, "full"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Write(bytes.Repeat([]byte{1}, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := full.Sync(); err != nil { // blocks may be given only when a file is written back
		t.Fatal(err)
	}
	full.Close()
	f, err := os.Create(filepath.Join(dir, "holes"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if n, err := meter.DiskBytes(dir); err != nil || n < 1<<20 || n > 2<<20 {
		t.Errorf("%d bytes, %v; 1 MiB was written", n, err)
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
