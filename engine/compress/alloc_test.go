// SPDX-License-Identifier: Apache-2.0

//go:build !race

package compress_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
)

// The codecs keep their buffers in pools, from which the race detector drops some at
// random, so this test is not built with it.
func TestDecompressAllocatesNothing(t *testing.T) {
	for _, c := range compress.Builtin() {
		page := pages(4096)["text"]
		packed, err := c.Compress(nil, page)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(page))
		buf := make([]byte, 0, c.Bound(len(page)))
		if n := testing.AllocsPerRun(200, func() {
			if err := c.Decompress(got, packed); err != nil {
				t.Fatal(err)
			}
		}); n >= 1 {
			t.Errorf("%s: decompressing a page takes %v allocations", c.Name(), n)
		}
		if n := testing.AllocsPerRun(200, func() {
			if _, err := c.Compress(buf, page); err != nil {
				t.Fatal(err)
			}
		}); n >= 1 {
			t.Errorf("%s: compressing a page takes %v allocations", c.Name(), n)
		}
	}
}
