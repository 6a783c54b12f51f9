// SPDX-License-Identifier: Apache-2.0

package format

import (
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWideSumsReadNothingElse sums pages between memory that cannot be read.
func TestWideSumsReadNothingElse(t *testing.T) {
	unit := max(os.Getpagesize(), MaxPageSize)
	room, err := unix.Mmap(-1, 0, 3*unit, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Munmap(room); err != nil {
			t.Error(err)
		}
	}()
	for _, closed := range [][]byte{room[:unit], room[2*unit:]} {
		if err := unix.Mprotect(closed, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	open := room[unit:][:unit]
	random(open, rand.New(rand.NewPCG(4, 4)))
	for name, way := range allWays(t) {
		for size := MinPageSize; size <= MaxPageSize; size *= 2 {
			for _, page := range [][]byte{open[:size], open[unit-size:]} {
				if got, want := way(3, page), crcGo(3, page); got != want {
					t.Fatalf("%s, %d bytes: %04x, want %04x", name, size, got, want)
				}
			}
		}
	}
}
