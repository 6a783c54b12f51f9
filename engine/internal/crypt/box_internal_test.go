// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

func TestBoxRefusesWhenItsKeyIsUsedUp(t *testing.T) {
	for _, suite := range []Suite{AESGCM, ChaCha20Poly1305} {
		b, err := newBox(suite, make([]byte, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		b.count.Store(maxBoxes - 1)
		if _, err := b.Seal(nil, nil, nil); err != nil || !b.Full() || b.Count() != maxBoxes {
			t.Fatalf("the last box: %v, %d", err, b.Count())
		}
		for range 3 {
			if _, err := b.Seal(nil, nil, nil); !errors.Is(err, errs.ErrFull) || !b.Full() || b.Count() != maxBoxes {
				t.Fatalf("one more: %v, %d", err, b.Count())
			}
		}
	}
}

func TestWatchSeesEachBox(t *testing.T) {
	seen := make(map[KeyID]map[[nonceSize]byte]bool)
	Watch(func(key KeyID, nonce [nonceSize]byte) {
		if seen[key] == nil {
			seen[key] = make(map[[nonceSize]byte]bool)
		}
		seen[key][nonce] = true
	})
	defer Watch(nil)
	for _, suite := range []Suite{AESGCM, ChaCha20Poly1305} {
		b, err := newBox(suite, []byte{31: byte(suite)})
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			box, err := b.Seal(nil, nil, nil)
			if err != nil || !seen[b.id][[nonceSize]byte(box)] {
				t.Fatalf("%s: the nonce of %x was not seen: %v", suite, box, err)
			}
		}
		if len(seen[b.id]) != 10 {
			t.Errorf("%s: %d nonces", suite, len(seen[b.id]))
		}
	}
}
