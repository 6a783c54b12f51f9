// SPDX-License-Identifier: Apache-2.0

// Package meter measures what a piece of work costs this process: wall time, CPU time of all threads,
// allocations and bytes written. It empties caches before, and waits for work in the background after
// it. It needs Linux.
package meter

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/measure/process"
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
	m.cpu = process.CPU()
	m.at = time.Now()
	return m, nil
}

// Wall returns the time since the mark.
func (m *Mark) Wall() time.Duration { return time.Since(m.at) }

// Cost returns what has been spent since the mark.
func (m *Mark) Cost() (Cost, error) {
	c := Cost{Wall: time.Since(m.at), CPU: process.CPU() - m.cpu}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	c.Allocs = now.Mallocs - m.memory.Mallocs
	c.AllocBytes = now.TotalAlloc - m.memory.TotalAlloc
	w, err := written()
	c.WrittenBytes = w - m.written
	return c, err
}

func written() (int64, error) {
	return process.Field("/proc/self/io", "write_bytes:")
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
	for calm, cpu := 0, process.CPU(); calm < quiet; {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(window)
		now := process.CPU()
		if now-cpu < idle {
			calm++
		} else {
			calm = 0
		}
		cpu = now
	}
	return true
}
