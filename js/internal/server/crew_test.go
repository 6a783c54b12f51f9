// SPDX-License-Identifier: Apache-2.0

package server

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestCrew has a crew do more at once than it keeps goroutines for, twice, and then dismisses it.
func TestCrew(t *testing.T) {
	before := runtime.NumGoroutine()
	var c crew
	for range 2 {
		var done, begun sync.WaitGroup
		hold := make(chan struct{})
		for range 2 * maxIdleCrew {
			done.Add(1)
			begun.Add(1)
			c.run(func() {
				defer done.Done()
				begun.Done()
				<-hold
			})
		}
		begun.Wait() // all of them are done at once
		close(hold)
		done.Wait()
	}
	waitFor(t, "the crew to keep what it may, and no more", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.idle) == maxIdleCrew && runtime.NumGoroutine() <= before+maxIdleCrew
	})
	c.dismiss()
	ran := make(chan struct{})
	c.run(func() { close(ran) })
	<-ran
	waitFor(t, "the dismissed crew to end", func() bool { return runtime.NumGoroutine() <= before })
}

func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}
