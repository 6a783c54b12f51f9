// SPDX-License-Identifier: Apache-2.0

// Package meter measures what a piece of work costs this process: wall time, CPU time of all threads,
// memory, allocations, bytes written and the latency of single operations. It needs Linux.
//
// CPU time is that of the operating system for all threads of the process, so that flushes, compactions
// and the garbage collector count, which work while the caller does something else.
package meter

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

// Cost is what a piece of work has cost.
type Cost struct {
	Wall       time.Duration
	CPU        time.Duration // user and system time of all threads
	Allocs     uint64        // of the Go heap
	AllocBytes uint64
	// WrittenBytes were caused to be written to storage (write_bytes of /proc/self/io): pages of files that
	// became dirty, through system calls or mappings.
	WrittenBytes int64
}

// Mark is a moment at which a piece of work begins.
type Mark struct {
	at      time.Time
	cpu     time.Duration
	memory  runtime.MemStats
	written int64
}

// Start collects garbage, returns it to the operating system, and begins.
func Start() (*Mark, error) {
	debug.FreeOSMemory()
	m := &Mark{}
	var err error
	if m.written, err = written(); err != nil {
		return nil, err
	}
	runtime.ReadMemStats(&m.memory)
	m.cpu = CPU()
	m.at = time.Now()
	return m, nil
}

// Wall returns the time since the mark.
func (m *Mark) Wall() time.Duration { return time.Since(m.at) }

// Cost returns what has been spent since the mark.
func (m *Mark) Cost() (Cost, error) {
	c := Cost{Wall: time.Since(m.at), CPU: CPU() - m.cpu}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	c.Allocs = now.Mallocs - m.memory.Mallocs
	c.AllocBytes = now.TotalAlloc - m.memory.TotalAlloc
	w, err := written()
	c.WrittenBytes = w - m.written
	return c, err
}

// CPU returns the user and system time of all threads of this process since it began.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it fails only for arguments that are wrong
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func written() (int64, error) {
	return field("/proc/self/io", "write_bytes:")
}

// field reads a number from a file of lines with a name and a number.
func field(path, name string) (int64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(raw) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			return strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}

// DiskBytes returns the space that the files of a folder take on the disk. Holes of files that are
// longer than what was written to them do not count.
func DiskBytes(dir string) (total int64, err error) {
	err = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if os.IsNotExist(err) {
			return nil // a store in the background has removed it
		}
		if err != nil {
			return err
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() {
			total += s.Blocks * 512
		}
		return nil
	})
	return total, err
}

// Settle waits until this process has used almost no CPU time for a while, as it does once no store
// works in the background any more, and reports whether it came to that within the limit.
func Settle(limit time.Duration) bool {
	const (
		window = 50 * time.Millisecond
		quiet  = 4 // windows in a row
		idle   = window / 20
	)
	end := time.Now().Add(limit)
	for calm, cpu := 0, CPU(); calm < quiet; {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(window)
		now := CPU()
		if now-cpu < idle {
			calm++
		} else {
			calm = 0
		}
		cpu = now
	}
	return true
}
