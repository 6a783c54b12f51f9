// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lsmlite/lsmlite-go/internal/measure/process"
)

// TestPeak holds 64 MiB for a moment; the peak has them when they are gone.
func TestPeak(t *testing.T) {
	before, err := process.Anonymous()
	if err != nil {
		t.Fatal(err)
	}
	p := process.StartPeak()
	b, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	time.Sleep(100 * time.Millisecond)
	if err := unix.Munmap(b); err != nil {
		t.Fatal(err)
	}
	if peak, err := p.Stop(); err != nil || peak < before+60<<20 || peak > before+100<<20 {
		t.Errorf("peak %d, %v after %d and 64 MiB", peak, err, before)
	}
}
