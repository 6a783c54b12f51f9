// SPDX-License-Identifier: Apache-2.0

package crypt_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// FuzzDecodeArea: whatever the bytes, an area is refused with a typed error or comes back as the same
// bytes; its slots never open with a key that did not make them, and never cost what is over the limits.
func FuzzDecodeArea(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Checkpoint), []byte(v.Area), false)
		f.Add([]byte(v.Checkpoint), []byte(v.Area), true)
	}
	f.Add([]byte{}, []byte{}, false)
	f.Fuzz(func(t *testing.T, checkpoint, b []byte, mend bool) {
		b = bytes.Clone(b)
		if mend {
			crypt.MendCRC(checkpoint, b)
		}
		a, size, err := crypt.DecodeArea(checkpoint, b)
		if err != nil {
			if !errors.Is(err, errs.ErrCorrupt) && !errors.Is(err, errs.ErrMismatch) {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		end := size - crypt.MACSize - 4 // what is before the HMAC, which only the key makes
		k, err := crypt.NewKeys(a.Suite, bytesOf(0x78, crypt.KeySize), a.FileID)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := k.AppendArea(nil, checkpoint, &a); err != nil || len(got) != size || !bytes.Equal(got[:end], b[:end]) {
			t.Fatalf("%x comes back as %x, %v", b[:size], got, err)
		}
		if err := k.VerifyArea(checkpoint, b[:size]); !errors.Is(err, errs.ErrTampered) {
			t.Fatalf("verified under another key: %v", err)
		}
		for _, s := range a.Slots {
			_, _, _ = s.ID(), s.Params(), s.Name()
		}
		if _, _, err := crypt.OpenSlot(context.Background(), keys.Raw(bytesOf(0x77, 32)), a.Suite, a.Slots, a.FileID); !errors.Is(err, errs.ErrKey) &&
			!errors.Is(err, errs.ErrTampered) {
			t.Fatalf("opened: %v", err)
		}
	})
}
