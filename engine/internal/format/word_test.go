// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"errors"
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestRecordsAddUpToAnInt: whatever cell a page is accepted with, the end of its record is
// an int.
func TestRecordsAddUpToAnInt(t *testing.T) {
	if sum := int64(format.MaxPageSize) + format.MaxKeyLen + format.MaxValueLen; sum > math.MaxInt {
		t.Errorf("the end of the longest record is %d, above %d", sum, int64(math.MaxInt))
	}
}

func TestTooLong(t *testing.T) {
	for _, c := range []struct {
		key, value uint64
		limited    bool // by the size of an int; what the format itself refuses is not
	}{
		{0, 0, false}, {format.MaxKeyLen, format.MaxValueLen, false},
		{format.MaxKeyLen + 1, 0, base.Wide == 0}, {0, format.MaxValueLen + 1, base.Wide == 0},
		{format.MaxStoredLen, format.MaxStoredLen, base.Wide == 0},
		{format.MaxStoredLen + 1, 0, false}, {0, math.MaxUint64, false},
	} {
		if err := format.TooLong(c.key, c.value); errors.Is(err, errs.ErrTooBig) != c.limited || (err != nil) != c.limited {
			t.Errorf("key of %d, value of %d bytes: %v", c.key, c.value, err)
		}
	}
}

func TestCheckBlocks(t *testing.T) {
	for _, n := range []uint64{0, 1, format.MaxBlocks} {
		if err := format.CheckBlocks(n); err != nil {
			t.Errorf("%d blocks: %v", n, err)
		}
	}
	for _, n := range []uint64{format.MaxBlocks + 1, math.MaxUint32 + 1} {
		if err := format.CheckBlocks(n); !errors.Is(err, errs.ErrTooBig) {
			t.Errorf("%d blocks: %v", n, err)
		}
	}
}
