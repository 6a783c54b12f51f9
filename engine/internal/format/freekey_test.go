// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestFreeRecord(t *testing.T) {
	kind, key, value := format.FreeRecord(format.FreeEntry{Block: 5, ID: 0x0102})
	if kind != base.System|base.Insert || !bytes.Equal(key, []byte{0xFF, 0xFF, 0xFF, 0xFA}) || !bytes.Equal(value, []byte{0, 0, 0, 0, 0, 0, 1, 2}) {
		t.Errorf("block 5: kind %#x, key %x, value %x", kind, key, value)
	}
	e, err := format.DecodeFreeRecord(key, value)
	if err != nil || e != (format.FreeEntry{Block: 5, ID: 0x0102}) {
		t.Errorf("block 5 is read as %+v, %v", e, err)
	}
	kind, key, value = format.FreeRecord(format.FreeEntry{Block: 1 << 31, ID: format.NotFree})
	if kind != base.System|base.PointDelete || !bytes.Equal(key, []byte{0x7F, 0xFF, 0xFF, 0xFF}) || value != nil {
		t.Errorf("cancellation: kind %#x, key %x, value %x", kind, key, value)
	}
	// High blocks come first.
	_, low, _ := format.FreeRecord(format.FreeEntry{Block: 7})
	_, high, _ := format.FreeRecord(format.FreeEntry{Block: 8})
	if bytes.Compare(high, low) >= 0 {
		t.Errorf("block 8 (%x) does not sort before block 7 (%x)", high, low)
	}
	for _, n := range [][2]int{{0, 8}, {3, 8}, {5, 8}, {4, 0}, {4, 7}, {4, 9}} {
		if e, err := format.DecodeFreeRecord(make([]byte, n[0]), make([]byte, n[1])); err == nil {
			t.Errorf("a key of %d and a value of %d bytes are read as %+v", n[0], n[1], e)
		}
	}
}
