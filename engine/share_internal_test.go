// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestForgottenHandlesAreNotKept opens databases and forgets them, as a test does that
// plays a crash: the table of handles must not keep them.
func TestForgottenHandlesAreNotKept(t *testing.T) {
	size := func() int {
		sharing.Lock()
		defer sharing.Unlock()
		return len(sharing.writers)
	}
	before := size()
	func() {
		for i := range 20 {
			if _, err := Open(context.Background(), fmt.Sprintf("/%d.lsm", i), Options{FS: memfs.New()}); err != nil {
				t.Fatal(err)
			}
		}
	}()
	for range 100 {
		runtime.GC()
		if size() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond) // cleanups run on a goroutine of the runtime
	}
	t.Errorf("%d handles are in the table, %d before", size(), before)
}
