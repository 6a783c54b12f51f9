// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestEachSeekBeginsAnew: the look at a walk's progress knows nothing of a walk before, whatever
// seek is between, also if a cursor is used again for another database.
func TestEachSeekBeginsAnew(t *testing.T) {
	state := func(prefix string) *snapshot.State {
		tree := memtree.New()
		for i := range 1000 {
			tree.Put(fmt.Appendf(nil, "%s%04d", prefix, i), []byte("v"))
		}
		w := newWorld(t, 3)
		return &snapshot.State{Live: memtree.New().Freeze(), Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{w.plain(tree)}}}
	}
	low, high := state("a"), state("b")
	for _, mode := range []cursor.Mode{cursor.GE, cursor.LE, cursor.LEFast, cursor.EQ} {
		for _, again := range []bool{false, true} {
			var c cursor.Cursor
			begin := func(st *snapshot.State) {
				if err := c.Init(st.Live, st); err != nil {
					t.Fatal(err)
				}
			}
			begin(low)
			c.First()
			for range 300 {
				c.Next()
			}
			prefix := "a"
			if again {
				c.Release()
				prefix = "b"
				begin(high)
			}
			n := 0
			for ok := c.Seek([]byte(prefix+"0900"), mode); ok; ok = c.Prev() {
				n++
			}
			if n != 901 || c.Err() != nil {
				t.Errorf("mode %d, for another database %t: %d keys, %v", mode, again, n, c.Err())
			}
			c.Release()
		}
	}
}
