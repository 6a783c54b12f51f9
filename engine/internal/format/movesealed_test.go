// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestMoveSealed moves pages of many lengths to places elsewhere, and to places before their own that reach
// into them: the sum is that of the page, all of it arrives, and nothing around it changes.
func TestMoveSealed(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 19))
	for _, size := range []int{256, 512, 768, 1024, 4096, 16384, format.MaxPageSize} {
		was := make([]byte, 2*size+1000)
		for i := range was {
			was[i] = byte(rng.Uint32())
		}
		room := make([]byte, len(was))
		for trial := range 300 {
			copy(room, was)
			to := rng.IntN(300)
			from := to + rng.IntN(600) // within the page, or just after it
			switch {
			case trial < 100:
				from = to + trial
			case trial%5 == 0:
				from = to + size + rng.IntN(300)
			case trial%5 == 1:
				from, to = to, from+size // elsewhere, after the page
			}
			page := was[from : from+size]
			number := base.PageNo(rng.Uint32())
			seal := format.MoveSealed(room[to:], number, room[from:from+size])
			if want := format.SealOf(number, page); seal != want {
				t.Fatalf("%d bytes from %d to %d: seal %04x, want %04x", size, from, to, seal, want)
			}
			if !bytes.Equal(room[to:to+size], page) {
				t.Fatalf("%d bytes from %d to %d: others have arrived", size, from, to)
			}
			if !bytes.Equal(room[:to], was[:to]) || !bytes.Equal(room[to+size:], was[to+size:]) {
				t.Fatalf("%d bytes from %d to %d: bytes around them have changed", size, from, to)
			}
		}
	}
}

// BenchmarkMoveSealed compares a sum and a move with both at once, in memory that is near.
func BenchmarkMoveSealed(b *testing.B) {
	room := make([]byte, 64<<10)
	for name, move := range map[string]func(to, page []byte) format.Seal{
		"at once": func(to, page []byte) format.Seal { return format.MoveSealed(to, 7, page) },
		"sum, move": func(to, page []byte) format.Seal {
			defer copy(to, page)
			return format.SealOf(7, page)
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4096)
			for i := range b.N {
				at := 4096 * (1 + i%15)
				move(room[at-100:], room[at:at+4096])
			}
		})
	}
}
