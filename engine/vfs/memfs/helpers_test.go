// SPDX-License-Identifier: Apache-2.0

package memfs_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

const sector = 512

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, m *memfs.FS, name string) vfs.File {
	t.Helper()
	f, err := m.Open(name, vfs.ReadWrite|vfs.Create, 0)
	ok(t, err)
	return f
}

func write(t *testing.T, f vfs.File, off int64, p []byte) {
	t.Helper()
	_, err := f.WriteAt(p, off)
	ok(t, err)
}

func read(t *testing.T, m *memfs.FS, name string) []byte {
	t.Helper()
	p, err := m.ReadFile(name)
	ok(t, err)
	return p
}

// seeded returns the random numbers of one try.
func seeded(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 1)) }

// fill returns n bytes of c.
func fill(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }
