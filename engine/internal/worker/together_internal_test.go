// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestCheckpointsWaitForOneAnother: two calls wait while a third one stores, and both end soon then. Neither may have
// the checkpointer's turn for nothing whenever the other one tries to get it, as happens on one processor.
func TestCheckpointsWaitForOneAnother(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var tries atomic.Int32
	d := newDesk(t, func(c *Config, _ *tuning.Values) {
		writable := c.Host.Writable
		c.Host.Writable = func(op string) error { tries.Add(1); return writable(op) }
	})
	d.flush(10, 10)
	tries.Store(0)
	if !d.Checkpointer.Try() {
		t.Fatal("taken")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var both sync.WaitGroup
	var begun sync.WaitGroup
	for range 2 {
		begun.Add(1)
		both.Go(func() {
			begun.Done()
			if _, err := d.Checkpoint(ctx, "checkpoint"); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	time.Sleep(10 * time.Millisecond) // usually both wait by then; if not, there is nothing to see
	d.Checkpointer.Release()
	both.Wait()
	if n := tries.Load(); n > 6 {
		t.Errorf("two calls have taken the worker's turn %d times", n)
	}
	if d.Ledger.Stored().Synced != d.Ledger.Newest().Disk.ID {
		t.Error("nothing is stored")
	}
}
