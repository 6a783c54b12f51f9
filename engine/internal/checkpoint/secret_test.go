// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// TestEncodeForAnEncryptedFile: a checkpoint ends before the crypto area. One that does not is refused, also where it
// is longer than a meta page.
func TestEncodeForAnEncryptedFile(t *testing.T) {
	secret, err := checkpoint.NewSecret(t.Context(), keys.Raw(make([]byte, 32)), crypt.AESGCM, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := at(11)
	c.Blocks = 1
	for levels := 0; levels < 120; levels++ {
		page, err := secret.Encode(c)
		clear, clearErr := c.Encode()
		switch {
		case clearErr != nil || len(clear) > crypt.AreaOffset:
			if !errors.Is(err, errs.ErrFull) {
				t.Fatalf("%d levels, %d bytes: %v, want ErrFull", levels, len(clear), err)
			}
		case err != nil && levels <= 40:
			t.Fatalf("%d levels: %v", levels, err)
		case err == nil && format.CheckpointSize(page) != len(clear):
			t.Fatalf("%d levels: %d bytes, want %d", levels, format.CheckpointSize(page), len(clear))
		}
		c.Levels = append(c.Levels, format.Level{LHS: format.Segment{First: 10, Last: 11, Root: 11, Size: 2}})
	}
}
