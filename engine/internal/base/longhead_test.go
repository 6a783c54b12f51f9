// SPDX-License-Identifier: Apache-2.0

package base_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// TestLongHeadOrder: long heads are in the order of their keys, or equal; they are never in another one,
// whatever the keys' lengths, and where keys of up to sixteen bytes have equal ones, they differ in zeros only.
func TestLongHeadOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	key := func() []byte {
		k := make([]byte, rng.IntN(20))
		for i := range k {
			k[i] = "\x00\x00a\xff"[rng.IntN(4)]
		}
		return append(bytes.Repeat([]byte{'p'}, rng.IntN(3)*rng.IntN(9)), k...)
	}
	less, equal := 0, 0
	for range 200_000 {
		a, b := key(), key()
		if rng.IntN(3) == 0 { // alike
			b = append(bytes.Clone(a[:rng.IntN(len(a)+1)]), b...)
		}
		ha, hb := base.LongHeadOf(a), base.LongHeadOf(b)
		switch d := bytes.Compare(a, b); {
		case ha.Less(hb):
			less++
			if d >= 0 {
				t.Fatalf("%q has a lesser head than %q", a, b)
			}
		case hb.Less(ha):
			if d <= 0 {
				t.Fatalf("%q has a lesser head than %q", b, a)
			}
		case max(len(a), len(b)) <= 16 && !bytes.Equal(bytes.TrimRight(a, "\x00"), bytes.TrimRight(b, "\x00")):
			t.Fatalf("%q and %q have the same head", a, b)
		default:
			equal++
		}
		if base.LastHead.Less(ha) || ha.Less(base.LongHead{}) {
			t.Fatalf("the head of %q is not between the first and the last one", a)
		}
	}
	if less == 0 || equal == 0 {
		t.Errorf("%d heads were less and %d equal", less, equal)
	}
}

// TestLongHeadWords: the words of a long head are the heads of the key and of what follows eight bytes of it.
func TestLongHeadWords(t *testing.T) {
	for n := range 40 {
		key := []byte("0123456789abcdefghijklmnopqrstuvwxyzABCD")[:n]
		want := base.LongHead{First: base.Head(key), Second: base.Head(key[min(n, 8):])}
		if got := base.LongHeadOf(key); got != want {
			t.Errorf("%q: %x, want %x", key, got, want)
		}
	}
}
