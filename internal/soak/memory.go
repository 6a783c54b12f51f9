// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
)

// What the process may take at most, whatever it has done. The four databases have 4 MiB of pages in memory each, up
// to three trees of 1 MiB, and what is known for searches; the models take 4 MiB. The rest is room for what is on its
// way.
const (
	MaxLive       = 96 << 20  // bytes in the heap that are in use, after a garbage collection
	MaxResident   = 512 << 20 // bytes of memory, as the operating system counts them
	MaxGoroutines = 64
	MaxFiles      = 64 // open ones
)

// Usage is what the process takes. What is not known is 0.
type Usage struct {
	Live, Resident    uint64
	Goroutines, Files int
}

// Measure collects garbage and returns what is left.
func Measure() Usage {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	u := Usage{Live: sample[0].Value.Uint64(), Goroutines: runtime.NumGoroutine()}
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			pages, _ := strconv.ParseUint(fields[1], 10, 64)
			u.Resident = pages * uint64(os.Getpagesize())
		}
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.Files = len(files)
	}
	return u
}

// Bounded wants all of it to be within the bounds.
func (u Usage) Bounded() error {
	if u.Live > MaxLive || u.Resident > MaxResident || u.Goroutines > MaxGoroutines || u.Files > MaxFiles {
		return fmt.Errorf("the process takes too much: %+v", u)
	}
	return nil
}
