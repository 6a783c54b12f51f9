// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"
	"testing"
	"unsafe"
)

// TestStripedCountersLoseNothing, and goroutines that run at the same time mostly change parts of
// their own, each on a cache line of its own.
func TestStripedCountersLoseNothing(t *testing.T) {
	const goroutines, times = 32, 1000
	var s striped
	var wg, ready sync.WaitGroup
	ready.Add(goroutines)
	for range goroutines {
		wg.Go(func() {
			ready.Done()
			ready.Wait() // so that none has the stack of one that has ended
			for i := range times {
				s.count(int64(i % 3))
				s.add(uintptr(i), 1)
			}
		})
	}
	wg.Wait()
	want := int64(0)
	for i := range times {
		want += goroutines * int64(i%3+1)
	}
	if got := s.sum(); got != want {
		t.Errorf("the sum is %d, want %d", got, want)
	}
	if size := unsafe.Sizeof(s[0]); size != cacheLine {
		t.Errorf("a part has %d bytes", size)
	}
	var parts [goroutines]striped
	ready.Add(goroutines)
	for i := range parts {
		wg.Go(func() {
			ready.Done()
			ready.Wait()
			parts[i].count(1)
		})
	}
	wg.Wait()
	used := map[int]bool{}
	for i := range parts {
		for j := range parts[i] {
			if parts[i][j].n.Load() != 0 {
				used[j] = true
			}
		}
	}
	if len(used) < goroutines/4 {
		t.Errorf("%d goroutines change %d parts", goroutines, len(used))
	}
}
