// SPDX-License-Identifier: Apache-2.0

package crypt_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
)

// TestSlotID reads ids as they are printed. What is much too long may be a key, given by mistake, and is not repeated.
func TestSlotID(t *testing.T) {
	id, err := crypt.ParseSlotID("0123456789abcdef")
	if want := (crypt.SlotID{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}); err != nil || id != want || id.String() != "0123456789abcdef" {
		t.Errorf("%s, %v", id, err)
	}
	for _, s := range []string{"", "0123456789abcde", "0123456789abcdef00", "0123456789abcdeg"} {
		if _, err := crypt.ParseSlotID(s); !errors.Is(err, errs.ErrMisuse) || !strings.Contains(err.Error(), `"`+s+`"`) {
			t.Errorf("%q: %v, want ErrMisuse with the id", s, err)
		}
	}
	key := strings.Repeat("5ec7e7", 11)
	if _, err := crypt.ParseSlotID(key); !errors.Is(err, errs.ErrMisuse) || strings.Contains(err.Error(), "5ec7e7") {
		t.Errorf("%v, want ErrMisuse without a word of it", err)
	}
}
