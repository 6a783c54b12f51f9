// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

// TestDiskBytes wants what is written to count, and holes not.
func TestDiskBytes(t *testing.T) {
	dir := t.TempDir()
	full, err := os.Create(filepath.Join(dir, "full"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Write(bytes.Repeat([]byte{1}, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := full.Sync(); err != nil { // blocks may be given only when a file is written back
		t.Fatal(err)
	}
	full.Close()
	f, err := os.Create(filepath.Join(dir, "holes"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if n, err := machine.DiskBytes(dir); err != nil || n < 1<<20 || n > 2<<20 {
		t.Errorf("%d bytes, %v; 1 MiB was written", n, err)
	}
}

// TestDescribe: a machine is described by what its results depend on.
func TestDescribe(t *testing.T) {
	dir := t.TempDir()
	m, err := machine.Describe(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Cores < 1 || m.MemoryBytes < 1<<20 || m.Kernel == "" || m.FileSystem == "" || m.OS == "" || m.Go == "" {
		t.Errorf("%+v", m)
	}
	free, known, err := machine.FreeBytes(dir)
	if err != nil || !known || free <= 0 {
		t.Errorf("%d bytes are free, %t, %v", free, known, err)
	}
	if _, _, err := machine.FreeBytes(filepath.Join(dir, "missing")); err == nil {
		t.Error("there is space in a folder that is missing")
	}
}
