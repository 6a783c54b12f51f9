// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/arena"
)

// TestSlots: slots have the right size, do not overlap, and keep what is put there.
func TestSlots(t *testing.T) {
	for _, size := range []int{256, 4096, 65536, 69632} {
		a := arena.New(size, 1<<20)
		n := 3<<20/size + 1
		for i := range n {
			s, part := a.Slot(i)
			if i%2 == 0 { // a slot need not be loaded
				arena.Load(part)
			}
			if len(s) != size || cap(s) != size {
				t.Fatalf("slots of %d bytes: slot %d has %d, capacity %d", size, i, len(s), cap(s))
			}
			for j := range s {
				s[j] = byte(i)
			}
		}
		for i := range n {
			if s, part := a.Slot(i); part != nil || !bytes.Equal(s, bytes.Repeat([]byte{byte(i)}, size)) {
				t.Fatalf("slots of %d bytes: slot %d has changed", size, i)
			}
		}
		a.Release()
	}
}

// TestReleasedMemoryIsNoFault: what is read too late is wrong, but can be read, and arenas come and go
// without end.
func TestReleasedMemoryIsNoFault(t *testing.T) {
	var late [][]byte
	for range 40 {
		a := arena.New(4096, 1<<20)
		for i := range 1024 {
			s, part := a.Slot(i)
			if arena.Load(part); i == 1000 {
				late = append(late, s)
			}
			s[7] = 1
		}
		a.Release()
	}
	sum := 0
	for _, s := range late {
		for _, b := range s {
			sum += int(b)
		}
	}
	t.Log(sum)
}
